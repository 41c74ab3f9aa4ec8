"""Requests one after the other, of which some may find nobody: how long HAProxy was away, who answered."""

from __future__ import annotations

import http.client
import threading
import time
from types import TracebackType
from typing import Self

from integration.running import Ground, get

PAUSE_SECONDS = 0.003


class Probes:
    """Asks for ``path`` all the time; ``statuses`` are what came, 0 where the connection was refused or broke.

    ``answered`` are the names of the pods that answered, ``away_seconds`` the longest time
    from one answer to the next.
    """

    def __init__(self, ground: Ground, path: str = "/", host: str = "shop.example") -> None:
        self.statuses: set[int] = set()
        self.answered: set[str] = set()
        self.away_seconds = 0.0
        self.count = 0
        self._where = ground.http_port, path, host
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def forget(self) -> None:
        """Begin anew with who answers."""
        self.answered = set()

    def _ask(self) -> None:
        last = time.monotonic()
        while not self._is_over.wait(PAUSE_SECONDS):
            try:
                status, body = get(*self._where)
            except (OSError, http.client.HTTPException):
                self.statuses.add(0)
                continue
            self.statuses.add(status)
            self.count += 1
            self.answered.add(body)
            now = time.monotonic()
            self.away_seconds = max(self.away_seconds, now - last)
            last = now
