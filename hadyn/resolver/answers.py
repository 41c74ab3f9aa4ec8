"""What a DNS server answered, read from bytes.

Rules: what is no answer to the query is not read at all (None: wait on). Of an answer,
records that belong to the question are taken, by name and not by place; a record that is
damaged is left out and said. CNAMEs are followed as far as the answer goes.

dnspython reads answers, but for the plain ones of addresses: those are nearly all there
are, and reading 50 addresses takes it 6 ms.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Any

import dns.exception
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rcode import Rcode
from msgspec import Struct

from hadyn.model.resolved import RecordType
from hadyn.resolver.queries import HEADER, NUMBERS, Query
from hadyn.resolver.records import MOST_RECORDS

LONGEST_CHAIN = 8
_RESPONSE, _TRUNCATED, _OPCODE, _RCODE = 0x8000, 0x0200, 0x7800, 0x000F
_AUTHORITATIVE, _RECURSION_AVAILABLE = 0x0400, 0x0080
_RECORD = struct.Struct("!HHHIH")
_LENGTHS = {RecordType.A: 4, RecordType.AAAA: 16}
_POINTER_TO_QUESTION = 0xC000 | HEADER.size
_SIGN_BIT = 0x80000000


class ServiceRecord(Struct, frozen=True, gc=False, order=True):
    """One SRV record; ``target`` is as spelled, in lower case, without final dot ("" for the root)."""

    priority: int
    weight: int
    port: int
    target: str


class Answer(Struct, frozen=True, gc=False):
    """One answer.

    ``addresses`` or ``services`` are the records asked for, each once, ``ttl`` the least
    of them and the CNAMEs that led there; for a negative answer what the zone says, None
    where it does not. ``aliases`` are the CNAMEs on the way, ``leads_on`` that the last
    one has no record here. ``glue`` are addresses of other names that came along.
    ``damaged`` counts records that could not be read, ``left_out`` those past the limit.
    """

    rcode: int
    is_truncated: bool = False
    is_lame: bool = False
    addresses: tuple[str, ...] = ()
    services: tuple[ServiceRecord, ...] = ()
    ttl: int | None = None
    aliases: tuple[str, ...] = ()
    leads_on: bool = False
    glue: tuple[tuple[str, str], ...] = ()
    damaged: int = 0
    left_out: int = 0

    @property
    def has_records(self) -> bool:
        return bool(self.addresses or self.services)


class MalformedAnswer(ValueError):
    """The bytes answer the query, but cannot be read; ``str()`` says why."""


def read_answer(wire: bytes, query: Query) -> Answer | None:
    """Read the answer to a query; None for what is not an answer to it. Raises MalformedAnswer."""
    if len(wire) < HEADER.size:
        return None
    identity, flags, questions, records, authorities, additionals = HEADER.unpack_from(wire)
    if identity != query.id or not flags & _RESPONSE or flags & _OPCODE or questions > 1:
        return None
    question = query.question
    if questions and not flags & _RCODE and 0 < records and wire.startswith(question, HEADER.size):
        plain = _plain_addresses(wire, query, HEADER.size + len(question), records)
        if plain is not None:
            return plain
    message = _parsed(HEADER.pack(identity, flags, questions, *_bounded(records, authorities, additionals)) + wire[12:])
    return _interpreted(message, query, max(0, records - MOST_RECORDS)) if _is_question_of(message, query) else None


def _plain_addresses(wire: bytes, query: Query, offset: int, count: int) -> Answer | None:
    """Read an answer whose records all belong to the question itself; None where it is anything else."""
    length = _LENGTHS.get(query.type)
    if length is None:
        return None
    number, step = NUMBERS[query.type], _RECORD.size + length
    taken = min(count, MOST_RECORDS)
    if len(wire) < offset + taken * step:
        return None
    found: dict[str, None] = {}
    least = _SIGN_BIT
    for start in range(offset, offset + taken * step, step):
        pointer, kind, of_class, ttl, size = _RECORD.unpack_from(wire, start)
        if (pointer, kind, of_class, size) != (_POINTER_TO_QUESTION, number, 1, length):
            return None
        least = min(least, ttl if ttl < _SIGN_BIT else 0)
        found[_address(wire[start + _RECORD.size : start + step])] = None
    is_truncated = bool(HEADER.unpack_from(wire)[1] & _TRUNCATED)
    return Answer(0, is_truncated, addresses=tuple(found), ttl=least, left_out=count - taken)


def _bounded(records: int, authorities: int, additionals: int) -> tuple[int, int, int]:
    """Return how many records of each section to read: a hostile answer costs no more than a large honest one."""
    if records > MOST_RECORDS:
        return MOST_RECORDS, 0, 0
    if authorities > MOST_RECORDS:
        return records, MOST_RECORDS, 0
    return records, authorities, min(additionals, 2 * MOST_RECORDS)


def _address(packed: bytes) -> str:
    return ".".join(map(str, packed)) if len(packed) == 4 else str(IPv6Address(packed))


def _parsed(wire: bytes) -> Message:
    try:
        return dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True, keyring=False)
    except dns.exception.DNSException as cause:
        raise MalformedAnswer(str(cause) or type(cause).__name__) from cause


def _is_question_of(message: Message, query: Query) -> bool:
    """Whether the answer repeats the question; a server that could not read the query may leave it out."""
    if not message.question:
        if message.errors:
            raise MalformedAnswer("its question cannot be read")
        return message.rcode() in (Rcode.FORMERR, Rcode.NOTIMP)
    question = message.question[0]
    asked = int(question.rdtype), int(question.rdclass)
    return asked == (NUMBERS[query.type], 1) and _text(question.name) == query.name


def _interpreted(message: Message, query: Query, left_out: int) -> Answer:
    by_name = {(rrset.name, rrset.rdtype): rrset for rrset in message.answer if rrset.rdclass == dns.rdataclass.IN}
    name = message.question[0].name if message.question else dns.name.root
    rdtype = dns.rdatatype.from_text(query.type)
    aliases: list[str] = []
    ttls: list[int] = []
    while (name, rdtype) not in by_name and (name, dns.rdatatype.CNAME) in by_name:
        alias = by_name[name, dns.rdatatype.CNAME]
        name = alias[0].target
        ttls.append(alias.ttl)
        aliases.append(_text(name))
        if len(aliases) > LONGEST_CHAIN:
            raise MalformedAnswer(f"more than {LONGEST_CHAIN} CNAMEs, or they go round in circles")
    found = by_name.get((name, rdtype))
    if found is None and message.errors:
        raise MalformedAnswer("none of its records can be read")
    flags = int(message.flags)
    return Answer(
        int(message.rcode()),
        bool(flags & _TRUNCATED),
        is_lame=found is None and not aliases and _is_referral(message, flags),
        addresses=tuple(record.address for record in found or () if query.type is not RecordType.SRV),
        services=tuple(_service(record) for record in found or () if query.type is RecordType.SRV),
        ttl=min([*ttls, found.ttl]) if found is not None else _negative_ttl(message),
        aliases=tuple(aliases),
        leads_on=bool(aliases) and found is None,
        glue=tuple(_glue(message)) if query.type is RecordType.SRV else (),
        damaged=len(message.errors),
        left_out=left_out,
    )


def _service(record: Any) -> ServiceRecord:
    return ServiceRecord(record.priority, record.weight, record.port, _text(record.target))


def _is_referral(message: Message, flags: int) -> bool:
    """Whether a server that neither knows nor asks others sends us on: a lame delegation, no empty answer."""
    kinds = {rrset.rdtype for rrset in message.authority}
    is_negative = message.rcode() == Rcode.NOERROR and dns.rdatatype.SOA not in kinds
    return is_negative and dns.rdatatype.NS in kinds and not flags & (_AUTHORITATIVE | _RECURSION_AVAILABLE)


def _negative_ttl(message: Message) -> int | None:
    for rrset in message.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return min(rrset.ttl, int(rrset[0].minimum))
    return None


def _glue(message: Message) -> Iterator[tuple[str, str]]:
    for rrset in (*message.answer, *message.additional):
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA) and rrset.rdclass == dns.rdataclass.IN:
            host = _text(rrset.name)
            yield from ((host, record.address) for record in rrset)


def _text(name: Name) -> str:
    return "" if name == dns.name.root else name.to_text(omit_final_dot=True).lower()
