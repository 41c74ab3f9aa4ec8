"""Keep HAProxy running: notice its end, start it again from the files.

Rules: HAProxy is started again at once, and with growing pauses if it does not stay up.
The files hold who sits where, so it serves right from its first connection on. A HAProxy
that somebody else starts is waited for, and its files are kept in step meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from hadyn.controller.events import EventQueue, ProcessEnded
from hadyn.controller.filing import Filing
from hadyn.errors import HadynError
from hadyn.model.addresses import Address
from hadyn.process.door import Door, Life

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 0.5
"""To look for a HAProxy that somebody else starts costs next to nothing."""
STEADY_SECONDS = 10.0
"""A HAProxy that ran this long is started again without a pause."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervisor:
    """HAProxy as hadyn's charge; ``is_up`` while it runs, ``clock`` is monotonic seconds.

    ``is_exact`` tells whether the HAProxy that came up last surely began with what the files say.
    """

    process: Door
    filing: Filing
    bind: tuple[Address, ...]
    events: EventQueue
    clock: Callable[[], float]
    is_up: bool = False
    is_exact: bool = False
    _started_at: float = 0.0
    _restart_at: float = 0.0
    _pause: float = 0.0
    _said: str = ""

    def start(self) -> None:
        """Start HAProxy from the files; raises what the process does."""
        self.process.start(self.bind)
        self._watch()

    def adopted(self) -> bool:
        """Take hold of the HAProxy that runs from these files, if there is one; raises what the process does."""
        if self.process.adopt() is None:
            return False
        self._watch()
        return True

    def _watch(self) -> None:
        """Have the end of the running HAProxy reported as an event."""
        self.is_up = True
        self._started_at = self.clock()
        self._said = ""
        life = self.process.handle
        assert life is not None
        threading.Thread(target=self._report_end, args=(life,), name="haproxy-watch", daemon=True).start()

    def _report_end(self, life: Life) -> None:
        life.wait(None)
        self.events.put(ProcessEnded(life))

    def ended(self, life: Life) -> None:
        """Note that HAProxy is gone."""
        if life is not self.process.handle:
            return
        self.is_up = False
        has_been_steady = self.clock() - self._started_at >= STEADY_SECONDS
        self._pause = 0.0 if has_been_steady else self._longer_pause()
        self._restart_at = self.clock() + self._pause
        what_next = "it is started again from its files" if self.process.is_child else "hadyn waits until it is back"
        log.error("HAProxy %s ended; %s", life, what_next)

    def restart_is_due(self) -> bool:
        """HAProxy is down, and the pause before the next try is over."""
        return not self.is_up and self.clock() >= self._restart_at

    def restarted(self) -> bool:
        """Have HAProxy running again if that is due; say whether it is now, and was not."""
        if not self.restart_is_due():
            return False
        are_files_exact = self._has_written()
        try:
            self.start()
        except HadynError as failure:
            self._pause = self._longer_pause()
            self._restart_at = self.clock() + self._pause
            if self._said != str(failure):
                self._said = str(failure)
                log.error("%s", failure)  # noqa: TRY400 - the sentence says it
            return False
        self.is_exact = are_files_exact and self.process.is_child
        log.info("HAProxy runs again" if self.process.is_child else "HAProxy is there")
        return True

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long until HAProxy is to be started again; None while it runs."""
        return None if self.is_up else max(0.0, self._restart_at - now)

    def _has_written(self) -> bool:
        """Write the files that HAProxy starts from; where that cannot be, it starts from those that are there."""
        if self.process.is_child:
            self.filing.restore()
        return self.filing.write_all()

    def _longer_pause(self) -> float:
        longest = LONGEST_PAUSE_SECONDS if self.process.is_child else LONGEST_WAIT_SECONDS
        return min(longest, 2 * self._pause or FIRST_PAUSE_SECONDS)
