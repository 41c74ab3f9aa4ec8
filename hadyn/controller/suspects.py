"""Find out whom HAProxy refuses to load, where it says no and not why.

Rules: a world that says no (a port that is taken, no memory) refuses everything, so the files that HAProxy
accepted last are loaded once more first. If they are not, nobody is to blame. If they are, halves of what is new
are loaded until one thing alone is refused: that one is to blame, everything else is loaded on the way.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(slots=True)
class Suspects:
    """Names of backends ("" for the main file); ``tried`` are those that the next reload loads, None for all there are."""

    tried: frozenset[str] | None = None
    _accused: tuple[str, ...] = ()

    def refused(self, loaded: Collection[str]) -> str | None:
        """Note that a reload with these was refused; return who is to blame, None where that is not known, or nobody."""
        if self.tried is None:
            self._accuse(loaded)
            self.tried = frozenset() if self._accused else None
            return None
        accused = self._accused
        self._accuse(set(accused) & self.tried & set(loaded))
        if len(self._accused) > 1:
            self._try_half()
            return None
        blamed = self._accused
        self.end()
        return blamed[0] if blamed else None

    def accepted(self) -> None:
        """Note that a reload came off with all that was tried."""
        if self.tried is not None:
            self._accuse(set(self._accused) - self.tried)
            self._try_half()

    def keep_to(self, pending: Collection[str]) -> None:
        """End the search where nobody who is accused is waited for any more."""
        if self._accused and not set(self._accused) & set(pending):
            self.end()

    def end(self) -> None:
        self.tried, self._accused = None, ()

    def _accuse(self, names: Collection[str]) -> None:
        self._accused = tuple(sorted(names))

    def _try_half(self) -> None:
        """Try the first half of the accused, more than one of whom may be refused, and no one else."""
        half = self._accused[: (len(self._accused) + 1) // 2]
        self.tried = frozenset(half) or None
