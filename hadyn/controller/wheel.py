"""The wheel: wait for events, gather those that came meanwhile, turn once.

Rules:

1. One thread owns all state; everything reaches it through one queue.
2. The first change is applied at once; those that arrive while it is being applied go
   together in the next turn. Nothing is polled: an idle hadyn sleeps in the queue.
3. A turn that fails because HAProxy does not answer loses nothing: what it was about
   stays touched and is tried again after a pause, with all that came meanwhile.
4. Where HAProxy may hold anything (it came back, it did not answer a reload), everything
   is compared before anything is told.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from hadyn.controller.events import Event, EventQueue, Judged, ProcessEnded, Question, Resync, Stop
from hadyn.controller.postponed import Postponed
from hadyn.controller.reconciler import Reconciler, Turned
from hadyn.controller.reload import Reloader
from hadyn.controller.supervisor import Supervisor
from hadyn.controller.sweep import Sweeps
from hadyn.controller.trouble import Trouble
from hadyn.errors import CertificatesLocked, HadynError, NotHAProxy, TemporaryError
from hadyn.model.changes import Changes
from hadyn.model.inventory import Inventory
from hadyn.model.problems import ObjectRef
from hadyn.model.resolved import DnsQuestion, Resolved
from hadyn.model.touched import Touched
from hadyn.observe.metrics import Metrics
from hadyn.observe.status import LastCycle

FILES_SECONDS = 1.0
"""How old the map files may be (docs/decisions/0006-writing-without-fsync.md)."""
NAMED_PROBLEMS = 20
"""So many new problems of one turn are logged."""
LATE_SECONDS = 1.0
"""How soon everything is compared after HAProxy had not answered in time."""

WantNames = Callable[[Iterable[DnsQuestion], Iterable[DnsQuestion]], None]
WantSecrets = Callable[[frozenset[ObjectRef], frozenset[ObjectRef]], None]

log = logging.getLogger(__name__)


def nobody_resolves(_added: Iterable[DnsQuestion], _dropped: Iterable[DnsQuestion]) -> None:
    """Leave names unasked, where there is no resolver."""


def nobody_brings_secrets(_added: frozenset[ObjectRef], _dropped: frozenset[ObjectRef]) -> None:
    """Leave it at the Secrets that come by themselves."""


def nobody_looks_on() -> None:
    """Say nothing elsewhere, where there is no cluster."""


@dataclass(slots=True)
class Wheel:
    """Turns until it is told to stop. ``clock`` is monotonic seconds, ``wall_clock`` UTC for people.

    ``touched`` is what the next turn has to look at, ``received`` since when sources know
    of it, by backend. ``want_names`` takes questions that backends begin and cease to ask,
    ``want_secrets`` Secrets that objects begin and cease to refer to.
    ``is_synced`` once HAProxy holds the first full state; ``serves_last_good`` while it
    holds what it held before, because its sources are not to be had yet.
    """

    events: EventQueue
    inventory: Inventory
    reconciler: Reconciler
    reloader: Reloader
    supervisor: Supervisor
    metrics: Metrics
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]
    sweeps: Sweeps
    touched: Touched = Touched()
    received: dict[str, float] = field(default_factory=dict)
    want_names: WantNames = nobody_resolves
    want_secrets: WantSecrets = nobody_brings_secrets
    look_on: Callable[[], None] = nobody_looks_on
    is_synced: bool = False
    is_stopping: bool = False
    cycles: int = 0
    last_cycle: LastCycle | None = None
    turned_at: float = 0.0
    is_waiting: bool = True
    serves_last_good: bool = False
    _trouble: Trouble = field(init=False)
    _unfiled: Touched = Touched()
    _postponed: Postponed = field(default_factory=Postponed)
    _files_at: float | None = None

    def __post_init__(self) -> None:
        self._trouble = Trouble(self.clock)

    def run(self) -> None:
        """Turn until a Stop event comes."""
        self.sweeps.put_off(self.clock())
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

    def stand_by(self, seconds: float) -> None:
        """Keep HAProxy as it is for so long at most, while nobody knows yet what is wanted."""
        with contextlib.suppress(queue.Empty):
            event = self.events.get(timeout=seconds)
            self.take_in(event)
            if isinstance(event, Question):
                event.answer()
        if self.serves_last_good:
            self.supervisor.restarted()

    def await_names(self, seconds: float) -> None:
        """Take events in until DNS has answered about every name, for so long at most."""
        self._await(lambda: self.inventory.awaits_names, seconds)

    def await_secrets(self, seconds: float) -> None:
        """Take events in until a source has answered for every Secret, for so long at most."""
        self._await(lambda: self.inventory.secrets.awaits_answers, seconds)

    def _await(self, is_awaited: Callable[[], bool], seconds: float) -> None:
        deadline = self.clock() + seconds
        while is_awaited() and not self.is_stopping:
            left = deadline - self.clock()
            if left <= 0:
                return
            self.stand_by(left)

    def turn(self, events: list[Event]) -> None:
        """Take these events in, bring what they touch in step, do what is due, answer questions."""
        self.turned_at = self.clock()
        for event in events:
            self.take_in(event)
        if self.is_stopping:
            return
        self._keep_haproxy_up()
        self._bring_in_step()
        self._do_what_is_due()
        self.look_on()
        for event in events:
            if isinstance(event, Question):
                event.answer()

    def take_in(self, event: Event) -> None:
        """Note what an event touches."""
        match event:
            case Changes():
                touched = self.inventory.apply(event)
                self.metrics.changed(event.source, len(event.upserts) + len(event.deletes))
                self._note(touched, event.received)
                self._want_what_is_missing()
            case Resolved():
                touched = self.inventory.resolve(event)
                self.metrics.changed("dns", len(event.names))
                self._note(touched, event.received)
            case Resync():
                self.sweeps.want_thorough(self.clock())
            case Judged():
                self.touch(self.reloader.finish(event))
            case ProcessEnded():
                self.supervisor.ended(event.life)
                self._unfiled |= self.touched
            case Stop():
                self.is_stopping = True

    def _note(self, touched: Touched, received: float) -> None:
        for name in touched.backends:
            self.received.setdefault(name, received)
        self.touch(touched)

    def _want_what_is_missing(self) -> None:
        """Have names asked for that backends are filled from, and Secrets brought that objects refer to."""
        names = self.inventory.taken_name_changes()
        if names.added or names.dropped:
            self.want_names(names.added, names.dropped)
        secrets = self.inventory.secrets.taken_changes()
        if secrets.added or secrets.dropped:
            self.want_secrets(secrets.added, secrets.dropped)

    def touch(self, touched: Touched) -> None:
        """Have the next turn look at this, too."""
        self.touched |= touched
        if not self.supervisor.is_up:
            self._unfiled |= touched

    def compare(self) -> None:
        """Have the next turn tell HAProxy what differs from what is wanted; raises what Runtime does, NotHAProxy."""
        self._verify()
        differing = self.reconciler.compare_everything()
        self.reloader.resume()
        # All that HAProxy has was looked at by this: at a start that is what the sources delivered, too.
        absent = self.touched.backends - self.reconciler.served()
        self.touched = replace(self.touched, backends=absent, hosts=frozenset()) | differing

    def _keep_haproxy_up(self) -> None:
        if self.supervisor.restart_is_due():
            # From its first connection on HAProxy shall serve what is wanted now.
            self.reconciler.file(self._unfiled)
            self._unfiled = Touched()
        if not self.supervisor.restarted():
            return
        self._trouble.retry_at = 0.0
        self.reconciler.is_doubtful = not self.supervisor.is_exact
        if self.supervisor.is_exact:
            self.reconciler.filing.settle(self.reloader.pace.backends)
            self.touched |= self.reconciler.after_reload()

    def _bring_in_step(self) -> None:
        now = self.clock()
        if now < self._trouble.retry_at or not self.supervisor.is_up:
            return
        self.touched |= self._postponed.due(now)
        try:
            if self.reconciler.is_doubtful:
                self.compare()
            turned = self.reconciler.reconcile(self.touched, received=self.received) if self.touched else Turned()
        except (TemporaryError, NotHAProxy) as failure:
            self._meet(failure)
            return
        self.touched, self.received = Touched(), {}
        self._postpone(turned.waiting)
        # What came while HAProxy was away has a place now, which the files have, too.
        self._unfiled = Touched()
        # A sidecar's HAProxy begins with the bootstrap, and has no backend before its first reload.
        self.is_synced |= not self.reloader.owes_the_first
        if self._trouble.over():
            # What timed out may be carried out late. haproxy-facts.md#a-line-outlives-who-sent-it
            self.sweeps.hasten(self.clock() + LATE_SECONDS)
        self._say(turned.sentence, self.clock() - now)

    def _postpone(self, waiting: Touched) -> None:
        """Come back to what somebody else's commands about certificates stand in the way of, or leave it to a reload."""
        if self._postponed.put(waiting, self.clock()):
            self.reconciler.tls.leave_to_reload()

    def _do_what_is_due(self) -> None:
        now = self.clock()
        if not self.supervisor.is_up:
            return
        if self._trouble.is_socket_gone():
            self.reloader.rebind()
        if not self._trouble.is_there and self.reloader.seconds_until_due(now) == 0:
            self.reloader.begin()
        if self.sweeps.next_at <= now and not self.touched and not self._trouble.is_there:
            self._sweep()
        self._write_files()
        self._say_problems()

    def _sweep(self) -> None:
        """Compare a part of HAProxy with the files: what somebody else changed is set right, and said."""
        try:
            if not self.sweeps.is_under_way:
                self.sweeps.put_off(self.clock())
                self.supervisor.process.tidy()
                self.reconciler.filing.restore()
                self._verify()
            differing = self.sweeps.step(self.reconciler)
            turned = self.reconciler.reconcile(differing) if differing else Turned()
        except CertificatesLocked as failure:
            # The next sweep looks at them.
            self.sweeps.give_up()
            log.warning("%s", failure)
            return
        except (TemporaryError, NotHAProxy) as failure:
            self.sweeps.give_up()
            self.reconciler.is_doubtful = True
            self._meet(failure)
            return
        self._postpone(turned.waiting)
        if turned.commands:
            self.metrics.repaired(turned.commands)
            self._say(f"HAProxy was changed by somebody else and set right: {turned.sentence}", 0.0)

    def _verify(self) -> None:
        """Make sure that it is HAProxy who answers, and which one."""
        process = self.supervisor.process
        process.verify()
        self.reconciler.runtime.capabilities = process.capabilities

    def _write_files(self) -> None:
        """Write what is due, once a second at most: maps, and what could not be written before."""
        now = self.clock()
        files = self.reconciler.filing.files
        if not (files.is_due or files.sections.has_unconfirmed):
            self._files_at = None
        elif self._files_at is None:
            self._files_at = now + FILES_SECONDS
        elif now >= self._files_at:
            self._files_at = now + FILES_SECONDS
            self.reconciler.filing.write_due()
            self.reloader.look_again()

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

    def _meet(self, failure: HadynError) -> None:
        """Try again later."""
        self.reconciler.entries_are_doubtful = True
        self.reconciler.is_doubtful |= isinstance(failure, NotHAProxy)
        self._trouble.met(failure)

    def _patience(self) -> float | None:
        """Return how long nothing is due, in seconds."""
        now = self.clock()
        if not self.supervisor.is_up:
            return self.supervisor.seconds_until_due(now)
        due = [self._files_at] if self._files_at is not None else []
        if self.touched or self.reconciler.is_doubtful or self._trouble.is_there:
            due.append(self._trouble.retry_at)
        else:
            due.append(self.sweeps.next_at)
        due += [self._postponed.next_at] if self._postponed.next_at is not None else []
        waits = None if self._trouble.is_there else self.reloader.seconds_until_due(now)
        due += [now + waits] if waits is not None else []
        return max(0.0, min(due) - now)
