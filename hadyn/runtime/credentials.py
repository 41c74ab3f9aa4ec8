"""The files that server lines name, on the runtime socket: what is said to HAProxy, what it answers.

Rules: as for certificates, each command goes on a connection of its own, and the key is on
the socket and nowhere else. haproxy-facts.md#authorities-of-servers
"""

from __future__ import annotations

from typing import NamedTuple

from hadyn.model.problems import shown
from hadyn.planner.credentials import CredentialCommand, Verb
from hadyn.runtime.certificate_socket import CertificateSocket
from hadyn.runtime.certificates import FINGERPRINT, PEM, WORD
from hadyn.runtime.client import Observer, unobserved
from hadyn.runtime.connection import Conversation
from hadyn.runtime.wire import Verdict

_SUCCESSES = {
    Verb.NEW: ("New empty certificate store", "New CA file created"),
    # "updated" is said where somebody left off behind `set`.
    Verb.SET: ("ransaction created for", "ransaction updated for"),
    Verb.COMMIT: ("Success!",),
    Verb.ABORT: ("Transaction aborted",),
    Verb.DELETE: (" deleted!",),
}


class Reply(NamedTuple):
    """A command that was sent, and what HAProxy said."""

    command: CredentialCommand
    is_done: bool
    text: str

    def __str__(self) -> str:
        """For the log: the command, how it went, HAProxy's words."""
        return f"{self.command}: {'done' if self.is_done else 'failed'} {shown(self.text)}"


class CredentialDoor:
    """Reads and commands such files of one HAProxy; holds no state of it.

    ``folder`` is where they are, spelled as in HAProxy's configuration. All methods raise
    SocketUnreachable, SocketTimeout, ReplyCutShort or CertificatesLocked.
    """

    def __init__(
        self, converse: Conversation, *, folder: str, observer: Observer = unobserved, name: str = "its runtime socket"
    ) -> None:
        assert WORD.fullmatch(folder), folder
        self._socket = CertificateSocket(converse, name)
        self._folder = folder
        self._observer = observer

    def send(self, command: CredentialCommand) -> Reply:
        """Send one command and say what became of it."""
        assert WORD.fullmatch(command.file), command
        text = f"{command.verb} ssl {command.kind} {self._folder}/{command.file}"
        if command.verb is Verb.SET:
            assert PEM.fullmatch(command.pem), command
            text += f" <<\n{command.pem}"
        reply = self._socket.ask(text)
        is_done = any(words in reply for words in _SUCCESSES[command.verb])
        verdict = Verdict.DONE if is_done else Verdict.FAILED
        self._observer("certificate", verdict.value, 1)
        return Reply(command, is_done, " ".join(reply.split()))

    def files(self) -> frozenset[str]:
        """Return the files that HAProxy knows, those of other folders left out."""
        rows = f"{self._socket.ask('show ssl cert')}\n{self._socket.ask('show ssl ca-file')}".split("\n")
        paths = (row.removeprefix("*").partition(" ")[0].rpartition("/") for row in rows)
        return frozenset(file for folder, _, file in paths if folder == self._folder)

    def fingerprints(self, file: str) -> frozenset[str]:
        """Return the fingerprints (SHA-1, upper case) of the certificates in a file; those of a chain are not told."""
        kind = CredentialCommand(Verb.SET, file).kind
        return frozenset(FINGERPRINT.findall(self._socket.ask(f"show ssl {kind} {self._folder}/{file}")))
