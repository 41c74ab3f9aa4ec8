"""When to ask which question, and how many at a time.

Rule: questions that nobody may answer get half of the room at most, so that a zone whose
servers are silent does not hold up the others.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import Generic, TypeVar

MOST_UNDER_WAY = 128
MOST_DOUBTFUL = 64

Task = TypeVar("Task")


class Agenda(Generic[Task]):
    """Tasks by when they are due, in seconds of one clock."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Task]] = []
        self._ready: dict[bool, deque[Task]] = {False: deque(), True: deque()}
        self._under_way = {False: 0, True: 0}
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

    def queue(self, task: Task, *, is_doubtful: bool) -> None:
        """Have a task begun as soon as there is room."""
        self._ready[is_doubtful].append(task)

    def begun(self) -> tuple[Task, bool] | None:
        """Return a task to begin now, with whether it is doubtful; None while there is no room or nothing to do."""
        for is_doubtful in (False, True):
            has_room = sum(self._under_way.values()) < MOST_UNDER_WAY
            if is_doubtful:
                has_room = has_room and self._under_way[True] < MOST_DOUBTFUL
            if has_room and self._ready[is_doubtful]:
                self._under_way[is_doubtful] += 1
                return self._ready[is_doubtful].popleft(), is_doubtful
        return None

    def ended(self, *, is_doubtful: bool) -> None:
        """Note that a task that was begun is over."""
        self._under_way[is_doubtful] -= 1
