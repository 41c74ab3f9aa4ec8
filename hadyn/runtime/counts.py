"""Slots of all backends, counted while HAProxy prints them.

Rules: no value is made for a slot, so that 100,000 of them are counted in a tenth of a
second and in hardly any memory; a piece that is not as documented raises MalformedTable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from hadyn.planner.observed import SlotState
from hadyn.runtime.tables import NOBODY, MalformedTable, row_pattern, state_of

_COLUMNS = ("be_name", "srv_name", "srv_addr", "srv_admin_state", "srv_fqdn", "srv_port", "srvrecord")
_PLACEHOLDER = tuple(word.encode() for word in NOBODY)
_UNNAMED = b"-"


@dataclass(slots=True)
class SlotCounts:
    """The slots of one backend.

    ``blank`` ones are in maint and hold nobody's address; ``left`` are the names of those
    in maint that still hold the address of somebody who left, or who is kept out.
    ``sessions`` are the backend's, those that wait for a slot included.
    """

    ready: int = 0
    drain: int = 0
    blank: int = 0
    left: list[str] = field(default_factory=list)
    sessions: int = 0

    @property
    def slots(self) -> int:
        return self.ready + self.drain + self.blank + len(self.left)


def counted(pieces: Iterable[bytes]) -> dict[str, SlotCounts]:
    """Read ``show servers state`` as it comes, in pieces cut anywhere; a backend without slots is not in the result.

    Raises MalformedTable for a table that is not as documented, or that does not end.
    """
    counts: dict[bytes, SlotCounts] = {}
    pattern = None
    is_complete = False
    for lines in _whole_lines(pieces):
        rows = lines
        if pattern is None:
            version, header, rows = lines.split(b"\n", 2)
            pattern = _row_pattern(version, header)
        is_complete = _count(rows, pattern, counts)
    if not is_complete:
        raise MalformedTable("show servers state: it has no end")
    return {name.decode("utf-8", "surrogateescape"): count for name, count in counts.items()}


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join pieces and cut them behind line ends; the first one has two lines or more."""
    rest, fewest = b"", 2
    for piece in pieces:
        rest += piece
        end = rest.rfind(b"\n") + 1
        if rest.count(b"\n", 0, end) >= fewest:
            yield rest[:end]
            rest, fewest = rest[end:], 1
    if rest:
        raise MalformedTable("show servers state: it ends in the middle of a line")


@lru_cache(maxsize=4)
def _row_pattern(version: bytes, header: bytes) -> re.Pattern[bytes]:
    """Return what finds the wanted columns of a row."""
    text = row_pattern(version.decode("ascii", "replace"), header.decode("ascii", "replace"), _COLUMNS)
    return re.compile(text.pattern.encode(), re.MULTILINE)


def _count(rows: bytes, pattern: re.Pattern[bytes], counts: dict[bytes, SlotCounts]) -> bool:
    """Count some rows; return whether the empty line that ends the table was among them."""
    is_end = rows == b"\n" or rows.endswith(b"\n\n")
    found = pattern.findall(rows)
    if len(found) != rows.count(b"\n") - is_end:
        raise MalformedTable("show servers state: a row has other columns than the header")
    name, count = b"", SlotCounts()
    for backend, slot, ip, admin, fqdn, port, service in found:
        if backend != name:
            name, count = backend, counts.setdefault(backend, SlotCounts())
        state = _state_of(admin)
        if state is SlotState.READY:
            count.ready += 1
        elif state is SlotState.DRAIN:
            count.drain += 1
        elif (ip, port) == _PLACEHOLDER or (ip == fqdn == service == _UNNAMED):
            count.blank += 1
        else:
            count.left.append(slot.decode("utf-8", "surrogateescape"))
    return is_end


@lru_cache(maxsize=256)
def _state_of(admin: bytes) -> SlotState:
    return state_of(admin.decode("ascii", "replace"))
