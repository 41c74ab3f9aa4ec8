"""Keep the files of authorities that clients' certificates are judged by.

Rules: a file is hadyn's user's alone to read; its name says what is in it, so it is
written once, before the list that names it, and removed when no line does.
"""

from __future__ import annotations

from pathlib import Path

from hadyn.model.authorities import Authorities
from hadyn.model.certificates import certificate_name
from hadyn.model.handshakes import PRINT_DIGITS, Handshake
from hadyn.model.problems import ObjectRef
from hadyn.planner.authorities import AUTHORITIES, REVOKED
from hadyn.render.pem_files import PemFiles


def stem_of(secret: ObjectRef, authorities: Authorities) -> str:
    """Return what the two files of a Secret's content are called, without ending."""
    return f"{certificate_name(secret)}.{authorities.fingerprint[:PRINT_DIGITS]}"


def files_of(secret: ObjectRef, authorities: Authorities) -> dict[str, str]:
    """Return the files of a Secret's content by name; lists of revoked certificates come first."""
    stem = stem_of(secret, authorities)
    revoked = {stem + REVOKED: authorities.revoked} if authorities.revoked else {}
    return {**revoked, stem + AUTHORITIES: authorities.pem}


class AuthorityFiles(PemFiles):
    """The files of authorities in one folder, by name; one thread owns them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, AUTHORITIES, REVOKED)

    def parameters(self, handshake: Handshake, stem: str) -> str:
        """Spell how HAProxy shakes hands, as it does itself between the brackets of a line; no files without ``stem``.

        A certificate is asked for and never insisted on: lines of backends refuse whom they do not
        want, once they know the request. haproxy-facts.md#client-certificates
        """
        words = [f"alpn {handshake.alpn}"] if handshake.alpn else []
        words += [f"verify optional ca-file {self.path(stem + AUTHORITIES)}"] if stem else []
        words += [f"crl-file {self.path(stem + REVOKED)}"] if stem and stem + REVOKED in self._pems else []
        words += [f"ciphers {handshake.ciphers}"] if handshake.ciphers else []
        words += [f"ciphersuites {handshake.suites}"] if handshake.suites else []
        words += [f"ssl-min-ver {handshake.version}"] if handshake.version else []
        return " ".join(words)
