"""Keep HAProxy running: notice its end, start it again from the files.

Rules: HAProxy is started again at once, and with growing pauses if it does not stay up.
The files hold who sits where, so it serves right from its first connection on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from hadyn.controller.events import EventQueue, ProcessEnded
from hadyn.errors import HadynError
from hadyn.model.addresses import Address
from hadyn.process.haproxy import HAProxyProcess
from hadyn.render.files import StateFiles

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A HAProxy that ran this long is started again without a pause."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervisor:
    """HAProxy as hadyn's charge; ``is_up`` while it runs, ``clock`` is monotonic seconds."""

    process: HAProxyProcess
    files: StateFiles
    bind: tuple[Address, ...]
    events: EventQueue
    clock: Callable[[], float]
    is_up: bool = False
    _started_at: float = 0.0
    _restart_at: float = 0.0
    _pause: float = 0.0

    def start(self) -> None:
        """Start HAProxy from the files; raises what the process does."""
        self.process.start(self.bind)
        self._watch()

    def adopted(self) -> bool:
        """Take over the HAProxy that runs from these files, if there is one."""
        if self.process.adopt() is None:
            return False
        self._watch()
        return True

    def _watch(self) -> None:
        """Have the end of the running HAProxy reported as an event."""
        self.is_up = True
        self._started_at = self.clock()
        handle = self.process.handle
        assert handle is not None

        def wait() -> None:
            handle.wait(None)
            self.events.put(ProcessEnded(handle.pid))

        threading.Thread(target=wait, name="haproxy-watch", daemon=True).start()

    def ended(self, pid: int) -> None:
        """Note that HAProxy is gone."""
        if self.process.handle is None or pid != self.process.handle.pid:
            return
        self.is_up = False
        has_been_steady = self.clock() - self._started_at >= STEADY_SECONDS
        self._pause = 0.0 if has_been_steady else min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
        self._restart_at = self.clock() + self._pause
        log.error("HAProxy (pid %d) ended; it is started again from its files", pid)

    def restart_is_due(self) -> bool:
        """HAProxy is down, and the pause before it is started again is over."""
        return not self.is_up and self.clock() >= self._restart_at

    def restarted(self) -> bool:
        """Start HAProxy again if that is due; say whether it was done."""
        if not self.restart_is_due():
            return False
        try:
            self.files.write_all()
            self.start()
        except HadynError as failure:
            self._pause = min(LONGEST_PAUSE_SECONDS, 2 * self._pause or FIRST_PAUSE_SECONDS)
            self._restart_at = self.clock() + self._pause
            log.error("%s", failure)  # noqa: TRY400 - the sentence says it
            return False
        log.info("HAProxy runs again")
        return True

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long until HAProxy is to be started again; None while it runs."""
        return None if self.is_up else max(0.0, self._restart_at - now)

    def trim_log(self) -> None:
        """Keep HAProxy's log from growing without end."""
        self.process.log.trim()
