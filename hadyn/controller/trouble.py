"""HAProxy does not answer as it should: when to try again, what to say of it.

Rules: soon at first, then with growing pauses and jitter, so that many hadyns do not come
back together. A trouble is a line in the log when it begins, when it becomes another one,
and when it is over; not at every try.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from hadyn.errors import HadynError, NotHAProxy, SocketTimeout, SocketUnreachable

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
UNREACHABLE_SECONDS = 5.0
"""A runtime socket that nobody answers on for so long, while HAProxy lives, was removed or taken."""
REBIND_SECONDS = 60.0

log = logging.getLogger(__name__)


class Trouble:
    """One trouble after the other; ``clock`` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries = 0
        self._said = ""
        self._since = 0.0
        self._unreachable_at: float | None = None
        self.retry_at = 0.0
        self.has_timed_out = False

    @property
    def is_there(self) -> bool:
        return self._tries > 0

    def met(self, failure: HadynError) -> None:
        """Note that a try failed."""
        now = self._clock()
        self._since = self._since if self.is_there else now
        self._tries += 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._tries - 1, 10))
        self.retry_at = now + pause * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self.has_timed_out |= isinstance(failure, SocketTimeout)
        if not isinstance(failure, SocketUnreachable | NotHAProxy):
            self._unreachable_at = None
        elif self._unreachable_at is None:
            self._unreachable_at = now + UNREACHABLE_SECONDS
        if self._said != str(failure):
            self._said = str(failure)
            log.warning("%s", failure)

    def over(self) -> bool:
        """Note that a try succeeded; return whether what HAProxy was told before may still be carried out, late."""
        if self.is_there:
            log.info("HAProxy answers again after %.1f s", self._clock() - self._since)
        may_come_late = self.has_timed_out
        self._tries, self._said, self._unreachable_at = 0, "", None
        self.retry_at, self.has_timed_out = 0.0, False
        return may_come_late

    def is_socket_gone(self) -> bool:
        """Whether it is time to have HAProxy open its socket anew; then not again for a while."""
        if self._unreachable_at is None or self._clock() < self._unreachable_at:
            return False
        self._unreachable_at = self._clock() + REBIND_SECONDS
        return True
