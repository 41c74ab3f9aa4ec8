"""What a reflector asks next, after which answer, and after which pause.

Rules:

1. List once, then watch from there, and resume where the last event was. Everything is
   listed anew only where that place is lost: 410, silence, an answer refused repeatedly.
2. Nothing learnt is ever taken back by a failure: it only decides what is asked next.
3. A list in which nine of ten objects are missing is not believed until another one, half
   a minute later, says the same: an apiserver that comes up over an empty store says so
   too (and has one Service then, its own).
4. Pauses grow with every failure of the same sort and have full jitter, so that many
   hadyns do not come back together.
"""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, wait_random_exponential

from hadyn.cluster.errors import (
    AnswerNotUnderstood,
    ApiBusy,
    ApiFailed,
    ApiSilent,
    ApiUnreachable,
    VersionGone,
)
from hadyn.errors import HadynError

PAGE = 500
"""Objects of one page: decoding more at a time would hold up the wheel."""
WHOLE = 0
"""The limit of a list in one piece."""
SUSPICIOUS_COUNT = 10
"""Of so many objects not nine of ten vanish by one list without suspicion."""
BELIEVE_SECONDS = 30.0
ASK_AGAIN_SECONDS = 15.0
STEADY_SECONDS = 1.0
"""A watch that lasted so long was none that ends at once, again and again."""
REFUSALS = 3
"""After so many refusals in a row the place to resume at is given up."""

SHORTEST_PAUSE_SECONDS = 0.1
UNREACHABLE_PAUSE_SECONDS = 4.0
"""Nobody is burdened by the question whether there is an apiserver again; and all is in step 5 s after."""
LONGEST_PAUSE_SECONDS = 30.0
_TO_AN_EMPTY_PLACE = Retrying(
    wait=wait_random_exponential(multiplier=0.5, min=SHORTEST_PAUSE_SECONDS, max=UNREACHABLE_PAUSE_SECONDS)
)
_TO_SOMEBODY = Retrying(
    wait=wait_random_exponential(multiplier=1.0, min=SHORTEST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS)
)


@dataclass(frozen=True, slots=True)
class ListPage:
    """Ask for a page of at most ``limit`` objects; ``token`` is "" for the first."""

    token: str = ""
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class WatchFrom:
    """Ask for what happens from this resourceVersion on."""

    resource_version: str


Step = ListPage | WatchFrom


class Progress:
    """Where one reflector stands; ``step`` is what to ask next. All times are monotonic seconds."""

    def __init__(self, suspicious_count: int = SUSPICIOUS_COUNT) -> None:
        """Of ``suspicious_count`` objects not nine of ten vanish by one list without suspicion."""
        self.step: Step = ListPage()
        self._suspicious_count = suspicious_count
        self._count = 0
        self._suspicious_since: float | None = None
        self._failures = 0
        self._sort: type[HadynError] | None = None
        self._refusals = 0

    def paged(self, token: str) -> None:
        """A page came, and this token asks for the next."""
        assert isinstance(self.step, ListPage)
        self.step = ListPage(token, self.step.limit)
        self._refusals = 0

    def listed(self, count: int, resource_version: str, now: float) -> float | None:
        """All pages came, with so many objects in all.

        Returns None where the list counts and is to be delivered; else the seconds after
        which to list again, and what was known before goes on counting.
        """
        self._refusals = 0
        if self._count >= self._suspicious_count and 10 * count <= self._count:
            self._suspicious_since = now if self._suspicious_since is None else self._suspicious_since
            if now - self._suspicious_since < BELIEVE_SECONDS:
                self.step = ListPage()
                return ASK_AGAIN_SECONDS
        self._count, self._suspicious_since = count, None
        self.step = WatchFrom(resource_version)
        return None

    def moved(self, resource_version: str, gained: int) -> None:
        """Events came; ``gained`` is how many objects more there may be (less, where negative)."""
        if resource_version:
            self.step = WatchFrom(resource_version)
        self._count = max(0, self._count + gained)
        self._refusals = 0

    def watched(self, lasted_seconds: float) -> None:
        """A watch goes well for so long."""
        if lasted_seconds >= STEADY_SECONDS:
            self._failures = 0

    def ended(self) -> float:
        """The server ended a watch in order; returns the seconds to wait before the next one."""
        self._failures += 1
        return 0.0 if self._failures == 1 else _pause(_TO_SOMEBODY, self._failures - 1)

    def failed(self, failure: HadynError) -> float:
        """Something went wrong; returns the seconds to wait before the next request."""
        if type(failure) is not self._sort:
            self._sort, self._failures = type(failure), 0
        self._failures += 1
        self.step = self._step_after(failure)
        if isinstance(failure, VersionGone):
            return 0.0 if self._failures == 1 else _pause(_TO_SOMEBODY, self._failures - 1)
        if isinstance(failure, ApiUnreachable):
            return _pause(_TO_AN_EMPTY_PLACE, self._failures)
        asked_for = failure.retry_after_seconds if isinstance(failure, ApiBusy) else 0.0
        return asked_for + _pause(_TO_SOMEBODY, self._failures)

    def _step_after(self, failure: HadynError) -> Step:
        if isinstance(failure, VersionGone):
            # A token that expired between two pages would do so again: then all in one piece.
            had_token = isinstance(self.step, ListPage) and self.step.token
            return ListPage(limit=WHOLE) if had_token else ListPage()
        if isinstance(failure, ApiSilent):
            return ListPage()
        if isinstance(failure, ApiFailed | AnswerNotUnderstood):
            self._refusals += 1
            if self._refusals >= REFUSALS:
                self._refusals = 0
                return ListPage()
        return self.step


def _pause(strategy: Retrying, failures: int) -> float:
    attempt = RetryCallState(strategy, None, (), {})
    attempt.attempt_number = failures
    return float(strategy.wait(attempt))
