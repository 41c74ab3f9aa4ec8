"""Judge a certificate with its key before HAProxy sees either.

Rules: bytes in, verdict out, whatever the bytes; no clock, so an expired certificate is as
good here as any other. What HAProxy could not load, or no browser would take, is refused;
what only looks odd is served, with a fault that says so. No fault quotes a key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from hadyn.model.desired import wildcard_of
from hadyn.model.objects import Fault
from hadyn.model.pem import CERTIFICATE, Block, NotPem, blocks
from hadyn.model.problems import Reason

if TYPE_CHECKING:
    from cryptography import x509

MAX_BYTES = 262_144
MAX_CERTIFICATES = 20
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
"""HAProxy loads others, too; no client gets a handshake with them. haproxy-facts.md#weak-keys"""
CRT, KEY = "data[tls.crt]", "data[tls.key]"
MISSING = "A Secret of type kubernetes.io/tls has tls.crt and tls.key"
PARAMETERS = "EC PARAMETERS"


class KeyPair(Struct, frozen=True, gc=False):
    """A certificate that can be served: ``pem`` is the leaf, its chain in order, then the key.

    ``fingerprint`` is the SHA-1 of the leaf in upper case, as HAProxy tells it, ``algorithm`` that
    of the key ("ECDSA", "RSA", "Ed25519"); ``begins`` and ``ends`` are seconds since 1970.
    ``names`` are the DNS names it is for.
    ``responders`` are the addresses where OCSP answers about it are to be had; it
    ``has_issuer`` where the chain has who issued it.
    """

    pem: str
    fingerprint: str
    algorithm: str
    begins: int
    ends: int
    names: tuple[str, ...]
    responders: tuple[str, ...] = ()
    has_issuer: bool = False

    def __repr__(self) -> str:
        """Never show the key."""
        return f"KeyPair({self.fingerprint})"

    def covers(self, host: str) -> bool:
        """Whether a client that asks for this host takes the certificate."""
        return any(name.lower() in (host, wildcard_of(host)) for name in self.names)


class Verdict(Struct, frozen=True, gc=False):
    """What comes of a Secret: the pair, None where it cannot be served, and what is wrong with it."""

    pair: KeyPair | None
    faults: tuple[Fault, ...] = ()


class Refused(ValueError):
    """Why a pair cannot be served."""

    def __init__(self, field: str, said: str, remedy: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        super().__init__(said)
        self.fault = Fault(field, reason, said, remedy)


def judge(certificate: bytes, key: bytes) -> Verdict:
    """Judge the contents of tls.crt and tls.key; never raises."""
    try:
        return _judged(certificate, key)
    except Refused as refused:
        return Verdict(None, (refused.fault,))


def readable_blocks(field: str, content: bytes, missing: str) -> list[Block]:
    """Return the blocks of a value of a Secret; raises Refused, with the remedy ``missing`` where there is nothing."""
    if not content:
        raise Refused(field, "it is missing or empty", missing)
    if len(content) > MAX_BYTES:
        raise Refused(field, f"it has {len(content):,} bytes, at most {MAX_BYTES:,} are read", "Put less there")
    try:
        return list(blocks(content))
    except NotPem as cause:
        raise Refused(field, f"it is not PEM: {cause}", "Put it there as it was issued, whole") from cause


def fingerprint_of(pem: str) -> str:
    """Return the SHA-1 of the first certificate of a file that ``judge`` wrote, as HAProxy tells it; "" without one."""
    try:
        found = next((block for block in blocks(pem.encode()) if block.label == CERTIFICATE), None)
    except NotPem:
        return ""
    return _fingerprint(found) if found else ""


def _judged(certificate: bytes, key: bytes) -> Verdict:
    chain = _certificate_blocks(certificate)
    private = _key_block(key)
    from hadyn.model import x509_chains  # noqa: PLC0415 - 20 MB and 60 ms: only who has certificates pays for it

    parsed = [x509_chains.parsed(block.content) for block in chain]
    if None in parsed:
        raise Refused(CRT, "a certificate in it cannot be read", "Put the certificate there as it was issued")
    certificates = [each for each in parsed if each is not None]
    public = x509_chains.public_bytes_of_key(str(private).encode())
    if public is None:
        raise Refused(KEY, "the key cannot be read", "Put the private key there, RSA or ECDSA, without pass phrase")
    leaf = x509_chains.leaf_number(certificates, public)
    if leaf is None:
        raise Refused(KEY, "the key does not fit the certificate", "Put both there from the same issue")
    numbers = x509_chains.chain_numbers(certificates, leaf)
    _check_strength(certificates[leaf])
    pair = _pair([certificates[each] for each in numbers], [chain[each] for each in numbers], private)
    return Verdict(pair, _faults(certificates, numbers))


def _certificate_blocks(content: bytes) -> list[Block]:
    """Return the certificates of tls.crt, each once; a key that somebody put there, too, is left out."""
    found = [block for block in readable_blocks(CRT, content, MISSING) if block.label == CERTIFICATE]
    if not found:
        raise Refused(CRT, "there is no certificate in it", "Put the certificate there as PEM, its chain behind it")
    if len(found) > MAX_CERTIFICATES:
        said = f"{len(found)} certificates are over the cap of {MAX_CERTIFICATES}"
        raise Refused(CRT, said, "Put only the certificate and its chain there", Reason.TOO_MANY)
    return list(dict.fromkeys(found))


def _key_block(content: bytes) -> Block:
    keys = list(dict.fromkeys(block for block in readable_blocks(KEY, content, MISSING) if block.is_key))
    if not keys:
        raise Refused(KEY, "there is no private key in it", "Put the private key there as PEM")
    if len(keys) > 1:
        raise Refused(KEY, f"there are {len(keys)} keys in it", "Put only the key of the certificate there")
    if keys[0].is_encrypted:
        raise Refused(KEY, "the key has a pass phrase, and nobody to type it", "Put it there without pass phrase")
    return keys[0]


def _check_strength(leaf: x509.Certificate) -> None:
    from hadyn.model import x509_chains  # noqa: PLC0415 - as above

    algorithm, bits, curve = x509_chains.key_kind(leaf)
    if algorithm == "RSA" and not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        said = f"an RSA key of {bits} bits is {'too weak' if bits < MIN_RSA_BITS else 'too slow'}"
        raise Refused(KEY, said, f"Use {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, or ECDSA", Reason.NOT_SUPPORTED)
    if algorithm == "ECDSA" and curve not in CURVES:
        raise Refused(KEY, f"clients do not know the curve {curve}", "Use P-256 or P-384", Reason.NOT_SUPPORTED)
    if not algorithm:
        raise Refused(KEY, "clients do not know this kind of key", "Use ECDSA or RSA", Reason.NOT_SUPPORTED)


def _pair(certificates: Sequence[x509.Certificate], chain: Sequence[Block], key: Block) -> KeyPair:
    from hadyn.model import x509_chains  # noqa: PLC0415 - as above

    leaf = certificates[0]
    begins, ends = x509_chains.validity(leaf)
    return KeyPair(
        pem="".join(map(str, (*chain, key))),
        fingerprint=_fingerprint(chain[0]),
        algorithm=x509_chains.key_kind(leaf)[0],
        begins=begins,
        ends=ends,
        names=x509_chains.dns_names(leaf),
        responders=x509_chains.responders(leaf),
        has_issuer=any(x509_chains.is_issuer(each, leaf) for each in certificates[1:2]),
    )


def _faults(certificates: Sequence[x509.Certificate], numbers: Sequence[int]) -> tuple[Fault, ...]:
    from hadyn.model import x509_chains  # noqa: PLC0415 - as above

    faults: list[Fault] = []
    strangers = len(certificates) - len(numbers)
    if strangers:
        said = f"{strangers} of its certificates are no part of the chain and are left out"
        faults.append(Fault(CRT, Reason.INVALID_VALUE, said, "Put only the certificate and its chain there"))
    weak = {found for each in numbers if (found := x509_chains.weak_hash(certificates[each]))}
    if weak:
        said = f"it is signed with {' and '.join(sorted(weak))}, which clients refuse"
        faults.append(Fault(CRT, Reason.NOT_SUPPORTED, said, "Have it issued anew; it is served meanwhile"))
    return tuple(faults)


def _fingerprint(block: Block) -> str:
    return hashlib.sha1(block.content, usedforsecurity=False).hexdigest().upper()
