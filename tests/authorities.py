"""Authorities for tests: they issue certificates with keys, and take them back.

Each is made once a run; all that one issues has the clock of ``tests/pairs`` in the middle of its validity.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from tests.pairs import NOW, Pair


@dataclass(frozen=True)
class Authority:
    """A certificate that may sign others (PEM), with its key; ``issuer`` is None for a root."""

    name: str
    pair: Pair
    issuer: Authority | None = None

    @property
    def certificate(self) -> str:
        return self.pair.certificate

    def issue(self, common_name: str, *, days: tuple[int, int] = (-1, 90), issue: int = 1) -> Pair:
        """A certificate for a client or server of this name, made once a run; ``issue`` tells equal ones apart."""
        return _issued(self, common_name, days, issue)

    def revoking(self, *pairs: Pair, days: tuple[int, int] = (-1, 30)) -> str:
        """A list (PEM) of those that are no longer believed."""
        builder = x509.CertificateRevocationListBuilder(
            _name(self.name), NOW + timedelta(days[0]), NOW + timedelta(days[1])
        )
        for each in pairs:
            number = x509.load_pem_x509_certificate(each.certificate.encode()).serial_number
            entry = x509.RevokedCertificateBuilder(number, NOW - timedelta(1)).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(_key(self.pair), hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def values(self, revoked: str = "") -> dict[str, str]:
        """The data of a Secret by which those are believed that it signed."""
        entries = {"ca.crt": self.certificate, "ca.crl": revoked}
        return {key: base64.b64encode(text.encode()).decode() for key, text in entries.items() if text}


@cache
def root(name: str = "root") -> Authority:
    """An authority that signed itself."""
    return Authority(name, _made(name, None, authority=True, days=(-400, 900)))


@cache
def below(issuer: Authority, name: str) -> Authority:
    """An authority that another one signed."""
    return Authority(name, _made(name, issuer, authority=True, days=(-200, 400)), issuer)


@cache
def _issued(issuer: Authority, name: str, days: tuple[int, int], _issue: int) -> Pair:
    return _made(name, issuer, authority=False, days=days)


def _made(name: str, issuer: Authority | None, *, authority: bool, days: tuple[int, int]) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = _key(issuer.pair) if issuer else key
    title = issuer.name if issuer else name
    builder = x509.CertificateBuilder(_name(title), _name(name), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
    builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    return Pair(certificate, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key(pair: Pair) -> Any:
    return load_pem_private_key(pair.key.encode(), None)
