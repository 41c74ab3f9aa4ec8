"""Keep the authorities that clients are judged by in HAProxy, with their files.

Rules: HAProxy reads authorities before a file or a line names them. What a Secret held
last counts while it holds nothing that can be used; where it never did, or stays away,
no certificate is asked for, and the lines of backends let nobody in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from hadyn.controller.absences import Absences
from hadyn.model.authorities import CA
from hadyn.model.certificates import certificate_name
from hadyn.model.handshakes import PRINT_DIGITS, Handshakes
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.planner.authorities import (
    AUTHORITIES,
    REVOKED,
    AuthorityCommand,
    CommitAuthorities,
    DeleteAuthorities,
    NewAuthorities,
    SetAuthorities,
)
from hadyn.render.authorities import AuthorityFiles, files_of, stem_of
from hadyn.runtime.certificates import Answer, CertificateDoor

REMEDY = "Put another one there; what was there before stays, else nobody is believed"
_NAMED = re.compile(rf"(.+)\.[0-9a-f]{{{PRINT_DIGITS}}}")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class AuthorityKeeper:
    """Authorities from what is wanted to HAProxy and its files. One thread owns it.

    ``longest`` is how many bytes HAProxy takes by command, ``present`` are the
    files that it has. A *stem* is what the two files of a Secret's content are called, without ending.
    """

    files: AuthorityFiles
    door: CertificateDoor
    handshakes: Handshakes
    awaits_answers: Callable[[], bool]
    longest: Callable[[], int]
    absences: Absences
    present: set[str] = field(default_factory=set)
    too_long: set[str] = field(default_factory=set)
    _refused: dict[str, str] = field(default_factory=dict)

    def parameters(self, host: str) -> str:
        """Return how HAProxy shall shake hands for a host, as a line of its list says it."""
        handshake = self.handshakes.of(host)
        return self.files.parameters(handshake, self._stem(handshake.secret) if handshake.secret else "")

    def have_all(self, parameters: str) -> bool:
        """Whether HAProxy has the files that a line names."""
        return self.present.issuperset(self.door.authorities_named_in(parameters))

    def file(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them."""
        for secret in self.handshakes.secrets():
            for file, pem in self._wanted(secret).items():
                self.files.put(file, pem)

    def hand_over(self, secrets: Iterable[ObjectRef], *, is_reachable: bool) -> list[str]:
        """Have HAProxy read what it does not have yet, then the files; return what it took."""
        taken: list[str] = []
        for secret in sorted(secrets):
            wanted = self._wanted(secret)
            if not is_reachable or not wanted or self.present.issuperset(wanted):
                self._put(wanted)
                continue
            if max(map(len, wanted.values())) > self.longest():
                self.too_long.update(wanted)
                self._put(wanted)
                continue
            refusal = next((answer for file, pem in wanted.items() if (answer := self._told(file, pem))), None)
            if refusal is None:
                self._put(wanted)
                taken.append(str(secret))
            else:
                self._refuse(next(iter(wanted)), refusal.text)
        return taken

    def planned(self) -> Iterator[AuthorityCommand]:
        """Yield what a cycle would tell HAProxy now."""
        for secret in sorted(self.handshakes.secrets()):
            for file, pem in self._wanted(secret).items():
                if file not in self.present:
                    yield from (NewAuthorities(file), SetAuthorities(file, pem), CommitAuthorities(file))

    def drop(self, used: Collection[str]) -> None:
        """Have HAProxy and the folder be rid of files that none of these parameters of lines name."""
        named = {file for parameters in used for file in self.door.authorities_named_in(parameters)}
        wanted = {file for secret in self.handshakes.secrets() for file in self._wanted(secret)}
        for file in sorted((self.present | self.files.names()) - named - wanted):
            if file in self.present and self.door.send(DeleteAuthorities(file)).is_done:
                self.present.discard(file)
            self.files.remove(file)
            self.too_long.discard(file)
        known = {_stem_of(file) for file in wanted | named}
        self._refused = {stem: text for stem, text in self._refused.items() if stem in known or self._is_of_use(stem)}

    def began(self) -> None:
        """Note that HAProxy has what the files say."""
        self.present = set(self.files.names())
        self.too_long.clear()

    def read(self) -> None:
        """Ask HAProxy what it has."""
        self.present = set(self.door.authorities())

    def leave_out(self, alerts: Iterable[str]) -> set[str]:
        """Take what HAProxy complains of out of the files; return the hosts that it was for."""
        hosts: set[str] = set()
        for text in alerts:
            for file in self.door.authorities_named_in(text):
                self._refuse(file, text)
                for secret in self.handshakes.secrets():
                    if certificate_name(secret) == _owner(_stem_of(file)):
                        hosts.update(self.handshakes.hosts_of(secret))
                for ending in (AUTHORITIES, REVOKED):
                    self.files.remove(_stem_of(file) + ending)
        return hosts

    def problems(self, now: float) -> list[Problem]:
        """Return what HAProxy and the time (seconds since 1970) make of authorities."""
        refusals = {secret: self._refused.get(self._wanted_stem(secret)) for secret in self.handshakes.secrets()}
        refused = [
            Problem(secret, f"data[{CA}]", Reason.REFUSED_BY_HAPROXY, f"HAProxy does not take it: {said}", REMEDY)
            for secret, said in refusals.items()
            if said is not None
        ]
        return [*refused, *self.handshakes.untimely(now)]

    def _put(self, wanted: dict[str, str]) -> None:
        for file, pem in wanted.items():
            self.files.put(file, pem)

    def _told(self, file: str, pem: str) -> Answer | None:
        """Have HAProxy read one file; return what it answered where it does not take it."""
        if file in self.present:
            return None
        # One that somebody left off with is known already, and takes what it is given.
        self.door.send(NewAuthorities(file))
        for command in (SetAuthorities(file, pem), CommitAuthorities(file)):
            answer = self.door.send(command)
            if not answer.is_done:
                self.door.send(DeleteAuthorities(file))
                return answer
        self.present.add(file)
        return None

    def _refuse(self, file: str, text: str) -> None:
        log.error("HAProxy did not take the authorities %s: %s", file, text)
        self._refused[_stem_of(file)] = text

    def _wanted_stem(self, secret: ObjectRef) -> str:
        authorities = self.handshakes.authorities(secret)
        return stem_of(secret, authorities) if authorities else ""

    def _wanted(self, secret: ObjectRef) -> dict[str, str]:
        """Return the files of a Secret as it is now, by name, the lists first; none where it cannot be used."""
        authorities = self.handshakes.authorities(secret)
        if authorities is None or stem_of(secret, authorities) in self._refused:
            return {}
        return files_of(secret, authorities)

    def _stem(self, secret: ObjectRef) -> str:
        """Return the stem of what counts for a Secret, "" where nothing does."""
        if self._wanted(secret):
            self.absences.end(secret)
            return self._wanted_stem(secret)
        if self.handshakes.is_missing(secret) and not self.awaits_answers() and self.absences.is_long(secret):
            return ""
        name = certificate_name(secret)
        files = (file for file in self.files.names() if file.endswith(AUTHORITIES))
        stems = (_stem_of(file) for file in files if _owner(_stem_of(file)) == name)
        return max((stem for stem in stems if stem not in self._refused), default="")

    def _is_of_use(self, stem: str) -> bool:
        return any(stem == self._wanted_stem(secret) for secret in self.handshakes.secrets())


def _stem_of(file: str) -> str:
    return file.rpartition(".")[0]


def _owner(stem: str) -> str:
    """Return the name of the Secret (as certificates are called) that a stem is of."""
    matched = _NAMED.fullmatch(stem)
    return matched[1] if matched else ""
