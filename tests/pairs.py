"""Certificates with their keys for tests; each is made once a run.

Those of one authority: a root, an intermediate that it signed, leaves that the intermediate signed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
"""The clock of ``tests/features``."""
KEYS = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "P-224": lambda: ec.generate_private_key(ec.SECP224R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "RSA 1024": lambda: rsa.generate_private_key(65537, 1024),
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
    "RSA 4096": lambda: rsa.generate_private_key(65537, 4096),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "DSA": lambda: dsa.generate_private_key(2048),
}


@dataclass(frozen=True)
class Pair:
    """A certificate (PEM), its private key (PEM, PKCS #8)."""

    certificate: str
    key: str

    @property
    def pem(self) -> str:
        return self.certificate + self.key

    @property
    def fingerprint(self) -> str:
        found = x509.load_pem_x509_certificate(self.certificate.encode())
        return found.fingerprint(hashes.SHA1()).hex().upper()

    def values(self) -> dict[str, str]:
        """The data of a Secret."""
        return {
            "tls.crt": base64.b64encode(self.certificate.encode()).decode(),
            "tls.key": base64.b64encode(self.key.encode()).decode(),
        }


def pair(*names: str, kind: str = "P-256", days: tuple[int, int] = (-1, 90), issue: int = 1) -> Pair:
    """A certificate that signs itself, for these names; ``issue`` tells those apart that are equal else."""
    return _made(names, kind, days, issue)


@cache
def _made(names: tuple[str, ...], kind: str, days: tuple[int, int], _issue: int) -> Pair:
    key: Any = KEYS[kind]()
    return Pair(_signed(names, key.public_key(), key, names[0], days), _spelled(key))


@cache
def authority() -> tuple[str, str, Pair]:
    """Root, intermediate (PEM each), and a leaf for chained.example."""
    root, middle, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return (
        _signed(("root",), root.public_key(), root, "root", (-1, 900)),
        _signed(("middle",), middle.public_key(), root, "root", (-1, 400)),
        Pair(_signed(("chained.example",), leaf.public_key(), middle, "middle", (-1, 90)), _spelled(leaf)),
    )


def _signed(names: tuple[str, ...], public: Any, signer: Any, issuer: str, days: tuple[int, int]) -> str:
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()
    is_authority = names[0] in ("root", "middle")
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateBuilder(_name(issuer), _name(names[0]), public, x509.random_serial_number())
    builder = builder.not_valid_before(NOW + timedelta(days[0])).not_valid_after(NOW + timedelta(days[1]))
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    certificate = builder.add_extension(alternatives, critical=False).sign(signer, algorithm)
    return certificate.public_bytes(Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _spelled(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
