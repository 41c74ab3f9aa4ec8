"""Hold on to one process, own child or not, so that its pid cannot come to mean another.

Rule: a pidfd is used for all: it tells the end at once without polling, and a signal sent
through it reaches this process or none.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


class ProcessHandle:
    """One process. ``wait`` may be called from another thread than the rest."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        """Take hold of a process; raises ProcessLookupError when it is gone."""
        self.pid = pid
        self._child = child
        self._descriptor = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._descriptor)

    def __str__(self) -> str:
        return f"(pid {self.pid})"

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the process ends."""
        return self._descriptor

    @property
    def is_running(self) -> bool:
        return not self.wait(0.0)

    def wait(self, timeout_seconds: float | None) -> bool:
        """Wait for the end, for ever with None; return whether it came. An own child is then reaped."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        has_ended = bool(poll.poll(None if timeout_seconds is None else timeout_seconds * 1000))
        if has_ended and self._child is not None:
            self._child.wait()
        return has_ended

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)


def processes_with(words: tuple[str, ...]) -> Iterator[int]:
    """Yield the pids of own processes whose command line holds these words in a row; root owns all."""
    sought = b"\0" + b"\0".join(word.encode() for word in words) + b"\0"
    owner = os.geteuid()
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended meanwhile
            if sought in (entry / "cmdline").read_bytes() and owner in (0, entry.stat().st_uid):
                yield int(entry.name)


def leads_session(pid: int) -> bool:
    """Tell whether a process was started in a session of its own, and not forked by one that was."""
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(pid) == pid
    return False
