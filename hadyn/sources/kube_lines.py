"""Cut a stream of bytes into lines, however its chunks fall."""

from __future__ import annotations

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes: the apiserver takes objects of 3 MB at most, and spells them in not many times more."""


class LineTooLong(ValueError):
    """No line ends within LONGEST_LINE bytes."""


class Lines:
    """Gathers chunks; costs each byte once, however many chunks a line comes in."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._begun: list[bytes] = []
        self._length = 0

    def take(self, chunk: bytes) -> list[bytes]:
        """Return the lines that this chunk completes, without their ends; raises LineTooLong."""
        first, *others = chunk.split(b"\n")
        self._begun.append(first)
        self._length += len(first)
        if self._length > self._longest:
            raise LineTooLong
        if not others:
            return []
        complete = [b"".join(self._begun), *others[:-1]]
        self._begun = [others[-1]]
        self._length = len(others[-1])
        return [line for line in complete if line.strip()]

    @property
    def has_part(self) -> bool:
        """Whether a line has begun and not ended."""
        return self._length > 0
