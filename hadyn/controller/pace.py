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
        self._begun: dict[str, tuple[Reload, ...]] = {}

    @property
    def pending(self) -> tuple[Reload, ...]:
        return tuple(dict.fromkeys(reload for reloads in self._pending.values() for reload in reloads))

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

    def begin(self) -> None:
        """Note that what is pending now is what the next reload is for."""
        self._begun = dict(self._pending)

    @property
    def is_overtaken(self) -> bool:
        """Whether nothing is pending any more of what the reload that began is for."""
        return not self._begun.keys() & self._pending.keys()

    def done(self, now: float, *, waiting: Collection[str] = ()) -> tuple[Reload, ...]:
        """Note that a reload came off; return what it was for.

        Those in ``waiting`` changed after it began: it loaded them as they were, if they were pending
        by then, and the next one loads them once more.
        """
        loaded = [self._begun.get(name, ()) if name in waiting else reloads for name, reloads in self._pending.items()]
        self._pending = {name: reloads for name, reloads in self._pending.items() if name in waiting}
        self._earliest = now + self._interval
        return tuple(dict.fromkeys(reload for reloads in loaded for reload in reloads))

    def put_off(self, now: float, seconds: float) -> None:
        """Keep the reasons and try again later: the reload failed."""
        self._earliest = now + max(seconds, self._interval)
