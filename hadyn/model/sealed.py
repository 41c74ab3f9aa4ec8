"""Bytes by name that show themselves to nobody who prints them.

Rule: whoever wants a value asks for it by its name; a log, a traceback, a test's message
or an encoder that meets the whole gets the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Sealed(Mapping[str, bytes]):
    """Values of a Secret; equal where all of them are, never changed."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, bytes] = {}) -> None:
        self._entries = dict(sorted(entries.items()))

    def __getitem__(self, key: str) -> bytes:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash(tuple(self._entries.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self._entries == other._entries

    def __repr__(self) -> str:
        return f"Sealed({', '.join(self._entries)})"
