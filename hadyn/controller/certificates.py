"""Keep the certificates of HAProxy, and their files, equal to what is wanted.

Rules: HAProxy reads a certificate before its file changes, and serves it after: what it
refuses never is in a file that it starts from. Files are written before what makes them
true, and removed behind. What HAProxy has is mirrored, as maps are, and read whole in the
sweep. A Secret that is bad or gone leaves what it held last.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hadyn.controller.default_certificate import DefaultCertificate, default_certificate
from hadyn.controller.filing import Filing
from hadyn.controller.sentences import counted, listed
from hadyn.model.certificates import DEFAULT, Certificates, certificate_name
from hadyn.model.keypairs import fingerprint_of
from hadyn.model.objects import Secret
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.touched import Touched
from hadyn.planner.certificates import (
    AbortCertificate,
    AddLine,
    CertificateCommand,
    CommitCertificate,
    DeleteCertificate,
    DeleteLine,
    Line,
    NewCertificate,
    SetCertificate,
    plan_lines,
)
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.certificates import NO_HOST, CertificateFiles
from hadyn.runtime.certificates import Answer, CertificateDoor
from hadyn.runtime.client import Conversation, Observer, unobserved

GRACE_SECONDS = 60.0
"""A Secret that is deleted and comes back within this time was not gone: cert-manager does so."""
RELOADS = "certificates"
"""Stands for all certificates where reasons to reload are kept; no backend is called so."""
PORTION = 100
DEFAULT_REF = ObjectRef(Secret.kind, "", DEFAULT)
"""Stands for the default certificate, wherever it comes from."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CertificateKeeper:
    """Certificates from what is wanted to HAProxy and its files. One thread owns it.

    ``longest`` is how many bytes of a certificate HAProxy takes by command; ``clock`` is monotonic
    seconds, ``epoch`` seconds since 1970. ``known`` are the fingerprints of what HAProxy has.
    """

    filing: Filing
    door: CertificateDoor
    default: DefaultCertificate
    longest: Callable[[], int]
    clock: Callable[[], float]
    epoch: Callable[[], float]
    known: dict[str, str] = field(default_factory=dict)
    is_reachable: bool = False
    _lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    _refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    _before: dict[str, str | None] = field(default_factory=dict)
    _troubles: dict[str, Problem] = field(default_factory=dict)
    _too_long: set[str] = field(default_factory=set)
    _missing_since: dict[str, float] = field(default_factory=dict)

    @property
    def book(self) -> Certificates:
        return self.filing.inventory.certificates

    @property
    def files(self) -> CertificateFiles:
        return self.filing.files.certificates

    def everything(self) -> Touched:
        """Return all that there is, wanted or only there."""
        names = self.book.names() | self.files.names()
        secrets = frozenset(secret for name in names if (secret := self.book.secret(name)))
        return Touched(secrets=secrets, tls_hosts=self.book.hosts() | self.files.hosts())

    def file(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them."""
        for name in {DEFAULT, *self.book.names()}:
            pem = self._wanted(name)
            if pem is not None:
                self.files.put(name, pem)
        for host in self.book.hosts() | self.files.hosts():
            self.files.put_hosts(host, self.names_for(host))
        self.filing.write_certificates()
        self._drop(self.files.names())

    def keep(self, touched: Touched) -> list[str]:
        """Bring what is touched in step; return what was done, in words. Raises what CertificateDoor does."""
        names = {certificate_name(secret) for secret in touched.secrets}
        names |= {DEFAULT} if self.book.secret(DEFAULT) in touched.secrets else set()
        hosts = {*touched.tls_hosts, *self._hosts_to_look_at(names)}
        names.update(name for host in hosts for name in (*self.files.names_of(host), *self.names_for(host)))
        handed = self._hand_over(sorted(names))
        self._file_hosts(hosts)
        refused = [name for name, pem in handed.items() if not self._is_committed(name, pem)]
        added, removed, unfit = self._put_lines(hosts)
        if refused or unfit:
            hosts.update(host for name in (*refused, *unfit) for host in self.book.hosts_of(name))
            self._file_hosts(hosts)
            more_added, more_removed, _ = self._put_lines(hosts)
            added, removed = added + more_added, removed + more_removed
        self._before.clear()
        self._drop(names)
        self._judge_again(names)
        return _words([name for name in handed if name not in refused], added, removed)

    def leave_out(self, alerts: Iterable[str]) -> bool:
        """Take what HAProxy complains of out of the files; return whether it complains of any certificate."""
        named = [(name, text) for text in alerts for name in self.door.named_in(text) if self.files.pem(name)]
        for name, text in named:
            log.error("the certificate %s is left out, HAProxy says: %s", name, text)
            self._refused[name] = (fingerprint_of(self.files.pem(name) or ""), text)
            if name == DEFAULT:
                self.files.put(DEFAULT, self.default.make())
            else:
                self.files.put_back(name, None)
        self.filing.write_certificates()
        self._judge_again([name for name, _ in named])
        return bool(named)

    def after_reload(self) -> None:
        """Note that HAProxy has what the files say."""
        self._lines = {}
        for line in self.files.lines():
            self._note(Line(*line))
        self.known = {name: fingerprint_of(self.files.pem(name) or "") for name in self.files.names()}
        self.is_reachable = True
        self._too_long.clear()

    def compare(self) -> Iterator[Touched]:
        """Read what HAProxy has, a portion at a time; yield what is not as it should be."""
        lines = self.door.lines()
        self.is_reachable = lines is not None
        self._judge_again(self.book.names())
        if lines is None:
            # It runs with an earlier main file; a reload for the present one will read all of this.
            self.file()
            return
        self._lines = {}
        for line in lines:
            self._note(line)
        names = sorted(self.door.names())
        self.known = {name: self.known.get(name, "") for name in names}
        for start in range(0, len(names), PORTION):
            portion = names[start : start + PORTION]
            found = self.door.fingerprints(portion)
            for name in portion:
                self.known.pop(name, None)
            self.known.update(found)
            yield Touched()
        yield self._differing() | self._overdue()

    @property
    def running_lines(self) -> Mapping[str, Sequence[Line]]:
        """The lines of HAProxy's list, as far as they are known, by host."""
        return self._lines

    def _wanted(self, name: str) -> str | None:
        """Return what a certificate shall be now; None where it is to stay as it is, if it is there."""
        if name == DEFAULT:
            return self.default.wanted(self.book, self.files)
        pair = self.book.pair(name)
        return pair.pem if pair and self._refused.get(name, ("",))[0] != pair.fingerprint else None

    def names_for(self, host: str) -> tuple[str, ...]:
        """Return the certificates that a host can have: good ones, else what was good last."""
        return tuple(name for name in self.book.names_of(host) if self._is_to_be_had(name))

    def _is_to_be_had(self, name: str) -> bool:
        if name == DEFAULT or self._wanted(name) is not None:
            return True
        if self.files.pem(name) is None:
            return False
        is_known = not self.book.is_missing(name) or self.filing.inventory.secrets.awaits_answers
        if is_known:
            self._missing_since.pop(name, None)
            return True
        return self.clock() - self._missing_since.setdefault(name, self.clock()) < GRACE_SECONDS

    def _hosts_to_look_at(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the hosts of certificates that can be had now and could not before."""
        for name in names:
            if name != DEFAULT and not self.files.is_listed(name) and self._is_to_be_had(name):
                yield from self.book.hosts_of(name)

    def _hand_over(self, names: Iterable[str]) -> dict[str, str]:
        """Have HAProxy read the certificates that it does not have yet; return those that it took, and their PEM."""
        taken: dict[str, str] = {}
        for name in names:
            pem = self._wanted(name)
            if pem is None or (self.files.pem(name) == pem and self._is_up_to_date(name)):
                continue
            if self._can_be_told(name, pem):
                is_new = name not in self.known
                answers = [self.door.send(command) for command in _handing_over(name, pem, is_new=is_new)]
                if not answers[-1].is_done:
                    self._refuse(name, pem, answers[-1])
                    continue
                taken[name] = pem
                self.known.setdefault(name, "")
                self._before[name] = self.files.pem(name)
            self.files.put(name, pem)
        return taken

    def _is_up_to_date(self, name: str) -> bool:
        """Whether HAProxy has what the file says, or cannot be told."""
        return not self.is_reachable or self.known.get(name) == fingerprint_of(self.files.pem(name) or "")

    def _can_be_told(self, name: str, pem: str) -> bool:
        """Whether HAProxy takes it by command; where it is too long, a reload brings it."""
        if self.is_reachable and len(pem) > self.longest():
            self._too_long.add(name)
            self.filing.pace.want(
                RELOADS, (Reload(ReloadReason.CERTIFICATE_TOO_LONG, "", listed(sorted(self._too_long))),)
            )
            return False
        self._too_long.discard(name)
        return self.is_reachable

    def _is_committed(self, name: str, pem: str) -> bool:
        """Have HAProxy serve what it was handed over; where it does not, the file is what it was before."""
        answer = self.door.send(CommitCertificate(name))
        if answer.is_done:
            self._refused.pop(name, None)
            self.known[name] = fingerprint_of(pem)
            return True
        self.door.send(AbortCertificate(name))
        self._refuse(name, pem, answer)
        return False

    def _refuse(self, name: str, pem: str, answer: Answer) -> None:
        """Leave out what HAProxy does not take; hosts go on with what they have."""
        log.error("HAProxy did not take a certificate: %s", answer)
        self._refused[name] = (fingerprint_of(pem), answer.text)
        if name in self._before:
            self.files.put_back(name, self._before.pop(name))

    def _file_hosts(self, hosts: Iterable[str]) -> None:
        for host in hosts:
            self.files.put_hosts(host, self.names_for(host))
        self.filing.write_certificates()

    def _put_lines(self, hosts: Iterable[str]) -> tuple[int, int, list[str]]:
        """Have HAProxy's list say of these hosts what the files do.

        Returns how many lines came and went, and the certificates that HAProxy does not serve.
        """
        if not self.is_reachable:
            return 0, 0, []
        wanted = {host: [name for name in self.files.names_of(host) if name in self.known] for host in hosts}
        plan = plan_lines(wanted, self._lines)
        if any(line.number is None for line in plan.departures):
            # Which number a line has that was added, HAProxy alone knows.
            self._read_lines()
            plan = plan_lines(wanted, self._lines)
        unfit = [command.certificate for command in plan.additions if not self._has_added(command)]
        for line in plan.departures:
            if self._is_told(DeleteLine(line.certificate, line.number or 0)):
                self._forget(line)
        return len(plan.additions) - len(unfit), len(plan.departures), unfit

    def _read_lines(self) -> None:
        self._lines = {}
        for line in self.door.lines() or ():
            self._note(line)

    def _has_added(self, command: AddLine) -> bool:
        answer = self.door.send(command)
        if answer.is_done:
            self._note(Line(command.certificate, command.hosts))
        else:
            self._refuse(command.certificate, self.files.pem(command.certificate) or "", answer)
        return answer.is_done

    def _is_told(self, command: CertificateCommand) -> bool:
        answer = self.door.send(command)
        if not answer.is_done:
            log.warning("HAProxy did not take a command: %s", answer)
        return answer.is_done

    def _drop(self, names: Iterable[str]) -> None:
        """Have HAProxy and the folder be rid of certificates that no host has."""
        for name in sorted(names):
            if name == DEFAULT or self.files.is_listed(name):
                continue
            if self.is_reachable and name in self.known and self._is_told(DeleteCertificate(name)):
                del self.known[name]
            if self.book.secret(name) is None:
                self._refused.pop(name, None)
            self._missing_since.pop(name, None)
            self.files.remove(name)

    def _differing(self) -> Touched:
        """Return the certificates and hosts where HAProxy differs from the files, which are what is wanted."""
        prints = {name: fingerprint_of(self.files.pem(name) or "") for name in self.files.names() - self._too_long}
        names = {name for name, fingerprint in prints.items() if self.known.get(name) != fingerprint}
        hosts = {
            host
            for host in (self._lines.keys() | self.files.hosts()) - {NO_HOST}
            if sorted(line.certificate for line in self._lines.get(host, ())) != sorted(self.files.names_of(host))
        }
        hosts.update(host for name in names for host in self.book.hosts_of(name))
        if self._wanted(DEFAULT) != self.files.pem(DEFAULT):
            names.add(DEFAULT)
        secrets = {DEFAULT_REF if name == DEFAULT else self.book.secret(name) for name in names}
        return Touched(secrets=frozenset(filter(None, secrets)), tls_hosts=frozenset(hosts))

    def _overdue(self) -> Touched:
        """Return the hosts of certificates whose Secrets have been gone for too long by now."""
        now = self.clock()
        missing = {name for name in self.files.names() if name != DEFAULT and self.book.is_missing(name)}
        self._missing_since = {name: self._missing_since.get(name, now) for name in missing}
        over = [name for name in missing if now - self._missing_since[name] >= GRACE_SECONDS]
        return Touched(tls_hosts=frozenset(host for name in over for host in self.book.hosts_of(name)))

    def _note(self, line: Line) -> None:
        for host in line.hosts:
            self._lines[host] = (*self._lines.get(host, ()), line)

    def _forget(self, line: Line) -> None:
        for host in line.hosts:
            left = tuple(each for each in self._lines.get(host, ()) if each != line)
            if left:
                self._lines[host] = left
            else:
                self._lines.pop(host, None)

    def _judge_again(self, names: Iterable[str]) -> None:
        """Note what HAProxy and the time make of certificates."""
        now = self.epoch()
        for name in names:
            secret = self.book.secret(name)
            self._troubles.pop(name, None)
            if secret and name in self._refused:
                said = f"HAProxy does not take it: {self._refused[name][1]}"
                self._troubles[name] = Problem(secret, "data[tls.crt]", Reason.REFUSED_BY_HAPROXY, said, _STAYS)
            elif untimely := self.book.untimely(name, now):
                self._troubles[name] = untimely
        self.filing.certificate_problems = tuple(self._troubles.values())


_STAYS = "Put another one there; what was there before stays, else the default certificate"


def keeper(
    filing: Filing, converse: Conversation, *, setting: str, longest: Callable[[], int], observer: Observer = unobserved
) -> CertificateKeeper:
    """Return the keeper of a HAProxy; ``setting`` is --default-certificate."""
    files = filing.files.certificates
    door = CertificateDoor(converse, folder=str(files.folder), listing=str(files.listing), observer=observer)
    return CertificateKeeper(filing, door, default_certificate(setting), longest, time.monotonic, time.time)


def _handing_over(name: str, pem: str, *, is_new: bool) -> list[CertificateCommand]:
    return [*([NewCertificate(name)] if is_new else []), SetCertificate(name, pem)]


def _words(handed: list[str], added: int, removed: int) -> list[str]:
    said = [f"{counted(len(handed), 'certificate', 'certificates')} set ({listed(handed)})"] if handed else []
    if added or removed:
        said.append(f"{counted(added + removed, 'line', 'lines')} of the list of certificates changed")
    return said
