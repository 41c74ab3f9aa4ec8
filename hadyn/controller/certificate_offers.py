"""Certificates that are offered to HAProxy: it reads each, its file changes, it serves it.

Rules: one after the other, since HAProxy has one unfinished change at a time; where it does not
serve what it was offered, the file is what it was before. What it refused is not offered again,
what is too long for a command comes with a reload. haproxy-facts.md#certificates-are-locked
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hadyn.controller.running_certificates import RunningCertificates
from hadyn.model.keypairs import fingerprint_of
from hadyn.render.certificates import CertificateFiles
from hadyn.runtime.certificates import Answer

log = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """The fingerprint of a certificate that HAProxy does not take, and its words."""

    fingerprint: str
    said: str


@dataclass(slots=True)
class CertificateOffers:
    """What one HAProxy was offered; ``longest`` is how many bytes of a certificate it takes by command.

    ``write`` writes the files that are due.
    """

    running: RunningCertificates
    files: CertificateFiles
    write: Callable[[], None]
    longest: Callable[[], int]
    refused: dict[str, Refusal] = field(default_factory=dict)
    too_long: set[str] = field(default_factory=set)
    _before: dict[str, str | None] = field(default_factory=dict)

    def make(self, wanted: Mapping[str, str | None]) -> list[str]:
        """Offer the certificates (PEM, None for none) that HAProxy does not have yet; return those that it serves now.

        Raises what CertificateDoor does.
        """
        taken = []
        for name, pem in wanted.items():
            if pem is None or (self.files.pem(name) == pem and self._is_up_to_date(name)):
                continue
            if not self._can_be_told(name, pem):
                self.files.put(name, pem)
            elif self._is_served(name, pem):
                taken.append(name)
        return taken

    def has_refused(self, name: str, fingerprint: str) -> bool:
        return name in self.refused and self.refused[name].fingerprint == fingerprint

    def refuse(self, name: str, pem: str, answer: Answer) -> None:
        """Leave out what HAProxy does not take; hosts go on with what they have."""
        log.error("HAProxy did not take a certificate: %s", answer)
        self.refused[name] = Refusal(fingerprint_of(pem), answer.text)
        if name in self._before:
            self.files.put_back(name, self._before.pop(name))

    def close(self) -> None:
        """Let all files be what they are now."""
        self._before.clear()

    def _is_served(self, name: str, pem: str) -> bool:
        """Have HAProxy serve a certificate, with its file; where it does not, the file is what it was before."""
        answer = self.running.hand_over(name, pem)
        if answer.is_done:
            # A cycle that was cut short has put it there already.
            self._before.setdefault(name, self.files.pem(name))
            self.files.put(name, pem)
            self.write()
            answer = self.running.commit(name, pem)
        if not answer.is_done:
            self.refuse(name, pem, answer)
            return False
        self.refused.pop(name, None)
        return True

    def _is_up_to_date(self, name: str) -> bool:
        """Whether HAProxy has what the file says, or cannot be told."""
        running = self.running
        return not running.is_reachable or running.prints.get(name) == fingerprint_of(self.files.pem(name) or "")

    def _can_be_told(self, name: str, pem: str) -> bool:
        """Whether HAProxy takes it by command."""
        is_too_long = self.running.is_reachable and len(pem) > self.longest()
        (self.too_long.add if is_too_long else self.too_long.discard)(name)
        return self.running.is_reachable and not is_too_long
