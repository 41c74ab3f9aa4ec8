"""The lines of one map file, of which only those near a change are spelled anew.

Rule: the bytes are those of ``maps.map_file``, whatever came in which order; to get them
costs what changed since they were asked for last, besides one copy of the rest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from hadyn.render.maps import map_line

CHUNK = 50
"""So many lines are spelled together; a chunk twice as long is cut in two."""


class MapLines:
    """Entries sorted by key, in chunks that each know their text until it changes."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._values = dict(entries)
        keys = sorted(entries)
        self._chunks = [keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK)] or [[]]
        self._heads = ["", *(chunk[0] for chunk in self._chunks[1:])]
        self._texts: list[bytes | None] = [None] * len(self._chunks)

    @property
    def entries(self) -> Mapping[str, str]:
        """The values by key; to look at only."""
        return self._values

    def put(self, key: str, value: str) -> None:
        """Set an entry, whether it is there or not."""
        number = self._number(key)
        if key not in self._values:
            chunk = self._chunks[number]
            chunk.insert(bisect_left(chunk, key), key)
            if len(chunk) > 2 * CHUNK:
                self._cut(number)
                number = self._number(key)
        self._values[key] = value
        self._texts[number] = None

    def remove(self, key: str) -> None:
        """Remove an entry that is there."""
        del self._values[key]
        number = self._number(key)
        chunk = self._chunks[number]
        del chunk[bisect_left(chunk, key)]
        self._texts[number] = None
        if not chunk and number:
            del self._chunks[number], self._heads[number], self._texts[number]

    def content(self) -> bytes:
        """Return the bytes of the file."""
        for number, text in enumerate(self._texts):
            if text is None:
                lines = [map_line(key, self._values[key]) for key in self._chunks[number]]
                self._texts[number] = "".join(lines).encode()
        return b"".join(filter(None, self._texts))

    def _number(self, key: str) -> int:
        """Return the number of the chunk where a key is, or belongs."""
        return bisect_right(self._heads, key) - 1

    def _cut(self, number: int) -> None:
        chunk = self._chunks[number]
        self._chunks[number : number + 1] = [chunk[:CHUNK], chunk[CHUNK:]]
        self._heads.insert(number + 1, chunk[CHUNK])
        self._texts[number : number + 1] = [None, None]
