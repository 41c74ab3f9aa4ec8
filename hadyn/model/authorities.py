"""Judge the certificates of authorities before HAProxy believes anybody by them.

Rules: bytes in, verdict out, whatever the bytes; no clock. What HAProxy could not load is
refused, and so is what would let nobody or the wrong ones through unnoticed: a list of
revoked certificates that no authority here signed, a certificate that may sign nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from hadyn.model.keypairs import Refused, readable_blocks
from hadyn.model.objects import Fault
from hadyn.model.pem import CERTIFICATE, Block
from hadyn.model.problems import Reason

if TYPE_CHECKING:
    from cryptography import x509

CA, CRL = "ca.crt", "ca.crl"
"""Keys of a Secret."""
MAX_AUTHORITIES = 200
"""A browser knows 150."""
MAX_LISTS = 50
REVOKED = "X509 CRL"


class Authorities(Struct, frozen=True, gc=False):
    """Who is believed: ``pem`` has each certificate once, ``revoked`` the lists of revoked ones ("" for none).

    Seconds since 1970: ``ends`` is until when any of the certificates is valid, ``lists_end`` until
    when all lists are believed, 0 for ever. ``fingerprint``, 64 hexadecimal digits, is equal for
    the same authorities and lists alone.
    """

    pem: str
    revoked: str
    ends: int
    lists_end: int
    fingerprint: str


class AuthoritiesVerdict(Struct, frozen=True, gc=False):
    """What comes of a Secret: the authorities, None where nobody can be believed by it, and what is wrong with it."""

    authorities: Authorities | None
    faults: tuple[Fault, ...] = ()


def judge_authorities(values: Mapping[str, bytes]) -> AuthoritiesVerdict:
    """Judge ``ca.crt`` of a Secret, with ``ca.crl`` where it is there; never raises."""
    try:
        return AuthoritiesVerdict(_judged(values))
    except Refused as refused:
        return AuthoritiesVerdict(None, (refused.fault,))


def _judged(values: Mapping[str, bytes]) -> Authorities:
    from hadyn.model import x509_chains  # noqa: PLC0415 - 20 MB and 60 ms: only who has certificates pays for it

    blocks = _blocks(values, CA, CERTIFICATE, MAX_AUTHORITIES)
    certificates = [each for block in blocks if (each := x509_chains.parsed(block.content)) is not None]
    if len(certificates) < len(blocks):
        raise Refused(
            _field(CA), "a certificate in it cannot be read", "Put the certificates there as they were issued"
        )
    if not any(x509_chains.is_authority(each) or x509_chains.is_root(each) for each in certificates):
        said = "no certificate in it may sign others"
        raise Refused(_field(CA), said, "Put the certificate of the authority there, not one that it issued")
    lists = _blocks(values, CRL, REVOKED, MAX_LISTS) if CRL in values else []
    pem, revoked = ("".join(map(str, each)) for each in (blocks, lists))
    return Authorities(
        pem=pem,
        revoked=revoked,
        ends=max(x509_chains.validity(each)[1] for each in certificates),
        lists_end=_end_of_lists(lists, certificates),
        fingerprint=hashlib.sha256(f"{pem}\n{revoked}".encode()).hexdigest(),
    )


def _end_of_lists(blocks: Sequence[Block], authorities: Sequence[x509.Certificate]) -> int:
    from hadyn.model import x509_chains  # noqa: PLC0415 - as above

    ends: list[int] = []
    for block in blocks:
        revocations = x509_chains.parsed_revocations(block.content)
        if revocations is None:
            raise Refused(_field(CRL), "a list in it cannot be read", "Put the lists there as they were issued")
        if not any(x509_chains.revokes_for(revocations, each) for each in authorities):
            said = f"no authority of {CA} signed a list in it"
            raise Refused(_field(CRL), said, f"Put the lists of the authorities there that are in {CA}")
        ends.append(x509_chains.end_of_revocations(revocations))
    return min((end for end in ends if end), default=0)


def _blocks(values: Mapping[str, bytes], key: str, label: str, most: int) -> list[Block]:
    """Return the blocks of this kind, each once."""
    field = _field(key)
    found = readable_blocks(field, values.get(key, b""), f"A Secret with authorities has {CA}, as PEM")
    wanted = list(dict.fromkeys(block for block in found if block.label == label))
    if not wanted:
        raise Refused(field, f"there is no {label} in it", "Put it there as PEM")
    if len(wanted) > most:
        raise Refused(field, f"{len(wanted)} are over the cap of {most}", "Put fewer there", Reason.TOO_MANY)
    return wanted


def _field(key: str) -> str:
    return f"data[{key}]"
