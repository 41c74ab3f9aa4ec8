"""When HAProxy may be reloaded, and why it should be.

Rules: the first reload is never delayed; the next one comes ``--reload-interval`` later at
the soonest, and takes everything with it that was asked for meanwhile. A reason that
vanishes before its turn (the backend is gone again) is forgotten. Endpoint changes never
wait for a reload.
"""

from __future__ import annotations

from collections.abc import Collection

from hadyn.planner.reasons import Reload


class ReloadPace:
    """Reasons to reload that wait for their turn; times are of the monotonic clock, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._earliest = 0.0
        self._pending: dict[str, tuple[Reload, ...]] = {}

    @property
    def pending(self) -> tuple[Reload, ...]:
        return tuple(reload for reloads in self._pending.values() for reload in reloads)

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends there is a reason about; "" stands for all of HAProxy."""
        return tuple(self._pending)

    def want(self, backend: str, reloads: tuple[Reload, ...]) -> None:
        """Let these be the reasons concerning a backend ("" for all of HAProxy); none takes them back."""
        if reloads:
            self._pending[backend] = reloads
        else:
            self._pending.pop(backend, None)

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long to wait for the next reload; None when there is no reason for one."""
        return max(0.0, self._earliest - now) if self._pending else None

    def done(self, now: float, *, waiting: Collection[str] = ()) -> None:
        """Note that a reload took all reasons with it but those about ``waiting``, which came too late for it."""
        self._pending = {name: self._pending[name] for name in waiting if name in self._pending}
        self._earliest = now + self._interval

    def put_off(self, now: float, seconds: float) -> None:
        """Keep the reasons and try again later: the reload failed."""
        self._earliest = now + max(seconds, self._interval)
