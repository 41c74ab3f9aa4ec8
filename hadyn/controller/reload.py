"""Carry out a reload: check a copy of the files, install them, ask the master.

Rules: what HAProxy would refuse is found before anything is touched, named after its
backend, and left out; the rest is loaded. The result is read, not assumed. After it the
draining slots and the map entries that waited are told to the new worker.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

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
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]
    past: list[PastReload] = field(default_factory=list)
    total: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)

    def is_due(self) -> bool:
        """There are reasons to reload, and their turn has come."""
        return self.pace.seconds_until_due(self.clock()) == 0

    def reload(self) -> Touched:
        """Reload and return what has to be looked at again; a failure is logged and tried again later."""
        reasons = self.pace.pending
        started = self.clock()
        try:
            self.install()
            self.process.reload()
        except HadynError as failure:
            self.pace.put_off(self.clock(), RETRY_SECONDS)
            self._remember(reasons, started, failure.happened)
            log.error("not reloaded for %s: %s", reload_words(reasons), failure)  # noqa: TRY400 - the sentence says it
            return Touched()
        self.pace.done(self.clock())
        self._remember(reasons, started, "done")
        log.info("reloaded because %s", reload_words(reasons))
        return self.reconciler.after_reload([reload.backend for reload in reasons if reload.backend])

    def install(self) -> None:
        """Have HAProxy judge the files, leave out what it refuses, and write the rest for good.

        Raises ConfigurationRefused where no backend is at fault; the live files are untouched then.
        """
        while True:
            candidate = self.files.stage()
            try:
                self.process.check(candidate.files)
                break
            except ConfigurationRefused as refused:
                if not self._leave_out_culprits(candidate, refused):
                    raise
        self.files.install(candidate)

    def _leave_out_culprits(self, candidate: Candidate, refused: ConfigurationRefused) -> bool:
        """Refuse every backend that an alert is about; say whether there was one."""
        culprits = {candidate.backend_at(alert): alert.text for alert in refused.alerts}
        culprits.pop(None, None)
        for name, said in culprits.items():
            assert name is not None
            log.error("backend %s is left out, HAProxy says: %s", name, said)
            self.reconciler.refuse(name, said)
        return bool(culprits)

    def _remember(self, reasons: tuple[Reload, ...], started: float, result: str) -> None:
        words = tuple(dict.fromkeys(str(reload.reason) for reload in reasons))
        self.past = [*self.past, PastReload(self.wall_clock(), words, self.clock() - started, result)][-KEPT:]
        if result == "done":
            self.total += 1
            for word in words:
                self.metrics.reloaded(word)
                self.by_reason[word] = self.by_reason.get(word, 0) + 1
