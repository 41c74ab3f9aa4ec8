"""The wheel: wait for events, gather those that came meanwhile, turn once.

Rules:

1. One thread owns all state; everything reaches it through one queue.
2. The first change is applied at once; those that arrive while it is being applied go
   together in the next turn. Nothing is polled: an idle hadyn sleeps in the queue.
3. A turn that fails because HAProxy does not answer loses nothing: what it was about
   stays touched and is tried again after a pause, with all that came meanwhile.
"""

from __future__ import annotations

import logging
import queue
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hadyn.controller.events import Event, EventQueue, Judged, ProcessEnded, Question, Resync, Stop
from hadyn.controller.reconciler import Reconciler, Turned
from hadyn.controller.reload import Reloader
from hadyn.controller.supervisor import Supervisor
from hadyn.errors import FileNotWritten, TemporaryError
from hadyn.model.changes import Changes
from hadyn.model.inventory import Inventory, Touched
from hadyn.observe.metrics import Metrics
from hadyn.observe.status import LastCycle

FILES_SECONDS = 1.0
"""How old the map files may be (docs/decisions/0006-writing-without-fsync.md)."""
NAMED_PROBLEMS = 20
"""So many new problems of one turn are logged."""
LONGEST_PAUSE_SECONDS = 2.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Wheel:
    """Turns until it is told to stop. ``clock`` is monotonic seconds, ``wall_clock`` UTC for people.

    ``touched`` is what the next turn has to look at, ``received`` since when sources know
    of it, by backend. ``is_synced`` once HAProxy holds the first full state.
    """

    events: EventQueue
    inventory: Inventory
    reconciler: Reconciler
    reloader: Reloader
    supervisor: Supervisor
    metrics: Metrics
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]
    drift_interval: float
    touched: Touched = Touched()
    received: dict[str, float] = field(default_factory=dict)
    is_synced: bool = False
    is_stopping: bool = False
    cycles: int = 0
    last_cycle: LastCycle | None = None
    turned_at: float = 0.0
    is_waiting: bool = True
    _failures: int = 0
    _retry_at: float = 0.0
    _sweep_at: float = 0.0
    _files_at: float | None = None

    def run(self) -> None:
        """Turn until a Stop event comes."""
        self._sweep_at = self.clock() + self.drift_interval
        self.turn([])
        while not self.is_stopping:
            self.turn(self.gather())

    def gather(self) -> list[Event]:
        """Wait for an event, or until something is due; return all events there are."""
        gathered: list[Event] = []
        self.is_waiting = True
        try:
            gathered.append(self.events.get(timeout=self._patience()))
            while True:
                gathered.append(self.events.get_nowait())
        except queue.Empty:
            return gathered
        finally:
            self.is_waiting = False

    def turn(self, events: list[Event]) -> None:
        """Take these events in, bring what they touch in step, do what is due, answer questions."""
        self.turned_at = self.clock()
        for event in events:
            self.take_in(event)
        if self.is_stopping:
            return
        self._bring_in_step()
        self._do_what_is_due()
        for event in events:
            if isinstance(event, Question):
                event.answer()

    def take_in(self, event: Event) -> None:
        """Note what an event touches."""
        match event:
            case Changes():
                touched = self.inventory.apply(event)
                self.metrics.changed(event.source, len(event.upserts) + len(event.deletes))
                for name in touched.backends:
                    self.received.setdefault(name, event.received)
                self.touched |= touched
            case Resync():
                self._sweep_at = self.clock()
            case Judged():
                self.touched |= self.reloader.finish(event)
            case ProcessEnded():
                self.supervisor.ended(event.pid)
            case Stop():
                self.is_stopping = True

    def _bring_in_step(self) -> None:
        now = self.clock()
        try:
            if self.supervisor.restart_is_due():
                # From its first connection on HAProxy shall serve what is wanted now.
                self.reconciler.file(self.touched)
            if self.supervisor.restarted():
                self.touched |= self.reconciler.after_reload()
            if now < self._retry_at or not self.supervisor.is_up:
                return
            turned = self.reconciler.reconcile(self.touched, received=self.received) if self.touched else Turned()
        except TemporaryError as failure:
            self._pause(failure)
            return
        self.touched, self.received, self._failures, self.is_synced = Touched(), {}, 0, True
        self._say(turned.sentence, self.clock() - now)

    def _do_what_is_due(self) -> None:
        now = self.clock()
        if not self.supervisor.is_up:
            return
        if self.reloader.seconds_until_due(now) == 0:
            self.reloader.begin()
        if now >= self._sweep_at and not self.touched:
            self._sweep()
        self._write_files()
        self._say_problems()

    def _sweep(self) -> None:
        """Compare everything with HAProxy: what somebody else changed is set right, and said."""
        self._sweep_at = self.clock() + self.drift_interval
        self.supervisor.trim_log()
        try:
            turned = self.reconciler.reconcile(self.reconciler.compare_everything())
        except TemporaryError as failure:
            self._pause(failure)
            return
        if turned.commands:
            self.metrics.repaired(turned.commands)
            self._say(f"HAProxy was changed by somebody else and set right: {turned.sentence}", 0.0)

    def _write_files(self) -> None:
        """Write what is due, once a second at most: maps, and what could not be written before."""
        now = self.clock()
        files = self.reconciler.filing.files
        if not files.is_due:
            self._files_at = None
        elif self._files_at is None:
            self._files_at = now + FILES_SECONDS
        elif now >= self._files_at:
            self._files_at = now + FILES_SECONDS
            try:
                files.write_shards()
                files.write_maps()
            except FileNotWritten as failure:
                log.warning("%s", failure)

    def _say_problems(self) -> None:
        """Log what is wrong since the last turn, once."""
        news = self.reconciler.filing.news()
        for problem in news[:NAMED_PROBLEMS]:
            log.warning("%s", problem)
        if len(news) > NAMED_PROBLEMS:
            log.warning("%d more problems, see `hadyn status`", len(news) - NAMED_PROBLEMS)

    def _say(self, sentence: str, seconds: float) -> None:
        if sentence:
            self.cycles += 1
            self.last_cycle = LastCycle(self.wall_clock(), sentence, seconds)
            self.metrics.cycled(seconds)
            log.info("%s", sentence)

    def _pause(self, failure: TemporaryError) -> None:
        """Try again later: soon at first, with jitter, so that many do not come back together."""
        self._failures += 1
        self.reconciler.entries_are_doubtful = True
        pause = min(LONGEST_PAUSE_SECONDS, 0.05 * 2**self._failures) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        self._retry_at = self.clock() + pause
        log.warning("%s", failure)

    def _patience(self) -> float | None:
        """Return how long nothing is due, in seconds."""
        now = self.clock()
        due = [self._sweep_at]
        if self.touched:
            due.append(self._retry_at)
        if self._files_at is not None:
            due.append(self._files_at)
        waits = self.reloader.seconds_until_due(now), self.supervisor.seconds_until_due(now)
        due += [now + seconds for seconds in waits if seconds is not None]
        return max(0.0, min(due) - now)
