"""Carry out a reload: have a copy of the files judged, install them, ask the master.

Rules: what HAProxy would refuse is found before anything is touched, named after its
backend, and left out; the rest is loaded. HAProxy judges in a thread of its own, so that
endpoint changes go on meanwhile. Where nobody can judge, the result of the reload is the
judgement, and the live files become again what HAProxy accepted. While too many workers still
finish what they had before earlier reloads, a reload waits: each holds all its memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hadyn.controller.debt import Debt
from hadyn.controller.events import EventQueue, Judged
from hadyn.controller.pace import ReloadPace
from hadyn.controller.past_reloads import PastReloads
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.refusals import Refusals, culprits_of
from hadyn.controller.sentences import reload_words
from hadyn.errors import (
    ConfigurationRefused,
    FileNotWritten,
    HadynError,
    NotHAProxy,
    ReloadFailed,
    ReloadUnproven,
    ReplyCutShort,
    SocketUnreachable,
)
from hadyn.model.touched import Touched
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.process.door import Door
from hadyn.render.candidate import Candidate
from hadyn.render.config import respelled
from hadyn.render.files import StateFiles

RETRY_SECONDS = 5.0
OLD_WORKERS_SECONDS = 1.0
"""How often to look whether an old worker has ended, while a reload waits for that."""
HAPROXY_WAS_GONE = (ReloadUnproven, SocketUnreachable, ReplyCutShort)
"""Reloads that failed so are tried again as soon as HAProxy is back."""
OWED = "debt"
"""Under this name the pace has what the hadyn before did not get to."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reloader:
    """Reloads HAProxy when the pace allows it; ``clock`` is monotonic seconds."""

    process: Door
    files: StateFiles
    reconciler: Reconciler
    pace: ReloadPace
    past: PastReloads
    events: EventQueue
    clock: Callable[[], float]
    max_old_workers: int = 4
    is_judging: bool = False
    _refusals: Refusals = field(init=False)
    _is_waiting: bool = False
    _said: str = ""

    def __post_init__(self) -> None:
        self._refusals = Refusals(self.files, self.reconciler)

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long to wait before a reload may begin; None without a reason, or while one is under way."""
        return None if self.is_judging else self.pace.seconds_until_due(now)

    @property
    def owes_the_first(self) -> bool:
        """Whether HAProxy has yet to load what it should: no reload has ended, well or badly, or waits for workers."""
        return bool(self.pace.pending) and not self.past.last and not self._is_waiting

    def begin(self) -> None:
        """Have HAProxy judge what it has not loaded yet; a Judged event follows."""
        self.past.begin()
        try:
            if self._has_to_wait():
                return
            self.reconciler.filing.restore()
            self.pace.begin()
            candidate = self.files.stage(self._refusals.tried_of(self.pace.backends))
        except HadynError as failure:
            self._failed(failure)
            return
        self._have_judged(candidate)

    def look_again(self) -> None:
        """Have HAProxy judge as files what it was given by command and is live already; a Judged event follows."""
        if self.is_judging or not self.files.sections.has_unconfirmed:
            return
        candidate = self.files.unconfirmed()
        if self.process.can_judge:
            self._have_judged(candidate)
        else:
            self.files.sections.confirm(candidate.sections)

    def finish(self, judged: Judged) -> Touched:
        """Reload with what HAProxy accepted; return what has to be looked at again.

        A failure is logged and tried again later; what HAProxy refuses is left out, and
        the rest is judged anew.
        """
        self.is_judging = False
        if judged.candidate.is_live:
            self._confirm(judged)
            return Touched()
        if not self.pace.pending:
            # HAProxy was started anew meanwhile, and has read all there is.
            return Touched()
        if self.pace.is_overtaken:
            # What it judged is not wanted any more, something else is.
            self.begin()
            return Touched()
        if judged.failure is not None:
            return self._give_up(judged.candidate, judged.failure, is_installed=False)
        try:
            self._debt.note(self.pace.pending, self._workers())
        except FileNotWritten as failure:
            return self._give_up(judged.candidate, failure, is_installed=False)
        try:
            self.files.install(judged.candidate)
            self._load()
        except HadynError as failure:
            return self._give_up(judged.candidate, failure, is_installed=True)
        self._debt.settle()
        self._said = ""
        reasons = self._loaded()
        self.past.end(reasons)
        return self.reconciler.after_reload(reload.backend for reload in reasons if reload.backend)

    def resume(self) -> None:
        """Take up the reload that the hadyn before did not get to, if HAProxy has not read the files since."""
        self.pace.want(OWED, self._debt.of(self._workers()))

    def rebind(self) -> bool:
        """Have HAProxy open its runtime socket again, which somebody removed or took; return whether it did.

        A reload alone keeps the socket that nobody can reach any more, unless its path is
        spelled otherwise. haproxy-facts.md#a-reload-keeps-its-sockets
        """
        self.past.begin()
        reasons = (Reload(ReloadReason.SOCKET_GONE),)
        main = self.files.main
        try:
            self.files.folder.make_folders()
            for text in (respelled(main), main):
                self.files.write_main(text)
                self._load()
                self.past.end(reasons)
        except (HadynError, OSError) as failure:
            log.error("HAProxy's runtime socket could not be opened again: %s", failure)  # noqa: TRY400 - the sentence says it
            return False
        finally:
            self.reconciler.is_doubtful = True
        log.warning("reloaded twice because %s: %s", *reasons, ReloadReason.SOCKET_GONE.value)
        return True

    def install(self) -> None:
        """Have HAProxy judge the files, leave out what it refuses, write the rest: before a start.

        Raises ConfigurationRefused where no backend is at fault; the live files are untouched then.
        """
        while True:
            candidate = self.files.stage()
            failure = self._judgement(candidate)
            if failure is None:
                break
            if not self._refusals.go_on(culprits_of(candidate, failure), failure):
                raise failure
        self.files.install(candidate)

    def _loaded(self) -> tuple[Reload, ...]:
        """Note that a reload came off, and say so; return why it was made."""
        tried = self._refusals.accepted()
        reasons = self.pace.done(self.clock(), waiting=set(filter(self.files.is_unjudged, self.pace.backends)))
        if tried is None:
            log.info("reloaded because %s", reload_words(reasons))
            return reasons
        loaded = tuple(reload for reload in reasons if reload.backend in tried)
        if loaded:
            log.info("reloaded because %s", reload_words(loaded))
        else:
            log.warning("reloaded without what is new, some of which HAProxy refuses: that is tried in parts")
        return loaded or reasons

    def _have_judged(self, candidate: Candidate) -> None:
        self.is_judging = True

        def judge() -> None:
            self.events.put(Judged(candidate, self._judgement(candidate)))

        threading.Thread(target=judge, name="haproxy-check", daemon=True).start()

    def _confirm(self, judged: Judged) -> None:
        """Take out of the live files what HAProxy refuses as a file: it goes on running."""
        self._refusals.leave_out(culprits_of(judged.candidate, judged.failure) if judged.failure else {})
        self.files.sections.confirm(judged.candidate.sections)
        self.reconciler.filing.write_seats()

    def _has_to_wait(self) -> bool:
        """Too many workers still finish what they had: put the reload off, and say so once."""
        old_workers = self._old_workers()
        was_waiting, self._is_waiting = self._is_waiting, old_workers >= self.max_old_workers
        if self._is_waiting:
            self.pace.put_off(self.clock(), OLD_WORKERS_SECONDS)
        if self._is_waiting and not was_waiting:
            log.warning(
                "a reload waits for one of %d old workers to finish its requests (--max-old-workers %d): %s",
                old_workers,
                self.max_old_workers,
                reload_words(self.pace.pending),
            )
        return self._is_waiting

    @property
    def _debt(self) -> Debt:
        return Debt(self.files.folder.debt)

    def _workers(self) -> tuple[int, ...]:
        """The workers there are; none where the master does not say."""
        try:
            return self.process.processes().workers
        except HadynError:
            return ()

    def _old_workers(self) -> int:
        try:
            return self.process.processes().old_workers
        except (SocketUnreachable, NotHAProxy):
            if not self.process.is_child:
                raise
            # Nobody reaches the master: a reload opens its socket anew, and shall not wait.
            return 0

    def _load(self) -> None:
        """Ask the master to load the live files."""
        try:
            self.process.reload()
        except (ConfigurationRefused, ReloadFailed) as failure:
            self.reconciler.is_doubtful |= isinstance(failure, ReloadUnproven)
            raise
        except HadynError:
            self.reconciler.is_doubtful = True
            raise

    def _give_up(self, candidate: Candidate, failure: HadynError, *, is_installed: bool) -> Touched:
        """Let the live files be those that HAProxy accepted; go on without what it refuses, else try again later.

        Returns the hosts whose requests get a 503 from now on.
        """
        # Alerts name lines of the files as they are now.
        culprits = culprits_of(candidate, failure)
        is_accepted = isinstance(failure, ReloadUnproven) and failure.is_accepted
        if is_installed and not is_accepted:
            try:
                self.files.revert()
                self._debt.settle()
            except FileNotWritten as unwritten:
                log.warning("%s", unwritten)
        culprits = culprits or self._refusals.blamed(candidate, failure)
        hosts = {host for name in culprits for host in self.reconciler.filing.entries.hosts_leading_to(name)}
        if self._refusals.go_on(culprits, failure):
            self.begin()
        else:
            self._failed(failure)
        return Touched(frozenset(), frozenset(hosts))

    def _judgement(self, candidate: Candidate) -> HadynError | None:
        try:
            self.process.check(candidate.files)
        except HadynError as failure:
            return failure
        return None

    def _failed(self, failure: HadynError) -> None:
        reasons = self.pace.pending
        self._refusals.give_up()
        is_soon = isinstance(failure, HAPROXY_WAS_GONE) or self._refusals.is_searching
        self.pace.put_off(self.clock(), 0.0 if is_soon else RETRY_SECONDS)
        self.past.end(reasons, failure.happened)
        said = f"not reloaded for {reload_words(reasons)}: {failure}"
        if said != self._said:
            self._said = said
            log.error("%s", said)
