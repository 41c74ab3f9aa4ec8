"""What DNS says of a name, as a source delivers it.

Rules: records are judged when they arrive here (hold times, forbidden addresses); None
for records means that nothing is known yet, which must not empty a backend.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from hadyn.model.problems import Reason


class RecordType(StrEnum):
    """The types that are asked for."""

    A = "A"
    AAAA = "AAAA"
    SRV = "SRV"


ADDRESS_TYPES = {
    "both": (RecordType.A, RecordType.AAAA),
    "ipv4": (RecordType.A,),
    "ipv6": (RecordType.AAAA,),
}
"""What is asked for where addresses are wanted, by --dns-family."""


class DnsQuestion(Struct, frozen=True, gc=False, order=True):
    """One name (lower case; with a final dot it is absolute) and the type asked for."""

    name: str
    type: RecordType

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


class ResolvedRecord(Struct, frozen=True, gc=False, order=True):
    """A record that counts: a canonical ``ip``, and of SRV the port (else 0).

    ``weight`` is 0 to 256; ``draining`` is one that the last answers do not hold any more;
    ``name`` is the host it belongs to, without final dot.
    """

    ip: str
    port: int = 0
    weight: int = 1
    draining: bool = False
    name: str = ""


class Remark(Struct, frozen=True, gc=False, order=True):
    """Something wrong with a name or one of its records, whichever object asked for it."""

    reason: Reason
    said: str
    remedy: str


class ResolvedName(Struct, frozen=True, gc=False):
    """A question and the records that count now, sorted; None while nothing is known.

    ``standby`` are those of a worse priority: they count for HAProxy's own resolver alone.
    """

    question: DnsQuestion
    records: tuple[ResolvedRecord, ...] | None = None
    remarks: tuple[Remark, ...] = ()
    standby: tuple[ResolvedRecord, ...] = ()


class Resolved(Struct, frozen=True, gc=False):
    """One delivery of the resolver: names that are not what they were.

    ``received`` is the monotonic clock, in seconds, when the answers came; with
    ``has_other_servers`` names are asked of other DNS servers from now on.
    """

    names: tuple[ResolvedName, ...]
    received: float = 0.0
    has_other_servers: bool = False
