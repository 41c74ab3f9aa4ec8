"""How long Secrets have been gone that something is still served from.

Rule: one that is deleted and comes back within a minute was not gone: cert-manager does so.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

GRACE_SECONDS = 60.0


@dataclass(slots=True)
class Absences:
    """What is away, and since when; ``clock`` is monotonic seconds."""

    clock: Callable[[], float]
    _since: dict[Hashable, float] = field(default_factory=dict)

    def is_long(self, thing: Hashable) -> bool:
        """Whether a thing that is away has been for longer than it may; it counts from the first time that this is asked."""
        return self.clock() - self._since.setdefault(thing, self.clock()) >= GRACE_SECONDS

    def end(self, thing: Hashable) -> None:
        """Note that a thing is there, or that nobody asks for it any more."""
        self._since.pop(thing, None)
