"""The reloads since hadyn started, for the status and the metrics.

Rule: one that failed is shown and not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hadyn.observe.metrics import Metrics
from hadyn.observe.status import PastReload
from hadyn.planner.reasons import Reload

DONE = "done"
KEPT = 20
"""So many past reloads are shown by ``hadyn status``."""


@dataclass(slots=True)
class PastReloads:
    """How often, why, and how the last few ended; ``clock`` is monotonic seconds, ``wall_clock`` UTC for people."""

    metrics: Metrics
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]
    last: tuple[PastReload, ...] = ()
    total: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    _began_at: float = 0.0

    def begin(self) -> None:
        """Note that one begins."""
        self._began_at = self.clock()

    def end(self, reasons: Iterable[Reload], result: str = DONE) -> None:
        """Note how it ended: ``result`` is DONE, or what was said against it."""
        words = tuple(dict.fromkeys(str(reload.reason) for reload in reasons))
        self.last = (*self.last, PastReload(self.wall_clock(), words, self.clock() - self._began_at, result))[-KEPT:]
        if result == DONE:
            self.total += 1
            for word in words:
                self.metrics.reloaded(word)
                self.by_reason[word] = self.by_reason.get(word, 0) + 1
