"""Put the parts together, start them in order, stop them in order.

Rules: what can fail by wrong usage fails before anything is started; what was started is
stopped again, in reverse order. A HAProxy that runs from this state folder is adopted.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import queue
import sys
import time
from datetime import UTC, datetime

from hadyn.controller.events import EventQueue
from hadyn.controller.filing import Filing
from hadyn.controller.intent import listeners, policy
from hadyn.controller.origins import origins
from hadyn.controller.pace import ReloadPace
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.reload import Reloader
from hadyn.controller.sentences import counted
from hadyn.controller.signals import Signals
from hadyn.controller.supervisor import Supervisor
from hadyn.controller.view import ControllerView
from hadyn.controller.wheel import Wheel
from hadyn.errors import FileNotWritten, HadynError
from hadyn.model.inventory import Inventory
from hadyn.model.problems import ObjectRef
from hadyn.observe.http import HttpServer
from hadyn.observe.log import configure
from hadyn.observe.metrics import Metrics
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.process.haproxy import HAProxyProcess
from hadyn.process.privileges import NOBODY, can_confine
from hadyn.process.versions import find_haproxy
from hadyn.render.config import ConfigSettings, Jail, main_config
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.runtime.client import Observer, Runtime, unix_conversation, unobserved
from hadyn.settings import Settings

SWITCH_SECONDS = 0.0005
"""How soon another thread gives way to the wheel: Python's 5 ms would be most of a change's latency."""
PATIENCE_SECONDS = 3.0
"""Sources that take longer have HAProxy serve meanwhile what it served last."""

log = logging.getLogger(__name__)


class Impatient(BaseException):
    """Somebody asks hadyn to stop while it waits: for its sources, or for HAProxy's last requests."""


class Assembly:
    """hadyn's parts, joined for one run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sources = origins(settings)
        self.events: EventQueue = queue.SimpleQueue()
        self.log = configure(settings.log_level, settings.log_format)
        self.binary = find_haproxy(settings.haproxy)
        self.folder = StateFolder(settings.state_dir)
        self.is_patient = False
        self.bind = listeners(settings)

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with contextlib.ExitStack() as stack:
            for source in self.sources:
                source.start(self.events.put)
                stack.callback(source.stop)
            self.folder.prepare()
            stack.enter_context(self.folder.locked())
            wheel = self._wheel()
            view = self._view(wheel)
            wheel.metrics.look_up(view)
            status_bind, control_socket = self.settings.status_bind, self.settings.control_socket
            stack.enter_context(HttpServer(view, bind=status_bind, control_socket=control_socket))
            stack.enter_context(Signals(self.events, self._interrupt))
            try:
                self._wait_for_sources(wheel)
            except Impatient:
                if wheel.supervisor.is_up:
                    self._stop_haproxy(wheel)
                log.info("stopped before it began")
                return 0
            self._begin(wheel)
            # What lives now lives long: no collection needs to look at it again.
            gc.collect()
            gc.freeze()
            # If this ends by a mistake of ours, HAProxy goes on and the next hadyn adopts it.
            wheel.run()
            self._end(wheel)
        return 0

    def _wheel(self) -> Wheel:
        settings = self.settings
        metrics = Metrics()
        files = StateFiles(self.folder)
        pace = ReloadPace(settings.reload_interval)
        inventory = Inventory(policy(settings))
        reconciler = Reconciler(
            filing=Filing(inventory, files, pace, place_of=self._place_of),
            runtime=self._runtime(metrics.commanded),
            metrics=metrics,
            clock=time.monotonic,
            drain_seconds=settings.drain_time,
        )
        process = HAProxyProcess(
            self.binary,
            configuration=self.folder.configuration,
            runtime_socket=settings.runtime_socket,
            master_socket=settings.master_socket,
            log=self.folder.log,
        )
        return Wheel(
            events=self.events,
            inventory=inventory,
            reconciler=reconciler,
            reloader=Reloader(process, files, reconciler, pace, metrics, self.events, time.monotonic, now),
            supervisor=Supervisor(process, files, self.bind, self.events, time.monotonic),
            metrics=metrics,
            clock=time.monotonic,
            wall_clock=now,
            drift_interval=settings.drift_interval,
        )

    def _runtime(self, observer: Observer = unobserved) -> Runtime:
        return Runtime(
            unix_conversation(self.settings.runtime_socket),
            capabilities=self.binary.capabilities,
            map_folder=str(self.folder.maps),
            name=str(self.settings.runtime_socket),
            observer=observer,
        )

    def _view(self, wheel: Wheel) -> ControllerView:
        return ControllerView(
            wheel=wheel,
            runtime=self._runtime(),
            runtime_socket=str(self.settings.runtime_socket),
            binary=self.binary,
            sources=self.sources,
            log=self.log,
            since=now(),
            clock=time.monotonic,
            wall_clock=now,
        )

    def _place_of(self, ref: ObjectRef) -> str:
        """Where an object is written down, "" where it is in no file."""
        return next(filter(None, (source.place_of(ref) for source in self.sources)), "")

    def _wait_for_sources(self, wheel: Wheel) -> None:
        """Return when everything is known; meanwhile, where that takes long, serve what the files say."""
        self.is_patient = True
        if not all(source.wait(PATIENCE_SECONDS) for source in self.sources):
            self._serve_last_good(wheel)
            for source in self.sources:
                # Not for ever at a time: a signal is heard only when Python runs.
                while not source.wait(PATIENCE_SECONDS):
                    continue
        self.is_patient = False

    def _serve_last_good(self, wheel: Wheel) -> None:
        if not self.folder.main_config.exists():
            return
        try:
            if not wheel.supervisor.adopted():
                wheel.supervisor.start()
        except HadynError as failure:
            log.warning("HAProxy cannot serve what it did before: %s", failure)
            return
        log.warning("HAProxy serves what it did before, until the sources have been read")

    def _begin(self, wheel: Wheel) -> None:
        """Take in what the sources said first; adopt the HAProxy that runs, or start one from complete files."""
        for event in wheel.gather():
            wheel.take_in(event)
        reconciler, filing = wheel.reconciler, wheel.reconciler.filing
        filing.load()
        filing.files.put_main(main_config(self._config(), self.binary.capabilities))
        if wheel.supervisor.is_up or wheel.supervisor.adopted():
            wheel.touched = reconciler.compare_everything()
            if filing.files.has_unjudged_main:
                filing.pace.want("", (Reload(ReloadReason.GLOBAL_CHANGED),))
            self._say("took over the HAProxy that runs", reconciler)
            return
        reconciler.file(reconciler.everything())
        wheel.reloader.install()
        wheel.supervisor.start()
        wheel.touched = reconciler.after_reload()
        filing.settle(filing.pace.backends)
        self._say("started HAProxy", reconciler)

    def _say(self, what: str, reconciler: Reconciler) -> None:
        backends = counted(len(reconciler.loaded), "backend", "backends")
        problems = len(reconciler.filing.problems())
        named = f"; {counted(problems, 'problem', 'problems')}, see `hadyn status`" if problems else ""
        where = ", ".join(map(str, self.bind))
        log.info("%s %s on %s: %s%s", what, self.binary.capabilities, where, backends, named)

    def _end(self, wheel: Wheel) -> None:
        with contextlib.suppress(FileNotWritten):
            wheel.reconciler.filing.files.write_all()
        self._stop_haproxy(wheel)

    def _stop_haproxy(self, wheel: Wheel) -> None:
        if self.settings.leave_running:
            log.info("stopped; HAProxy goes on and the next hadyn adopts it")
            return
        process = wheel.supervisor.process
        try:
            self.is_patient = True
            process.stop(self.settings.shutdown_grace)
        except Impatient:
            self.is_patient = False
            process.stop(0)
        log.info("stopped, and HAProxy with it")

    def _config(self) -> ConfigSettings:
        return ConfigSettings(
            bind=self.bind,
            runtime_socket=str(self.settings.runtime_socket),
            maps=str(self.folder.maps),
            errors=str(self.folder.errors),
            maxconn=self.settings.maxconn,
            jail=Jail(str(self.folder.empty), NOBODY, NOBODY) if can_confine() else None,
        )

    def _interrupt(self) -> None:
        if self.is_patient:
            raise Impatient


def now() -> datetime:
    """Return the time for people."""
    return datetime.now(UTC)
