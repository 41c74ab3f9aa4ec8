"""One run of hadyn: what is started when, and what is stopped when.

Rules: what can fail by wrong usage fails before anything is started; what was started is
stopped again, in reverse order. A HAProxy that runs from this state folder is adopted.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import sys

from hadyn.controller.assembly import Assembly
from hadyn.controller.filing import Filing
from hadyn.controller.memory import watch_threads
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.sentences import counted
from hadyn.controller.signals import Signals
from hadyn.controller.wheel import Wheel
from hadyn.errors import FileNotWritten, HadynError, NotHAProxy, TemporaryError
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.process.memory import give_back
from hadyn.render.bootstrap import supply

SWITCH_SECONDS = 0.0005
"""How soon another thread gives way to the wheel: Python's 5 ms would be most of a change's latency."""
PATIENCE_SECONDS = 3.0
"""Sources that take longer have HAProxy serve meanwhile what it served last."""
LOOK_SECONDS = 0.5
"""How often it is then looked whether they are there."""

SECRETS_SECONDS = 10.0
"""So long hadyn waits for the Secrets that Ingresses refer to before it puts anything in step without them."""
NAMES_SECONDS = 1.0
"""So long HAProxy's start waits for DNS; who is answered later gets slots then."""

log = logging.getLogger(__name__)


class Impatient(BaseException):
    """Somebody asks hadyn to stop while it waits: for its sources, or for HAProxy's last requests."""


class Lifetime:
    """From the first source's start to HAProxy's last request."""

    def __init__(self, parts: Assembly) -> None:
        self._parts = parts
        self._folder = parts.folder
        self._process = parts.process
        self._is_patient = False

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        sys.setswitchinterval(SWITCH_SECONDS)
        watch_threads()
        with contextlib.ExitStack() as stack:
            # First of all: sources far away are waited for from here on.
            stack.enter_context(Signals(self._parts.events, self._interrupt))
            for source in self._parts.sources:
                source.start(self._parts.events.put)
                stack.callback(source.stop)
            self._folder.prepare()
            stack.enter_context(self._folder.locked())
            wheel = self._parts.wheel()
            resolver = self._parts.resolver(wheel)
            resolver.start(self._parts.events.put)
            stack.callback(resolver.stop)
            view = self._parts.view(wheel, resolver)
            wheel.metrics.look_up(view)
            stack.enter_context(self._parts.http_server(view))
            try:
                self._wait_for_sources(wheel)
            except Impatient:
                wheel.is_stopping = True
            if wheel.is_stopping:
                if wheel.supervisor.is_up:
                    self._stop_haproxy()
                log.info("stopped before it began")
                return 0
            self._begin(wheel)
            # What lives now lives long: no collection needs to look at it again.
            gc.collect()
            gc.freeze()
            give_back()
            gc.enable()
            if (announcer := self._parts.announcing(wheel)) is not None:
                announcer.start()
                stack.callback(announcer.stop)
            # If this ends by a mistake of ours, HAProxy goes on and the next hadyn adopts it.
            wheel.run()
            self._end(wheel)
        return 0

    def _wait_for_sources(self, wheel: Wheel) -> None:
        """Return when everything is known; meanwhile, where that takes long, serve what the files say."""
        self._is_patient = True
        are_known = all(source.wait(PATIENCE_SECONDS) for source in self._parts.sources)
        self._is_patient = False
        if not are_known:
            gc.enable()
            self._serve_last_good(wheel)
        while not (wheel.is_stopping or all(source.wait(0.0) for source in self._parts.sources)):
            wheel.stand_by(LOOK_SECONDS)
        wheel.serves_last_good = False

    def _serve_last_good(self, wheel: Wheel) -> None:
        """Have HAProxy run with what it ran with before (docs/decisions/0008-the-last-good-files.md)."""
        if not self._folder.main_config.exists():
            return
        wheel.serves_last_good = True
        try:
            if not wheel.supervisor.adopted():
                wheel.supervisor.start()
        except HadynError as failure:
            log.warning("HAProxy does not serve what it did before: %s", failure)
            return
        log.warning("HAProxy serves what it did before, until the sources have been read")

    def _begin(self, wheel: Wheel) -> None:
        """Take in what the sources said first; adopt the HAProxy that runs, or start one from complete files."""
        for event in wheel.gather():
            wheel.take_in(event)
        wheel.await_secrets(SECRETS_SECONDS)
        reconciler, filing = wheel.reconciler, wheel.reconciler.filing
        self._load(filing)
        if wheel.supervisor.is_up or wheel.supervisor.adopted():
            self._take_over(wheel)
            return
        if not self._process.is_child:
            wheel.touch(reconciler.everything())
            log.info("waiting for HAProxy on %s", self._parts.settings.master_socket)
            return
        # From its first connection on HAProxy shall serve, those filled from DNS too.
        wheel.await_names(NAMES_SECONDS)
        reconciler.file(reconciler.everything())
        is_exact = self._has_installed(wheel)
        wheel.supervisor.start()
        if is_exact:
            wheel.touched = reconciler.after_reload()
            filing.settle(filing.pace.backends)
        reconciler.is_doubtful = not is_exact
        self._say("started HAProxy", reconciler)

    def _load(self, filing: Filing) -> None:
        """Take over what the files say; where HAProxy is started by somebody else, let it find all it needs."""
        filing.load()
        if not self._process.is_child:
            supply(filing.files, filing.main.text())
        filing.main.put()

    def _has_installed(self, wheel: Wheel) -> bool:
        """Let the files be what is wanted; where they cannot be written, HAProxy starts from those that are there."""
        try:
            wheel.reloader.install()
        except FileNotWritten as failure:
            if not self._folder.main_config.exists():
                raise
            log.warning("%s; HAProxy starts from the files that are there", failure)
            return False
        return True

    def _take_over(self, wheel: Wheel) -> None:
        filing = wheel.reconciler.filing
        try:
            wheel.compare()
        except (TemporaryError, NotHAProxy) as failure:
            log.warning("%s", failure)
            wheel.reconciler.is_doubtful = True
        if filing.files.has_unjudged_main:
            filing.pace.want("", (Reload(ReloadReason.GLOBAL_CHANGED),))
        self._say("took over the HAProxy that runs", wheel.reconciler)

    def _say(self, what: str, reconciler: Reconciler) -> None:
        backends = counted(len(reconciler.served()), "backend", "backends")
        problems = len(reconciler.filing.problems())
        named = f"; {counted(problems, 'problem', 'problems')}, see `hadyn status`" if problems else ""
        where = ", ".join(map(str, self._parts.bind))
        log.info("%s %s on %s: %s%s", what, self._process.capabilities, where, backends, named)

    def _end(self, wheel: Wheel) -> None:
        wheel.reconciler.filing.write_all()
        self._stop_haproxy()

    def _stop_haproxy(self) -> None:
        if not self._process.is_child:
            log.info("stopped; HAProxy goes on")
            return
        if self._parts.settings.leave_running:
            log.info("stopped; HAProxy goes on and the next hadyn adopts it")
            return
        try:
            self._is_patient = True
            self._process.stop(self._parts.settings.shutdown_grace)
        except Impatient:
            self._is_patient = False
            self._process.stop(0)
        log.info("stopped, and HAProxy with it")

    def _interrupt(self) -> None:
        if self._is_patient:
            raise Impatient
