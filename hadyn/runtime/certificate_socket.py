"""Have the last word with HAProxy about certificates, whoever else speaks with it of them.

Rules: HAProxy lets one at a time look at certificates or change them, and tells all others
that they are locked: what was said is said again. It has one unfinished change at a time:
what somebody left off with is aborted. haproxy-facts.md#certificates-are-locked
"""

from __future__ import annotations

import logging
import re

import tenacity

from hadyn.errors import CertificatesLocked, ReplyCutShort
from hadyn.model.problems import shown
from hadyn.runtime.connection import Conversation

LOCKED = b"Operations on certificates are currently locked!"
PATIENCE_SECONDS = 0.5
_BEGINNINGS = "new ssl cert ", "set ssl cert "
_SET = re.compile(r"set ssl (\S+) (\S+) ")
# The second is what 2.6 says of a change that it has put into another certificate's.
_UNFINISHED = (
    re.compile(r"The ongoing transaction is about '([^']+)' but you are trying to set '"),
    re.compile(r"Transaction updated for certificate (\S+)!"),
)

log = logging.getLogger(__name__)


class CertificateSocket:
    """HAProxy's runtime socket, for commands about certificates; ``name`` is what errors call it.

    Methods raise what the conversation raises, ReplyCutShort, and CertificatesLocked where
    somebody else holds the certificates for longer than PATIENCE_SECONDS.
    """

    def __init__(self, converse: Conversation, name: str) -> None:
        self._converse = converse
        self._name = name
        self._again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(CertificatesLocked),
            stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
            wait=tenacity.wait_random(0.002, 0.02),
            reraise=True,
        )

    def ask(self, text: str) -> str:
        """Say one command, with its payload, on a connection of its own; return the reply without line ends."""
        if text.startswith(_BEGINNINGS):
            # One that only asks may meet a lock, these should not. haproxy-facts.md#certificates-stay-locked
            self.converse(b"show ssl crl-file\n")
        reply = self._answer_to(text)
        setting = _SET.match(text)
        if setting is None:
            return reply
        kind, path = setting.groups()
        others = {matched[1] for unfinished in _UNFINISHED if (matched := unfinished.search(reply))} - {path}
        if not others:
            return reply
        for other in others:
            aborted = self._answer_to(f"abort ssl {kind} {other}")
            log.warning("a change of %s that nobody finished stood in the way: %s", other, shown(aborted))
        return self._answer_to(text)

    def converse(self, line: bytes) -> bytes:
        """Say a line, and again while certificates are locked, which has it do nothing; return all that comes back."""
        return self._again(self._once, line)

    def _answer_to(self, text: str) -> str:
        received = self.converse(f"{text}\n".encode())
        if not received.endswith(b"\n"):
            raise ReplyCutShort(self._name, commands=1, replies=0)
        # 2.6 ends some replies with an empty line more.
        return received.decode("utf-8", "replace").strip("\n")

    def _once(self, line: bytes) -> bytes:
        received = self._converse(line)
        if LOCKED in received:
            raise CertificatesLocked(self._name)
        return received
