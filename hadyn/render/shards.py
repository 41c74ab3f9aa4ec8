"""Sections of backends in memory, spread over shards as they are over files.

Rule: a backend's shard depends on its name alone, so a changed seat changes one small
file whatever the number of backends, and a restarted hadyn finds the backend where
it left it. Pure: ``render/files.py`` reads and writes.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise

from hadyn.model.desired import BACKEND_NAME

SHARDS = 256
"""So many that each file is small; HAProxy loads them as fast as one (docs/decisions/0002-shards.md)."""
SECTION = re.compile(rb"^(?:userlist .*\n(?:    user .*\n)*)*backend (\S*)", re.MULTILINE)
"""How a backend begins: with the lists of users that it asks for, if any."""
SLOTS = b"\n    server"


class Shards:
    """Section texts by backend, as the bytes that stand in the files."""

    def __init__(self) -> None:
        self._shards: list[dict[str, bytes]] = [{} for _ in range(SHARDS)]
        self._names: set[str] = set()

    def get(self, name: str) -> bytes | None:
        return self._shards[shard_of(name)].get(name)

    def put(self, name: str, section: bytes) -> int:
        """Set a backend's section; return the number of its shard."""
        number = shard_of(name)
        self._shards[number][name] = section
        self._names.add(name)
        return number

    def remove(self, name: str) -> int | None:
        """Drop a backend; return the number of its shard, None if it was not there."""
        number = shard_of(name)
        self._names.discard(name)
        return number if self._shards[number].pop(name, None) is not None else None

    def names(self) -> AbstractSet[str]:
        """Return the backends there are; to look at only."""
        return self._names

    def content(self, number: int, changed: Mapping[str, bytes] | None = None) -> bytes:
        """Return the bytes of one file, with other sections for some backends."""
        return shard_content({**self._shards[number], **changed} if changed else self._shards[number])

    def numbers(self) -> Iterator[int]:
        """Yield the shards that hold a backend."""
        return (number for number, shard in enumerate(self._shards) if shard)

    def adopt(self, number: int, content: bytes) -> bool:
        """Take over what a file holds; return whether it is exactly what hadyn would have written."""
        found = {name: section for name, section in sections(content) if shard_of(name) == number}
        self._names.difference_update(self._shards[number])
        self._names.update(found)
        self._shards[number] = found
        return shard_content(found) == content


def shard_of(name: str) -> int:
    """crc32 and not ``hash()``: that one differs from process to process."""
    return zlib.crc32(name.encode()) % SHARDS


def shard_content(shard: Mapping[str, bytes]) -> bytes:
    """Join sections sorted by name, so that the same backends are the same bytes."""
    return b"\n".join([shard[name] for name in sorted(shard)])


def sections(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sections of backends in a file; what stands before the first one is dropped, and what is no text."""
    found = list(SECTION.finditer(content))
    for match, (start, end) in zip(found, pairwise([*(each.start() for each in found), len(content)]), strict=True):
        section = content[start:end].rstrip(b"\n") + b"\n"
        name = match[1].decode("ascii", "replace")
        if BACKEND_NAME.fullmatch(name) and _is_text(section):
            yield name, section


def _is_text(section: bytes) -> bool:
    try:
        section.decode()
    except UnicodeDecodeError:
        return False
    return True


def differs_in_seats_only(section: bytes, other: bytes) -> bool:
    """Tell whether two sections have the same directives, which stand before the slots."""
    return section.partition(SLOTS)[0].rstrip() == other.partition(SLOTS)[0].rstrip()


def with_seats(judged: bytes, section: bytes) -> bytes:
    """Return a section with the directives of one and the slots of another."""
    _, mark, slots = section.partition(SLOTS)
    return judged.partition(SLOTS)[0].rstrip() + (mark + slots or b"\n")
