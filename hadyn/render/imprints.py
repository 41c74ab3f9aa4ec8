"""Notice files that somebody else wrote, without reading them.

Rule: a file that hadyn replaced keeps inode, size and time until somebody else touches it.
A look costs one ``stat`` for each file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Imprint = tuple[int, int, int] | None
"""Inode, size in bytes, time of the last change in nanoseconds; None for no file."""


class Imprints:
    """What the files looked like when hadyn wrote or read them last."""

    def __init__(self) -> None:
        self._known: dict[Path, Imprint] = {}

    def take(self, paths: Iterable[Path]) -> None:
        """Take these files as they are now for hadyn's own."""
        self._known.update((path, _imprint(path)) for path in paths)

    def forget(self, path: Path) -> None:
        """Look at a file no more, which hadyn removed."""
        self._known.pop(path, None)

    def differing(self) -> list[Path]:
        """Return the files that are not as they were, those included that are gone, or were not there."""
        return [path for path, imprint in self._known.items() if _imprint(path) != imprint]


def _imprint(path: Path) -> Imprint:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns
