"""Let Ctrl-C wait for a moment.

Python may be interrupted between two instructions, so also where something exists already
and nobody yet knows that it must be ended.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

_SIGNALS = signal.SIGINT, signal.SIGTERM


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Begin something short; what SIGINT or SIGTERM would do meanwhile is done behind it. For the main thread.

    Signals are not blocked, since a process that is begun here would inherit that.
    """
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for each in came:
            signal.raise_signal(each)


def interrupt(_number: int = signal.SIGINT, _frame: FrameType | None = None) -> NoReturn:
    """End what runs, in order; a handler of signals."""
    raise KeyboardInterrupt
