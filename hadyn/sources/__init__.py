"""Where the wish comes from: a folder of manifests, a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hadyn.model.changes import Changes

Emit = Callable[[Changes], None]
"""Takes one delivery; any thread may call it, it returns at once."""


class Source(Protocol):
    """What every source can do.

    A source reads in its own thread and says what changed as values; it never takes away
    what it merely lost sight of.
    """

    name: str

    def start(self, emit: Emit) -> None:
        """Read everything, emit one complete delivery, then go on in a thread of its own.

        Raises HadynError where there is nothing to begin with; nothing is left running then.
        """

    def stop(self) -> None:
        """End promptly; nothing is emitted afterwards."""

    def staleness_seconds(self, now: float) -> float:
        """For how long the source has not seen all of its place; 0 while it does. ``now`` is monotonic seconds."""
