"""Hear signals at once, whatever the main thread waits in.

Rule: Python runs a signal's handler when its main thread next runs Python. A signal that
comes between the last look and a wait in the queue would be heard when that wait ends,
so the kernel's word wakes a thread of its own, which puts the event into the queue.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from hadyn.controller.events import EventQueue, Resync, Stop

EVENTS: dict[int, type[Stop | Resync]] = {signal.SIGTERM: Stop, signal.SIGINT: Stop, signal.SIGHUP: Resync}


class Signals:
    """SIGTERM and SIGINT come as Stop, SIGHUP as Resync; a context manager of the main thread.

    ``interrupt`` is called there besides, at a Stop: it may raise, to end a wait that is not one in the queue.
    """

    def __init__(self, events: EventQueue, interrupt: Callable[[], None]) -> None:
        self._events = events
        self._interrupt = interrupt
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        thread = threading.Thread(target=self._hear, args=(reading,), name="signals", daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(os.close, writing)
        self._stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writing))
        for number in EVENTS:
            self._stack.callback(signal.signal, number, signal.signal(number, self._handle))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _hear(self, reading: int) -> None:
        with os.fdopen(reading, "rb", buffering=0) as numbers:
            while number := numbers.read(1):
                event = EVENTS.get(number[0])
                if event is not None:
                    self._events.put(event())

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if EVENTS[number] is Stop:
            self._interrupt()
