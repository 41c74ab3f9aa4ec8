"""The certificate for all hosts without one of their own: a Secret's, a file's, else one that hadyn makes.

Rule: whatever happens to the one that is asked for, HAProxy has one: the last good, else a
self-made one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hadyn.errors import WrongUsage
from hadyn.model.certificates import DEFAULT, Certificates, default_secret
from hadyn.model.keypairs import MAX_BYTES, judge
from hadyn.render.certificates import CertificateFiles
from hadyn.render.self_made import is_self_made, make_certificate

log = logging.getLogger(__name__)


def default_certificate(setting: str, *, is_quiet: bool = False) -> DefaultCertificate:
    """Return the one that --default-certificate asks for; a quiet one logs nothing."""
    file = Path(setting) if setting and default_secret(setting) is None else None
    return DefaultCertificate(file, is_own=not setting, is_quiet=is_quiet)


@dataclass(slots=True)
class DefaultCertificate:
    """``file`` is None where a Secret is named (then the book knows it), or nothing at all (``is_own``)."""

    file: Path | None = None
    is_own: bool = True
    make: Callable[[], str] = make_certificate
    is_quiet: bool = False
    _said: str = ""

    def wanted(self, book: Certificates, files: CertificateFiles) -> str:
        """Return what HAProxy shall have now: a certificate with its key, as PEM."""
        filed = files.pem(DEFAULT)
        found = self._asked_for(book)
        if found is None:
            is_fit = filed is not None and (not self.is_own or is_self_made(filed))
            found = filed if is_fit and filed else self.make()
        if is_self_made(found):
            self._say(
                "hosts without a Secret get a certificate that hadyn made itself; name one: --default-certificate"
            )
        return found

    def check(self) -> None:
        """Raise WrongUsage where a file is named that cannot be served."""
        if self.file is not None and (said := self._read()[1]):
            remedy = "It holds a certificate, its chain and its key, as PEM"
            raise WrongUsage(f"--default-certificate {self.file}: {said}", remedy=remedy)

    def _asked_for(self, book: Certificates) -> str | None:
        if self.file is None:
            pair = book.pair(DEFAULT)
            return pair.pem if pair else None
        pem, said = self._read()
        if said:
            self._say(f"--default-certificate {self.file}: {said}; what it held before is served")
        return pem

    def _read(self) -> tuple[str | None, str]:
        """Return what the file holds, and what is wrong with it."""
        assert self.file is not None
        try:
            with self.file.open("rb") as opened:
                content = opened.read(2 * MAX_BYTES)
        except OSError as cause:
            return None, cause.strerror or "it cannot be read"
        verdict = judge(content, content)
        return (verdict.pair.pem, "") if verdict.pair else (None, verdict.faults[0].said)

    def _say(self, text: str) -> None:
        """Log it, once in a row."""
        if text != self._said and not self.is_quiet:
            self._said = text
            log.warning("%s", text)
