"""The keepers of what HAProxy encrypts with: certificates for clients, credentials towards pods.

Rule: whoever else speaks with HAProxy of certificates at the same moment keeps only them
waiting: what could not be said is told as ``waiting``, and endpoints go on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from hadyn.controller.certificates import CertificateKeeper
from hadyn.controller.credentials import CredentialKeeper
from hadyn.errors import CertificatesLocked
from hadyn.model.touched import Touched

log = logging.getLogger(__name__)


@dataclass(slots=True)
class TlsKeepers:
    """Both keepers of one HAProxy; no ``certificates`` where it speaks no TLS with clients. Methods raise what keepers do."""

    credentials: CredentialKeeper | None = None
    certificates: CertificateKeeper | None = None

    def everything(self) -> Touched:
        """Return all certificates that there are, wanted or only there."""
        return self.certificates.everything() if self.certificates else Touched()

    def file(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them."""
        if self.certificates:
            self.certificates.file()
        if self.credentials:
            self.credentials.file()

    def keep_credentials(self, touched: Touched) -> tuple[list[str], Touched]:
        """Bring in step what server lines name, before they do; return what was done, in words, and what has to wait."""
        if self.credentials is None:
            return [], Touched()
        try:
            return self.credentials.keep(touched), Touched()
        except CertificatesLocked as failure:
            log.warning("%s", failure)
            return [], Touched(frozenset(filter(self.credentials.book.of, touched.backends)), secrets=touched.secrets)

    def keep_certificates(self, touched: Touched) -> tuple[list[str], Touched]:
        """Bring certificates in step; return what was done, in words, and what has to wait."""
        if self.certificates is None:
            return [], Touched()
        try:
            return self.certificates.keep(touched), Touched()
        except CertificatesLocked as failure:
            log.warning("%s", failure)
            return [], Touched(secrets=touched.secrets, tls_hosts=touched.tls_hosts)

    def compare(self) -> Iterator[Touched]:
        """Read what HAProxy has, a portion at a time; yield what is not as it should be."""
        if self.credentials:
            yield from self.credentials.compare()
        if self.certificates:
            yield from self.certificates.compare()

    def differing(self) -> Touched:
        """Return what HAProxy has otherwise than it should; all there is, where that cannot be read now."""
        differing = Touched()
        try:
            for touched in self.compare():
                differing |= touched
        except CertificatesLocked as failure:
            log.warning("%s", failure)
            differing |= self.everything()
            differing |= self.credentials.everything() if self.credentials else Touched()
        return differing

    def leave_to_reload(self) -> None:
        """Have the next reload bring what HAProxy takes by no command, since it has certificates locked."""
        if self.credentials:
            self.credentials.is_locked = True
        if self.certificates:
            self.certificates.leave_to_reload()

    def after_reload(self) -> None:
        """Note that HAProxy has what the files say."""
        if self.credentials:
            self.credentials.after_reload()
        if self.certificates:
            self.certificates.after_reload()
