"""HAProxy as the judge of the live files, all the time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from integration.running import Ground

JUDGE_EVERY_SECONDS = 0.03


@contextlib.contextmanager
def always_valid(ground: Ground, *, every_seconds: float = JUDGE_EVERY_SECONDS) -> Iterator[None]:
    """Have HAProxy judge the live files again and again; assert that it never has anything against them."""
    complaints: set[str] = set()
    is_over = threading.Event()

    def judge() -> None:
        while not is_over.wait(every_seconds):
            complaints.add(ground.judged())

    judging = threading.Thread(target=judge)
    judging.start()
    try:
        yield
    finally:
        is_over.set()
        judging.join()
    assert complaints == {""}
