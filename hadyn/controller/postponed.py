"""What waits while somebody else holds HAProxy's certificates.

Rule: it is tried again twice a second; after some seconds a reload is to bring it, for whoever
holds them may be gone without having let go. haproxy-facts.md#certificates-stay-locked
"""

from __future__ import annotations

from dataclasses import dataclass

from hadyn.model.touched import Touched

RETRY_SECONDS = 0.5
FOR_GOOD_SECONDS = 5.0


@dataclass(slots=True)
class Postponed:
    """What was touched and has to wait; ``next_at`` is when to try again (monotonic seconds), None where nothing waits."""

    next_at: float | None = None
    _touched: Touched = Touched()
    _since: float | None = None

    def put(self, touched: Touched, now: float) -> bool:
        """Take what has to wait after a try, if anything; return whether a reload is to bring it by now."""
        if not (touched or self._touched):
            self._since = None
        if not touched:
            return False
        self._touched |= touched
        is_for_good = self._since is not None and now - self._since >= FOR_GOOD_SECONDS
        self._since = now if self._since is None else self._since
        self.next_at = now if is_for_good else now + RETRY_SECONDS
        return is_for_good

    def due(self, now: float) -> Touched:
        """Return what is to be tried again, which waits no more."""
        if self.next_at is None or now < self.next_at:
            return Touched()
        taken, self._touched, self.next_at = self._touched, Touched(), None
        return taken
