"""Queries as bytes, by hand: a name is asked every few seconds for ever, and building takes dnspython 130 us."""

from __future__ import annotations

import struct

from msgspec import Struct

from hadyn.model.resolved import RecordType

PAYLOAD_BYTES = 1232
"""What a UDP answer may have: less than any path's packet, as servers agreed in 2020."""
NUMBERS = {RecordType.A: 1, RecordType.AAAA: 28, RecordType.SRV: 33}
HEADER = struct.Struct("!HHHHHH")
_RECURSION_DESIRED = 0x0100
_CLASS_IN = 1
_OPT = b"\0" + struct.pack("!HHIH", 41, PAYLOAD_BYTES, 0, 0)


class Query(Struct, frozen=True, gc=False):
    """One question to a server; ``name`` is absolute, lower case, without final dot."""

    name: str
    type: RecordType
    id: int
    has_edns: bool = True

    @property
    def question(self) -> bytes:
        """The question as it stands in query and answer."""
        labels = b"".join(bytes((len(label),)) + label.encode() for label in self.name.split("."))
        return labels + b"\0" + struct.pack("!HH", NUMBERS[self.type], _CLASS_IN)

    @property
    def wire(self) -> bytes:
        """The whole query, without the length that TCP wants before it."""
        header = HEADER.pack(self.id, _RECURSION_DESIRED, 1, 0, 0, self.has_edns)
        return header + self.question + (_OPT if self.has_edns else b"")
