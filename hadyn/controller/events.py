"""What can happen to the controller: everything that enters its one queue."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, field

from hadyn.errors import HadynError, TemporaryError
from hadyn.model.changes import Changes
from hadyn.model.resolved import Resolved
from hadyn.process.door import Life
from hadyn.render.candidate import Candidate

ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Somebody asks hadyn to stop (SIGTERM, SIGINT)."""


@dataclass(frozen=True, slots=True)
class Resync:
    """Compare everything, not only what changed (SIGHUP)."""


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    """A HAProxy is gone."""

    life: Life


@dataclass(frozen=True, slots=True)
class Judged:
    """HAProxy has looked at a candidate; ``failure`` is what it, or the attempt to ask it, came to."""

    candidate: Candidate
    failure: HadynError | None


class Busy(TemporaryError):
    """The controller did not answer a question in time."""

    def __init__(self) -> None:
        super().__init__(
            f"hadyn did not answer within {ANSWER_SECONDS:g} s",
            remedy="It may be reloading a large HAProxy; ask again",
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A question that only the owner of all state can answer, asked from another thread."""

    ask: Callable[[], object]
    _answers: queue.SimpleQueue[tuple[object, Exception | None]] = field(default_factory=queue.SimpleQueue)

    def answer(self) -> None:
        """Answer it; called by the owner. What goes wrong is raised where the question was asked."""
        try:
            self._answers.put((self.ask(), None))
        except Exception as failure:  # noqa: BLE001 - handed to the thread that asked, which raises it
            self._answers.put((None, failure))

    def wait(self) -> object:
        """Return the answer; raises Busy when none comes in time."""
        try:
            answer, failure = self._answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise Busy from None
        if failure is not None:
            raise failure
        return answer


Event = Changes | Resolved | Stop | Resync | ProcessEnded | Judged | Question
EventQueue = queue.SimpleQueue[Event]
