"""Ask for many things with few threads, one after the other, each when it is due.

Rules: no more questions a second than ``rate``, however many there are to ask for: with
many of them each comes less often. Whoever has ended is dropped at its next turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

THREADS = 4
"""A question that waits for its answer holds up a quarter of the others."""
QUESTIONS_A_SECOND = 20.0
"""A fiftieth of a processor, and nothing that an apiserver would notice."""


class Turning(Protocol):
    """Does something again and again."""

    def turn(self) -> float | None:
        """Do it once; return the seconds to wait before the next time, None once it has ended."""


class Rota:
    """Gives each of its members a turn; any thread may add some. ``clock`` is monotonic seconds."""

    def __init__(
        self,
        *,
        threads: int = THREADS,
        rate: float = QUESTIONS_A_SECOND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``rate`` is turns a second at most, of all members together; first turns come at once."""
        self._rate = rate
        self._clock = clock
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Turning]] = []
        self._numbers = count()
        self._members = 0
        self._is_stopped = False
        self._threads = [
            threading.Thread(target=self._work, name=f"rota-{each}", daemon=True) for each in range(threads)
        ]

    def add(self, member: Turning) -> None:
        """Give it a turn now, and then again and again."""
        with self._changed:
            self._members += 1
            self._put(member, self._clock())
            for thread in self._threads:
                if thread.ident is None:
                    thread.start()

    def stop(self) -> None:
        """Give no more turns."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def join(self, seconds: float) -> None:
        """Wait for the turns that are under way, behind ``stop``."""
        until = self._clock() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - self._clock()))

    def _work(self) -> None:
        while (member := self._next()) is not None:
            pause = member.turn()
            with self._changed:
                if pause is None:
                    self._members -= 1
                else:
                    self._put(member, self._clock() + max(pause, self._members / self._rate))

    def _put(self, member: Turning, due: float) -> None:
        heappush(self._due, (due, next(self._numbers), member))
        self._changed.notify()

    def _next(self) -> Turning | None:
        """Wait until somebody is due; None at the end."""
        with self._changed:
            while not self._is_stopped:
                patience = self._due[0][0] - self._clock() if self._due else None
                if patience is not None and patience <= 0:
                    return heappop(self._due)[2]
                self._changed.wait(patience)
            return None
