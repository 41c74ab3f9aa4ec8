"""Keep the files that server lines name, in HAProxy and on disk, equal to what Secrets say.

Rules: HAProxy reads a content before its file changes, and uses it after. Where a Secret says
nothing good, what was good last stays; where nothing ever was, the file is nobody's and
the backend takes no requests (``is_closed``). A file stays as long as a section names it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from hadyn.controller.filing import Filing
from hadyn.controller.sentences import counted, listed
from hadyn.errors import TemporaryError
from hadyn.model.credentials import AUTHORITIES, NOBODY_FILE, PAIR, Credential, Credentials
from hadyn.model.pem import CERTIFICATE, blocks
from hadyn.model.problems import Problem, Reason
from hadyn.model.touched import Touched
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.credentials import CredentialCommand, Verb
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.credentials import CredentialFiles, is_nobodys, nobodys
from hadyn.render.self_made import make_nobody
from hadyn.runtime.client import Observer, unobserved
from hadyn.runtime.connection import Conversation
from hadyn.runtime.credentials import CredentialDoor, Reply

RELOADS = "credentials"
"""Stands for all files where reasons to reload are kept; no backend is called so."""
REMEDY = "Put another one there; what was there before stays"
_NAMED = re.compile(r"(?:ca-file|crt) (\S+)")

log = logging.getLogger(__name__)


def credential_keeper(
    filing: Filing,
    converse: Conversation,
    *,
    capabilities: Callable[[], Capabilities],
    observer: Observer = unobserved,
) -> CredentialKeeper:
    """Return the keeper of a HAProxy."""
    door = CredentialDoor(converse, folder=str(filing.files.credentials.folder), observer=observer)
    return CredentialKeeper(filing, door, capabilities)


@dataclass(slots=True)
class CredentialKeeper:
    """Files from what is wanted to HAProxy. One thread owns it; methods that say something raise what CredentialDoor does.

    ``epoch`` is seconds since 1970. While HAProxy ``is_locked``, only a reload brings anything.
    ``running`` is what HAProxy has, as far as it was told or read. ``make`` makes a certificate that
    is nobody's.
    """

    filing: Filing
    door: CredentialDoor
    capabilities: Callable[[], Capabilities]
    make: Callable[[], str] = make_nobody
    epoch: Callable[[], float] = time.time
    running: dict[str, str] = field(default_factory=dict)
    is_locked: bool = False
    _refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    _waiting: dict[str, ReloadReason] = field(default_factory=dict)
    _nobody: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.filing.is_closed = self.is_closed

    @property
    def book(self) -> Credentials:
        return self.filing.inventory.credentials

    @property
    def files(self) -> CredentialFiles:
        return self.filing.files.credentials

    def everything(self) -> Touched:
        """Return all Secrets that files are of."""
        return Touched(secrets=frozenset(filter(None, map(self.book.secret, self.book.files()))))

    def is_closed(self, backend: str) -> bool:
        """Whether a backend names a file that has never been good."""
        return any(each.is_unusable or self._is_lacking(each) for each in self.book.of(backend))

    def file(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them."""
        for file in self.book.files():
            self.files.put(file, self._wanted(file))
        self.filing.write_credentials()

    def keep(self, touched: Touched) -> list[str]:
        """Bring in step what is touched; return what was done, in words."""
        files = {each.file for name in touched.backends for each in self.book.of(name)}
        files.update(file for secret in touched.secrets for file in self.book.files_of(secret))
        return self._keep(files)

    def planned(self) -> Iterator[CredentialCommand]:
        """Yield what a cycle would tell HAProxy now."""
        for file in sorted(self.book.files()):
            pem = self._wanted(file)
            if pem != self.files.pem(file):
                if file not in self.running:
                    yield CredentialCommand(Verb.NEW, file)
                yield CredentialCommand(Verb.SET, file, pem)
                yield CredentialCommand(Verb.COMMIT, file)

    def after_reload(self) -> None:
        """Note that HAProxy has what the files say; those that it does not need any more go."""
        self.running = {file: self.files.pem(file) or "" for file in self.files.names()}
        self._waiting.clear()
        self.is_locked = False
        with contextlib.suppress(TemporaryError):
            # It may be gone again; what it is not rid of here it is in a later sweep.
            self._drop()
        self._judge_again()

    def compare(self) -> Iterator[Touched]:
        """Read what HAProxy has; set right what it should have."""
        if not (self.book.files() or self.files.names()):
            return
        known = self.door.files()
        self.running = {}
        for file in sorted(known & self.files.names()):
            pem = self.files.pem(file) or ""
            found = self.door.fingerprints(file)
            # Of a chain HAProxy tells the fingerprint of the first certificate alone.
            wanted = fingerprints(pem) if file.endswith(AUTHORITIES) else fingerprints(pem)[:1]
            self.running[file] = pem if found == set(wanted) else ""
            yield Touched()
        self._drop()
        self._keep(self.book.files())

    def _keep(self, files: Iterable[str]) -> list[str]:
        looked_at = sorted(files)
        told = [file for file in looked_at if self._bring(file)]
        if looked_at:
            self._judge_again()
        return [f"{counted(len(told), 'file', 'files')} towards pods set ({listed(told)})"] if told else []

    def _bring(self, file: str) -> bool:
        """Bring one file in step; return whether HAProxy uses another content now."""
        pem, before = self._wanted(file), self.files.pem(file)
        if pem == before == self.running.get(file):
            return False
        if self._needs_reload(file, pem):
            self.files.put(file, pem)
            self.filing.write_credentials()
            return False
        reply = self._hand_over(file, pem)
        if not reply.is_done:
            self._refuse(file, pem, reply)
            return False
        self.files.put(file, pem)
        self.filing.write_credentials()
        reply = self.door.send(CredentialCommand(Verb.COMMIT, file))
        if not reply.is_done:
            self._refuse(file, pem, reply)
            self.door.send(CredentialCommand(Verb.ABORT, file))
            if before is not None:
                self.files.put(file, before)
                self.filing.write_credentials()
            return False
        self.running[file] = pem
        self._refused.pop(file, None)
        return True

    def _hand_over(self, file: str, pem: str) -> Reply:
        """Have HAProxy read a file; one that it was started beside, and nothing named, it does not know."""
        if file in self.running:
            reply = self.door.send(CredentialCommand(Verb.SET, file, pem))
            if reply.is_done:
                return reply
        self.door.send(CredentialCommand(Verb.NEW, file))
        return self.door.send(CredentialCommand(Verb.SET, file, pem))

    def _needs_reload(self, file: str, pem: str) -> bool:
        """Whether only a reload brings this content; it is wanted then."""
        reason = None
        if self.is_locked:
            reason = ReloadReason.CERTIFICATES_LOCKED
        elif len(pem) > self.capabilities().longest_certificate:
            reason = ReloadReason.CERTIFICATE_TOO_LONG
        elif file.endswith(PAIR) and self.running.get(file) and not self.capabilities().commits_authorities_soundly:
            reason = ReloadReason.CREDENTIAL_CHANGED
        if reason is None and file not in self._waiting:
            return False
        if reason is None:
            del self._waiting[file]
        else:
            self._waiting[file] = reason
        reloads = (
            Reload(each, "", listed(sorted(file for file, why in self._waiting.items() if why is each)))
            for each in sorted(set(self._waiting.values()), key=str)
        )
        self.filing.pace.want(RELOADS, tuple(reloads))
        return reason is not None

    def _wanted(self, file: str) -> str:
        """Return what a file shall be now."""
        pem, before = self.book.content(file).pem, self.files.pem(file)
        if pem and self._refused.get(file, ("",))[0] != pem:
            return pem
        if before is not None and (is_nobodys(before) or not (pem == "" and self.book.may_be_empty(file))):
            return before
        return self._nobodys(file)

    def _nobodys(self, file: str) -> str:
        """Return what stands for want of another, the same for all such files."""
        ending = AUTHORITIES if file.endswith(AUTHORITIES) else PAIR
        if ending not in self._nobody:
            self._nobody[ending] = nobodys(file, self.make())
        return self._nobody[ending]

    def _is_lacking(self, credential: Credential) -> bool:
        if credential.may_be_empty or credential.file.startswith(f"{NOBODY_FILE}."):
            return False
        return is_nobodys(self._wanted(credential.file))

    def _refuse(self, file: str, pem: str, reply: Reply) -> None:
        log.error("HAProxy did not take a file: %s", reply)
        self._refused[file] = (pem, reply.text)

    def _drop(self) -> None:
        """Have HAProxy and the folder be rid of files that no backend and no section names."""
        unwanted = self.files.names() - self.book.files()
        if not unwanted:
            return
        for file in sorted(unwanted - self.filing.files.sections.words_behind(_NAMED)):
            if file in self.running:
                self.door.send(CredentialCommand(Verb.DELETE, file))
                del self.running[file]
            self._refused.pop(file, None)
            self.files.remove(file)

    def _judge_again(self) -> None:
        """Note what HAProxy and the time make of files."""
        refused = (
            Problem(secret, "data", Reason.REFUSED_BY_HAPROXY, f"HAProxy does not take it: {said}", REMEDY)
            for file, (_, said) in sorted(self._refused.items())
            if (secret := self.book.secret(file)) is not None
        )
        now = self.epoch()
        untimely = (self.book.untimely(file, now) for file in sorted(self.book.files()))
        self.filing.credential_problems = (*refused, *filter(None, untimely))


def fingerprints(pem: str) -> list[str]:
    """Return the fingerprints (SHA-1, upper case) of the certificates in a text that hadyn wrote."""
    found = (block.content for block in blocks(pem.encode()) if block.label == CERTIFICATE)
    return [hashlib.sha1(content, usedforsecurity=False).hexdigest().upper() for content in found]
