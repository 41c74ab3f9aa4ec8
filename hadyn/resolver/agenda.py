"""When to ask which question, and how many at a time.

Rule: room is kept for questions that were answered the last time: a zone whose servers are
silent holds up neither those nor new ones.
"""

from __future__ import annotations

import heapq
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

Task = TypeVar("Task")


class Standing(Enum):
    """What is to be expected of a question; the value is how many of them may be under way.

    Those that are answered are so within milliseconds; more at once overrun a server's buffer.
    """

    ANSWERED = 64
    NEW = 128
    FAILED = 48


class Agenda(Generic[Task]):
    """Tasks by when they are due, in seconds of one clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Task]] = []
        self._ready: dict[Standing, deque[Task]] = {standing: deque() for standing in Standing}
        self._under_way = dict.fromkeys(Standing, 0)
        self._number = 0

    def put(self, task: Task, due: float) -> None:
        """Note a task for later; it may stand there several times, its owner knows which one counts."""
        self._number += 1
        heapq.heappush(self._heap, (due, self._number, task))

    def taken(self, now: float) -> list[tuple[float, Task]]:
        """Return what is due, each with its time."""
        due: list[tuple[float, Task]] = []
        while self._heap and self._heap[0][0] <= now:
            at, _, task = heapq.heappop(self._heap)
            due.append((at, task))
        return due

    def next_due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def queue(self, task: Task, standing: Standing) -> None:
        """Have a task begun as soon as there is room."""
        self._ready[standing].append(task)

    def begun(self) -> tuple[Task, Standing] | None:
        """Return a task to begin now; None while there is no room or nothing to do."""
        for standing, ready in self._ready.items():
            if ready and self._under_way[standing] < standing.value:
                self._under_way[standing] += 1
                # Of new ones the last: those before it wait because nobody answers them.
                return ready.pop() if standing is Standing.NEW else ready.popleft(), standing
        return None

    def ended(self, standing: Standing) -> None:
        """Note that a task that was begun is over."""
        self._under_way[standing] -= 1
