"""An authority whose certificates name a responder, and what that says of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.pairs import NOW, Pair


class Authority:
    """Issues certificates that are valid ``tests.pairs.NOW``; ``issued`` and ``revoked`` go by serial number.

    Its answers end after ``fresh``.
    """

    def __init__(self, *more: Any) -> None:
        """``more`` are extensions of its own certificate."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.fresh = timedelta(hours=6)
        self.issued: dict[int, x509.Certificate] = {}
        self.revoked: set[int] = set()
        self.certificate = self._signed("authority", self.key, x509.BasicConstraints(ca=True, path_length=None), *more)
        self.pem = self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(self, host: str, *responders: str, has_issuer: bool = True, more: tuple[Any, ...] = ()) -> Pair:
        """Issue a certificate with its chain; ``responders`` are the addresses that it names, ``more`` other extensions."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._signed(host, key, x509.BasicConstraints(ca=False, path_length=None), *_named(responders), *more)
        self.issued[made.serial_number] = made
        spelled = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return Pair(made.public_bytes(Encoding.PEM).decode() + (self.pem if has_issuer else ""), spelled)

    def answer(self, question: bytes) -> bytes:
        """Answer a question (both DER) about a certificate; others' are refused."""
        found = self.issued.get(ocsp.load_der_ocsp_request(question).serial_number)
        if found is None:
            refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
            return refusal.public_bytes(Encoding.DER)
        now = datetime.now(UTC)
        is_revoked = found.serial_number in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=found,
            issuer=self.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.REVOKED if is_revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=now - timedelta(minutes=1),
            next_update=now + self.fresh,
            revocation_time=now if is_revoked else None,
            revocation_reason=None,
        )
        named = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, self.certificate)
        return named.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _signed(self, name: str, key: Any, *extensions: Any) -> x509.Certificate:
        builder = x509.CertificateBuilder(
            _name("authority"), _name(name), key.public_key(), x509.random_serial_number()
        )
        builder = builder.not_valid_before(NOW - timedelta(1)).not_valid_after(NOW + timedelta(90))
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


def serial(pair: Pair) -> int:
    """The serial number of a certificate."""
    return x509.load_pem_x509_certificate(pair.certificate.encode()).serial_number


def _named(responders: tuple[str, ...]) -> list[x509.AuthorityInformationAccess]:
    kind = AuthorityInformationAccessOID.OCSP
    named = [x509.AccessDescription(kind, x509.UniformResourceIdentifier(each)) for each in responders]
    return [x509.AuthorityInformationAccess(named)] if named else []


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
