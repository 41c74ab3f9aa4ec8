"""Keep what HAProxy says on its standard output, bounded.

Rule: HAProxy writes to a file of its own, never to a pipe of hadyn's, since it has to go on
when hadyn is killed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

LARGEST = 1_000_000
KEPT = 100_000


class ProcessLog:
    """One file that HAProxy appends to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> BinaryIO:
        """Open the file to append to it; raises OSError."""
        return os.fdopen(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600), "ab")

    def size(self) -> int:
        """Return how many bytes there are; what is said later stands behind them."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, position: int) -> str:
        """Return what was said after ``size`` was the position."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as log:
            log.seek(position)
            return log.read(KEPT).decode("latin-1")

    def trim(self) -> None:
        """Keep only the end once the file is large: each state that changes is a line of it. Raises OSError.

        HAProxy goes on in the same file, because it appends; a line said in between is lost.
        """
        if self.size() <= LARGEST:
            return
        with self.path.open("r+b") as log:
            log.seek(-KEPT, os.SEEK_END)
            end = log.read().partition(b"\n")[2]
            log.seek(0)
            log.write(end)
            log.truncate()
