"""Certificates on the runtime socket: what is said to HAProxy, what it answers.

Rules: each command goes on a connection of its own, since what follows on the same line
would be part of a payload; its text matches the grammar, whole, or does not leave. The key
is on the socket and nowhere else. haproxy-facts.md#certificates-come-by-command
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hadyn.errors import ReplyCutShort, ReplyNotUnderstood
from hadyn.model.problems import shown
from hadyn.planner.authorities import (
    AUTHORITIES,
    REVOKED,
    CommitAuthorities,
    DeleteAuthorities,
    NewAuthorities,
    SetAuthorities,
    kind_of,
)
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
    bracketed,
    parameters_in,
)
from hadyn.runtime.certificate_socket import CertificateSocket
from hadyn.runtime.client import Observer, unobserved
from hadyn.runtime.connection import Conversation
from hadyn.runtime.wire import Verdict

ENDING = ".pem"
PEM = re.compile(r"(?:[A-Za-z0-9+/= -]+\n)+")
PARAMETERS = re.compile(r"[A-Za-z0-9_./+~:,-]+(?: [A-Za-z0-9_./+~:,-]+)*")
WORD = re.compile(r"[!-:<-\[\]-~]+(?<!<<)")
NO_LIST = "didn't find the specified filename"
NOT_THERE = "Can't display the certificate"
BATCH = 20
"""So many certificates are asked about on one connection."""
FINGERPRINT = re.compile(r"^SHA1 FingerPrint: ([0-9A-F]{40})$", re.MULTILINE)
_ROW = re.compile(r"(\S+):([0-9]+)(?: \[([^]]*)\])?((?: \S+)*) ?")


class Answer(NamedTuple):
    """A command that was sent, and what HAProxy said."""

    command: CertificateCommand
    verdict: Verdict
    text: str

    @property
    def is_done(self) -> bool:
        return self.verdict is Verdict.DONE

    def __str__(self) -> str:
        """For the log: the command, how it went, HAProxy's words."""
        return f"{self.command}: {self.verdict} {shown(self.text)}"


class CertificateDoor:
    """Reads and commands the certificates of one HAProxy; holds no state of it.

    ``folder`` is where their files are, ``listing`` the path of the list, both spelled as in
    HAProxy's configuration. All methods raise SocketUnreachable, SocketTimeout,
    ReplyCutShort, ReplyNotUnderstood or CertificatesLocked.
    """

    def __init__(
        self, converse: Conversation, *, folder: str, listing: str, observer: Observer = unobserved, name: str = ""
    ) -> None:
        assert WORD.fullmatch(folder), folder
        self._socket = CertificateSocket(converse, name or "its runtime socket")
        self._folder = folder
        self._listing = listing
        self._observer = observer
        self._name = name or "its runtime socket"

    def send(self, command: CertificateCommand) -> Answer:
        """Send one command and say what became of it."""
        reply = self._socket.ask(_SPELLINGS[type(command)](command, self.path, self._listing))
        is_done = any(text in reply for text in _SUCCESSES[type(command)])
        answer = Answer(command, Verdict.DONE if is_done else Verdict.FAILED, " ".join(reply.split()))
        self._observer("certificate", answer.verdict.value, 1)
        return answer

    def lines(self) -> list[Line] | None:
        """Return the list as it is; None where HAProxy has none, because it runs with an earlier main file."""
        reply = self._socket.ask(f"show ssl crt-list -n {self._listing}")
        if reply.startswith(NO_LIST):
            return None
        _, *rows = reply.replace("\0", "").split("\n")
        return [self._line(row) for row in rows]

    def names(self) -> frozenset[str]:
        """Return the certificates that HAProxy knows, those of other folders left out."""
        paths = (row.removeprefix("*") for row in self._socket.ask("show ssl cert").split("\n"))
        return frozenset(name for path in paths if (name := self._certificate(path)))

    def authorities(self) -> frozenset[str]:
        """Return the files with authorities, and with revoked certificates, that HAProxy has; other folders' are left out.

        One that was not committed yet has no certificates, and is not there.
        """
        found = set()
        for row in self._socket.ask("show ssl ca-file").split("\n"):
            path, _, count = row.partition(" - ")
            if not count.startswith("0 "):
                found.add(path)
        found.update(self._socket.ask("show ssl crl-file").split("\n"))
        return frozenset(path.removeprefix(f"{self._folder}/") for path in found if path.startswith(f"{self._folder}/"))

    def fingerprints(self, names: Collection[str]) -> dict[str, str]:
        """Return the fingerprint of each of these certificates; "" for one that is empty, nothing for one unknown."""
        found: dict[str, str] = {}
        for batch in _batches(names):
            line = ";".join(f"show ssl cert {self.path(name)}" for name in batch)
            replies = self._socket.converse(f"{line}\n".encode()).decode("utf-8", "replace").split("\n\n")
            replies = [reply.strip("\n") for reply in replies if reply.strip("\n")]
            if len(replies) != len(batch):
                raise ReplyCutShort(self._name, commands=len(batch), replies=len(replies))
            for name, reply in zip(batch, replies, strict=True):
                if not reply.startswith(NOT_THERE):
                    matched = FINGERPRINT.search(reply)
                    found[name] = matched[1] if matched else ""
        return found

    def named_in(self, text: str) -> list[str]:
        """Return the certificates whose files HAProxy names in what it says."""
        return re.findall(rf"{re.escape(self._folder)}/([^/'\s]+){re.escape(ENDING)}", text)

    def authorities_named_in(self, text: str) -> list[str]:
        """Return the files with authorities, or with revoked certificates, that HAProxy names in what it says."""
        endings = "|".join(map(re.escape, (AUTHORITIES, REVOKED)))
        return re.findall(rf"{re.escape(self._folder)}/([^/'\s]+(?:{endings}))(?![^'\s])", text)

    def path(self, name: str) -> str:
        """Return the path by which HAProxy knows a certificate, or a file with authorities."""
        return f"{self._folder}/{name if name.endswith((AUTHORITIES, REVOKED)) else name + ENDING}"

    def _certificate(self, path: str) -> str:
        """Return the name of a certificate by its path, "" for a stranger's."""
        folder, _, file = path.rpartition("/")
        return file.removesuffix(ENDING) if folder == self._folder and file.endswith(ENDING) else ""

    def _line(self, row: str) -> Line:
        matched = _ROW.fullmatch(row)
        if matched is None:
            raise ReplyNotUnderstood(self._name, "show ssl crt-list: a row is no line of a list")
        path, number, brackets, hosts = matched.groups()
        return Line(self._certificate(path) or path, tuple(hosts.split()), int(number), parameters_in(brackets or ""))


def _payload(text: str) -> str:
    return f" <<\n{text}"


def _set(command: SetCertificate, path: Callable[[str], str], _listing: str) -> str:
    assert PEM.fullmatch(command.pem), command
    return f"set ssl cert {path(command.certificate)}{_payload(command.pem)}"


def _hand_over(command: SetAuthorities, path: Callable[[str], str], _listing: str) -> str:
    assert PEM.fullmatch(command.pem), command
    return f"set ssl {kind_of(command.file)} {path(command.file)}{_payload(command.pem)}"


def _add(command: AddLine, path: Callable[[str], str], listing: str) -> str:
    assert all(map(WORD.fullmatch, command.hosts)), command
    assert not command.parameters or PARAMETERS.fullmatch(command.parameters), command
    brackets = command.parameters if command.is_renewed else bracketed(command.certificate, command.parameters)
    words = " ".join((path(command.certificate), *((f"[{brackets}]",) if brackets else ()), *command.hosts))
    return f"add ssl crt-list {listing}{_payload(words)}\n"


_SPELLINGS: Mapping[type[CertificateCommand], Callable[[Any, Callable[[str], str], str], str]] = {
    NewCertificate: lambda c, path, _: f"new ssl cert {path(c.certificate)}",
    SetCertificate: _set,
    CommitCertificate: lambda c, path, _: f"commit ssl cert {path(c.certificate)}",
    AbortCertificate: lambda c, path, _: f"abort ssl cert {path(c.certificate)}",
    DeleteCertificate: lambda c, path, _: f"del ssl cert {path(c.certificate)}",
    AddLine: _add,
    DeleteLine: lambda c, path, listing: f"del ssl crt-list {listing} {path(c.certificate)}:{c.number}",
    NewAuthorities: lambda c, path, _: f"new ssl {kind_of(c.file)} {path(c.file)}",
    SetAuthorities: _hand_over,
    CommitAuthorities: lambda c, path, _: f"commit ssl {kind_of(c.file)} {path(c.file)}",
    DeleteAuthorities: lambda c, path, _: f"del ssl {kind_of(c.file)} {path(c.file)}",
}
# "updated" is said where somebody left off behind `set`.
_SUCCESSES: Mapping[type[CertificateCommand], tuple[str, ...]] = {
    NewCertificate: ("New empty certificate store",),
    SetCertificate: ("Transaction created for certificate", "Transaction updated for certificate"),
    CommitCertificate: ("Success!",),
    AbortCertificate: ("Transaction aborted",),
    DeleteCertificate: ("' deleted!",),
    AddLine: ("Success!",),
    DeleteLine: ("' deleted in crtlist '",),
    NewAuthorities: ("New CA file created", "New CRL file created"),
    SetAuthorities: ("transaction created for C", "transaction updated for C"),
    CommitAuthorities: ("Success!",),
    DeleteAuthorities: ("' deleted!",),
}


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
