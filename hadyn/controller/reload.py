"""Carry out a reload: have a copy of the files judged, install them, ask the master.

Rules: what HAProxy would refuse is found before anything is touched, named after its
backend, and left out; the rest is loaded. HAProxy judges in a thread of its own, so that
endpoint changes go on meanwhile. The result is read, not assumed. After it the draining
slots are told to the new worker.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hadyn.controller.events import EventQueue, Judged
from hadyn.controller.pace import ReloadPace
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.sentences import reload_words
from hadyn.errors import ConfigurationRefused, HadynError
from hadyn.model.inventory import Touched
from hadyn.observe.metrics import Metrics
from hadyn.observe.status import PastReload
from hadyn.planner.reasons import Reload
from hadyn.process.haproxy import HAProxyProcess
from hadyn.render.candidate import Candidate
from hadyn.render.files import StateFiles

RETRY_SECONDS = 5.0
KEPT = 20
"""So many past reloads are shown by ``hadyn status``."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reloader:
    """Reloads HAProxy when the pace allows it, and remembers the last few times for ``hadyn status``.

    ``clock`` is monotonic seconds, ``wall_clock`` UTC for people.
    """

    process: HAProxyProcess
    files: StateFiles
    reconciler: Reconciler
    pace: ReloadPace
    metrics: Metrics
    events: EventQueue
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]
    past: list[PastReload] = field(default_factory=list)
    total: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    _is_judging: bool = False
    _began_at: float = 0.0

    def seconds_until_due(self, now: float) -> float | None:
        """Return how long to wait before a reload may begin; None without a reason, or while one is under way."""
        return None if self._is_judging else self.pace.seconds_until_due(now)

    def begin(self) -> None:
        """Have HAProxy judge what it has not loaded yet; a Judged event follows."""
        self._began_at = self.clock()
        try:
            candidate = self.files.stage()
        except HadynError as failure:
            self._failed(failure)
            return
        self._is_judging = True

        def judge() -> None:
            self.events.put(Judged(candidate, self._judgement(candidate)))

        threading.Thread(target=judge, name="haproxy-check", daemon=True).start()

    def finish(self, judged: Judged) -> Touched:
        """Reload with what HAProxy accepted; return what has to be looked at again.

        A failure is logged and tried again later; what HAProxy refuses is left out, and
        the rest is judged anew.
        """
        self._is_judging = False
        if isinstance(judged.failure, ConfigurationRefused) and self._leave_out(judged.candidate, judged.failure):
            self.begin()
            return Touched()
        reasons = self.pace.pending
        try:
            if judged.failure is not None:
                raise judged.failure
            self.files.install(judged.candidate)
            self.process.reload()
        except HadynError as failure:
            self._failed(failure)
            return Touched()
        self.pace.done(self.clock(), waiting={name for name in self.pace.backends if self.files.is_unjudged(name)})
        self._remember(reasons, "done")
        log.info("reloaded because %s", reload_words(reasons))
        return self.reconciler.after_reload(reload.backend for reload in reasons if reload.backend)

    def install(self) -> None:
        """Have HAProxy judge the files, leave out what it refuses, write the rest: before a start.

        Raises ConfigurationRefused where no backend is at fault; the live files are untouched then.
        """
        while True:
            candidate = self.files.stage()
            failure = self._judgement(candidate)
            if failure is None:
                break
            if not (isinstance(failure, ConfigurationRefused) and self._leave_out(candidate, failure)):
                raise failure
        self.files.install(candidate)

    def _judgement(self, candidate: Candidate) -> HadynError | None:
        try:
            self.process.check(candidate.files)
        except HadynError as failure:
            return failure
        return None

    def _leave_out(self, candidate: Candidate, refused: ConfigurationRefused) -> bool:
        """Refuse every backend that an alert is about; say whether there was one."""
        culprits = {candidate.backend_at(alert): alert.text for alert in refused.alerts}
        culprits.pop(None, None)
        for name, said in culprits.items():
            assert name is not None
            log.error("backend %s is left out, HAProxy says: %s", name, said)
            self.reconciler.filing.refuse(name, said, is_running=name in self.reconciler.loaded)
        return bool(culprits)

    def _failed(self, failure: HadynError) -> None:
        reasons = self.pace.pending
        self.pace.put_off(self.clock(), RETRY_SECONDS)
        self._remember(reasons, failure.happened)
        log.error("not reloaded for %s: %s", reload_words(reasons), failure)

    def _remember(self, reasons: tuple[Reload, ...], result: str) -> None:
        words = tuple(dict.fromkeys(str(reload.reason) for reload in reasons))
        self.past = [*self.past, PastReload(self.wall_clock(), words, self.clock() - self._began_at, result)][-KEPT:]
        if result == "done":
            self.total += 1
            for word in words:
                self.metrics.reloaded(word)
                self.by_reason[word] = self.by_reason.get(word, 0) + 1
