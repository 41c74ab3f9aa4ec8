"""Where the wish comes from: a folder of manifests, a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from hadyn.model.changes import Changes
from hadyn.model.problems import ObjectRef

Emit = Callable[[Changes], None]
"""Takes one delivery; any thread may call it, it returns at once."""


def nowhere(_changes: Changes) -> None:
    """Where deliveries go before the start."""


class Part(Protocol):
    """What a source delivers under a name of its own, and can lose sight of by itself."""

    name: str

    def staleness_seconds(self, now: float) -> float:
        """For how long it has not seen all of its place; 0 while it does. ``now`` is monotonic seconds."""


class Source(Protocol):
    """What every source can do.

    A source reads in its own threads and says what changed as values; it never takes away
    what it merely lost sight of.
    """

    brings_secrets: bool
    """Whether it delivers Secrets only as they are wanted, and a delete for one that is not there."""

    def start(self, emit: Emit) -> None:
        """Begin to read; go on in threads of its own.

        Raises HadynError where there is nothing to begin with; nothing is left running then.
        """

    def wait(self, seconds: float | None = None) -> bool:
        """Return once each part has emitted one complete delivery; False where that takes longer.

        Nothing is emitted before everything has been read. Raises HadynError where that is
        not going to be.
        """

    def want_secrets(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """Take which Secrets are referred to from now on, and which no longer; any thread."""

    def stop(self) -> None:
        """End promptly; nothing is emitted afterwards."""

    def parts(self) -> Sequence[Part]:
        """What it delivers from, as far as that is known yet."""

    def place_of(self, ref: ObjectRef) -> str:
        """Where an object of this source is written down ("shop.yaml:12"), "" where that cannot be said; any thread."""
