"""A hadyn that gets no more memory ends at once, for the next one to take over.

Rule: nothing is put in order first, for that takes memory, too. HAProxy goes on as it does
when hadyn is killed, while a hadyn one of whose threads has ended would stand by for ever.
"""

from __future__ import annotations

import contextlib
import os
import threading

from hadyn.errors import OutOfMemory

STANDARD_ERROR = 2
_LAST_WORDS = f"hadyn: {OutOfMemory()}\n".encode()


def watch_threads() -> None:
    """From now on end hadyn when one of its threads ends for want of memory."""
    threading.excepthook = _ended


def _ended(arguments: threading.ExceptHookArgs, /) -> None:
    if not OutOfMemory.is_meant_by(arguments.exc_value):
        threading.__excepthook__(arguments)
        return
    with contextlib.suppress(OSError):
        os.write(STANDARD_ERROR, _LAST_WORDS)
    os._exit(1)
