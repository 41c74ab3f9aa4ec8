"""What a certificate says, asked of ``cryptography``; imported on first use.

Rule: a hostile certificate costs an answer like "" or None, never an exception.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

WEAK = frozenset({"md5", "sha1"})
FAILURES = (
    ValueError,
    TypeError,
    OverflowError,
    InternalError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""All that ``cryptography`` raises about bytes that are not as they should be; fuzzing found no other."""
MAX_NAMES = 1000

Extension = TypeVar("Extension", bound=x509.ExtensionType)


def parsed(content: bytes) -> x509.Certificate | None:
    """Read a certificate (DER); None where that cannot be, or where its key is of no known kind."""
    with warnings.catch_warnings():
        # About serial numbers and names that no standard allows: nobody here reads them.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(content)
            certificate.public_key()
            # What is read late would fail late.
            validity(certificate)
            _ = certificate.subject, certificate.issuer
        except FAILURES:
            return None
    return certificate


def parsed_revocations(content: bytes) -> x509.CertificateRevocationList | None:
    """Read a list of revoked certificates (DER); None where that cannot be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = x509.load_der_x509_crl(content)
            _ = (
                found.issuer,
                found.signature_algorithm_oid,
                len(found),
                found.last_update_utc,
                end_of_revocations(found),
            )
        except FAILURES:
            return None
    return found


def end_of_revocations(revocations: x509.CertificateRevocationList) -> int:
    """Return until when a list of revoked certificates is believed, in seconds since 1970; 0 for ever."""
    ends = revocations.next_update_utc
    return int(ends.timestamp()) if ends else 0


def revokes_for(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether this authority signed the list."""
    if revocations.issuer != issuer.subject:
        return False
    try:
        return revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # other kinds raise TypeError
    except FAILURES:
        return False


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign others (basic constraints, as OpenSSL reads them: older versions need none)."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1
    except FAILURES:
        return False


def is_root(certificate: x509.Certificate) -> bool:
    """Whether it names itself as its issuer."""
    return certificate.issuer == certificate.subject


def public_bytes_of_key(pem: bytes) -> bytes | None:
    """Return the public half of a private key, to compare; None where the key cannot be read."""
    try:
        return _spelled(load_pem_private_key(pem, None).public_key())
    except FAILURES:
        return None


def leaf_number(certificates: Sequence[x509.Certificate], public: bytes) -> int | None:
    """Return which certificate has this public key; the last to expire where one was issued several times."""
    fitting = [number for number, each in enumerate(certificates) if _spelled(each.public_key()) == public]
    return max(fitting, key=lambda number: validity(certificates[number])[1], default=None)


def chain_numbers(certificates: Sequence[x509.Certificate], leaf: int) -> list[int]:
    """Return the leaf and those that issued each other up from it, in that order."""
    chain = [leaf]
    while True:
        last = certificates[chain[-1]]
        rest = (number for number in range(len(certificates)) if number not in chain)
        issuer = next((number for number in rest if _issued(last, certificates[number])), None)
        if issuer is None:
            return chain
        chain.append(issuer)


def is_issuer(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether OpenSSL, too, takes the next of a chain for who issued one: identifiers agree, and it may sign."""
    try:
        usage = _extension(issuer, x509.KeyUsage)
        named, own = _extension(certificate, x509.AuthorityKeyIdentifier), _extension(issuer, x509.SubjectKeyIdentifier)
    except FAILURES:
        return False
    is_other_key = named and own and named.key_identifier not in (None, own.key_identifier)
    is_other_number = named and named.authority_cert_serial_number not in (None, _number(issuer))
    return not is_other_key and not is_other_number and (usage is None or usage.key_cert_sign)


def key_kind(certificate: x509.Certificate) -> tuple[str, int, str]:
    """Return algorithm ("" for one that no client knows), bits, and the curve ("" where there is none)."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size, ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ECDSA", key.key_size, key.curve.name
    return ("Ed25519", 256, "") if isinstance(key, ed25519.Ed25519PublicKey) else ("", 0, "")


def validity(certificate: x509.Certificate) -> tuple[int, int]:
    """Return since when and until when it is valid, in seconds since 1970."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return int(begins.timestamp()), int(ends.timestamp())


def dns_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names it is for, else its common name, which old clients look at."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(found.value.get_values_for_type(x509.DNSName))[:MAX_NAMES]
    except (*FAILURES, x509.ExtensionNotFound):
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(each.value) for each in common)


def responders(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the addresses where it says that OCSP answers about it are to be had, whatever they look like."""
    try:
        found = _extension(certificate, x509.AuthorityInformationAccess) or ()
    except FAILURES:
        return ()
    named = [each.access_location for each in found if each.access_method == AuthorityInformationAccessOID.OCSP]
    return tuple(each.value for each in named if isinstance(each, x509.UniformResourceIdentifier))[:MAX_NAMES]


def weak_hash(certificate: x509.Certificate) -> str:
    """Return the hash of its signature where that is broken, else ""; a root's own signature means nothing."""
    try:
        found = certificate.signature_hash_algorithm
    except FAILURES:
        return ""
    return found.name if found is not None and found.name in WEAK and not is_root(certificate) else ""


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    """Return an extension of a certificate, None where it has none; raises some of ``FAILURES``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None


def _number(certificate: x509.Certificate) -> int:
    """Return the serial number, be it one that no standard allows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return certificate.serial_number


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    if certificate.issuer != by.subject or certificate.issuer == certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(by)
    except InvalidSignature:
        return False
    except FAILURES:
        # A kind of signature that cannot be verified here: the names have to do.
        return True
    return True


def _spelled(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]  # any kind of key has it
