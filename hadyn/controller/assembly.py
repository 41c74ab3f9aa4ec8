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
from dataclasses import replace
from datetime import UTC, datetime

from hadyn.controller.belated import BelatedSource
from hadyn.controller.certificates import CertificateKeeper, keeper
from hadyn.controller.credentials import credential_keeper
from hadyn.controller.doors import door
from hadyn.controller.events import EventQueue
from hadyn.controller.filing import Filing
from hadyn.controller.intent import configuration, listeners, policy, resolver_settings, tls_listeners
from hadyn.controller.memory import watch_threads
from hadyn.controller.origins import origins
from hadyn.controller.pace import ReloadPace
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.reload import Reloader
from hadyn.controller.sentences import counted
from hadyn.controller.signals import Signals
from hadyn.controller.supervisor import Supervisor
from hadyn.controller.view import ControllerView
from hadyn.controller.wheel import Wheel
from hadyn.errors import FileNotWritten, HadynError, NotHAProxy, TemporaryError
from hadyn.model.addresses import Address
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from hadyn.observe.http import HttpServer
from hadyn.observe.log import configure
from hadyn.observe.metrics import Metrics
from hadyn.planner.capabilities import OLDEST
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.process.memory import give_back
from hadyn.process.ports import obstacle_on
from hadyn.render.bootstrap import supply
from hadyn.render.config import main_config
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.resolver.resolver import Resolver
from hadyn.runtime.client import Observer, Runtime, unix_conversation, unix_stream, unobserved
from hadyn.settings import Settings

SWITCH_SECONDS = 0.0005
"""How soon another thread gives way to the wheel: Python's 5 ms would be most of a change's latency."""
PATIENCE_SECONDS = 3.0
"""Sources that take longer have HAProxy serve meanwhile what it served last."""
LOOK_SECONDS = 0.5
"""How often it is then looked whether they are there."""

SECRETS_SECONDS = 10.0
"""So long hadyn waits for the Secrets that Ingresses refer to before it puts anything in step without them."""
CERTIFICATE_SECONDS = 10.0
"""So long HAProxy may take for one certificate with thousands of hosts."""
NAMES_SECONDS = 1.0
"""So long HAProxy's start waits for DNS; who is answered later gets slots then."""

log = logging.getLogger(__name__)


class Impatient(BaseException):
    """Somebody asks hadyn to stop while it waits: for its sources, or for HAProxy's last requests."""


class Assembly:
    """hadyn's parts, joined for one run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = StateFolder(settings.state_dir)
        found = origins(settings)
        self.sources, self.announcer = found.sources, found.announcer
        if self.folder.main_config.exists():
            # There is something to serve meanwhile, so that waiting for a source beats ending.
            self.sources = tuple(BelatedSource(source, time.monotonic) for source in self.sources)
        self.events: EventQueue = queue.SimpleQueue()
        self.log = configure(settings.log_level, settings.log_format)
        self.process = door(settings, self.folder)
        self.is_patient = False
        self.bind = (*listeners(settings), *tls_listeners(settings))
        self.resolving = resolver_settings(settings)
        self.resolver: Resolver | None = None

    def run(self) -> int:
        """Run until stopped; return the exit code."""
        sys.setswitchinterval(SWITCH_SECONDS)
        watch_threads()
        with contextlib.ExitStack() as stack:
            # First of all: sources far away are waited for from here on.
            stack.enter_context(Signals(self.events, self._interrupt))
            for source in self.sources:
                source.start(self.events.put)
                stack.callback(source.stop)
            self.folder.prepare()
            stack.enter_context(self.folder.locked())
            wheel = self._wheel()
            resolver = self.resolver = Resolver(self.resolving, time.monotonic, wheel.metrics.queried)
            wheel.want_names = resolver.want
            wheel.want_secrets = self._want_secrets
            resolver.start(self.events.put)
            stack.callback(resolver.stop)
            view = self._view(wheel, resolver)
            wheel.metrics.look_up(view)
            status_bind, control_socket = self.settings.status_bind, self.settings.control_socket
            stack.enter_context(HttpServer(view, bind=status_bind, control_socket=control_socket))
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
            self._announce(wheel, stack)
            # If this ends by a mistake of ours, HAProxy goes on and the next hadyn adopts it.
            wheel.run()
            self._end(wheel)
        return 0

    def _wheel(self) -> Wheel:
        settings = self.settings
        metrics = Metrics()
        files = StateFiles(self.folder)
        pace = ReloadPace(settings.reload_interval)
        are_brought = any(source.brings_secrets for source in self.sources)
        inventory = Inventory(self._policy(), secrets_are_brought=are_brought)
        filing = Filing(inventory, files, pace, self._spell_main, place_of=self._place_of)
        filing.main.obstacle = lambda port: obstacle_on(Address(each.ip, port) for each in listeners(settings))
        reconciler = Reconciler(
            filing=filing,
            runtime=self._runtime(metrics.commanded),
            metrics=metrics,
            clock=time.monotonic,
            drain_seconds=settings.drain_time,
        )
        reconciler.credentials = credential_keeper(
            filing,
            unix_conversation(settings.runtime_socket, CERTIFICATE_SECONDS),
            capabilities=lambda: reconciler.runtime.capabilities,
            observer=metrics.commanded,
        )
        if settings.https_port:
            reconciler.certificates = self._keeper(reconciler)
        return Wheel(
            events=self.events,
            inventory=inventory,
            reconciler=reconciler,
            reloader=Reloader(
                self.process,
                files,
                reconciler,
                pace,
                metrics,
                self.events,
                time.monotonic,
                now,
                max_old_workers=settings.max_old_workers,
            ),
            supervisor=Supervisor(self.process, filing, self.bind, self.events, time.monotonic),
            metrics=metrics,
            clock=time.monotonic,
            wall_clock=now,
            drift_interval=settings.drift_interval,
        )

    def _policy(self) -> Policy:
        version = self.process.capabilities.version
        # Of a sidecar's HAProxy nothing but the oldest is known before it has answered.
        return replace(policy(self.settings), haproxy=() if version == OLDEST else version)

    def _keeper(self, reconciler: Reconciler) -> CertificateKeeper:
        found = keeper(
            reconciler.filing,
            unix_conversation(self.settings.runtime_socket, CERTIFICATE_SECONDS),
            setting=self.settings.default_certificate,
            longest=lambda: reconciler.runtime.capabilities.longest_certificate,
            observer=reconciler.metrics.commanded,
        )
        found.default.check()
        return found

    def _runtime(self, observer: Observer = unobserved) -> Runtime:
        return Runtime(
            unix_conversation(self.settings.runtime_socket),
            capabilities=self.process.capabilities,
            map_folder=str(self.folder.maps),
            name=str(self.settings.runtime_socket),
            observer=observer,
            stream=unix_stream(self.settings.runtime_socket),
        )

    def _view(self, wheel: Wheel, resolver: Resolver) -> ControllerView:
        return ControllerView(
            wheel=wheel,
            runtime=self._runtime(),
            runtime_socket=str(self.settings.runtime_socket),
            sources=self.sources,
            resolver=resolver,
            log=self.log,
            since=now(),
            clock=time.monotonic,
            wall_clock=now,
        )

    def _announce(self, wheel: Wheel, stack: contextlib.ExitStack) -> None:
        """Have the cluster told what becomes of its objects, if there is one."""
        if self.announcer is None:
            return
        from hadyn.controller.herald import Herald  # noqa: PLC0415 - only who follows a cluster pays for its package

        wheel.look_on = Herald(wheel.inventory, wheel.reconciler.filing, self.announcer).look_on
        self.announcer.start()
        stack.callback(self.announcer.stop)

    def _want_secrets(self, added: frozenset[ObjectRef], dropped: frozenset[ObjectRef]) -> None:
        for source in self.sources:
            source.want_secrets(added, dropped)

    def _place_of(self, ref: ObjectRef) -> str:
        """Where an object is written down, "" where it is in no file."""
        return next(filter(None, (source.place_of(ref) for source in self.sources)), "")

    def _wait_for_sources(self, wheel: Wheel) -> None:
        """Return when everything is known; meanwhile, where that takes long, serve what the files say."""
        self.is_patient = True
        are_known = all(source.wait(PATIENCE_SECONDS) for source in self.sources)
        self.is_patient = False
        if not are_known:
            gc.enable()
            self._serve_last_good(wheel)
        while not (wheel.is_stopping or all(source.wait(0.0) for source in self.sources)):
            wheel.stand_by(LOOK_SECONDS)
        wheel.serves_last_good = False

    def _serve_last_good(self, wheel: Wheel) -> None:
        """Have HAProxy run with what it ran with before (docs/decisions/0008-the-last-good-files.md)."""
        if not self.folder.main_config.exists():
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
        if not self.process.is_child:
            wheel.touch(reconciler.everything())
            log.info("waiting for HAProxy on %s", self.settings.master_socket)
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

    def _spell_main(self, wish: MainWish) -> str:
        servers = self.resolver.servers if self.resolver else None
        spelled = configuration(self.settings, self.folder, wish, dns_servers=servers)
        return main_config(spelled, self.process.capabilities)

    def _load(self, filing: Filing) -> None:
        """Take over what the files say; where HAProxy is started by somebody else, let it find all it needs."""
        filing.load()
        if not self.process.is_child:
            supply(filing.files, filing.main.text())
        filing.main.put()

    def _has_installed(self, wheel: Wheel) -> bool:
        """Let the files be what is wanted; where they cannot be written, HAProxy starts from those that are there."""
        try:
            wheel.reloader.install()
        except FileNotWritten as failure:
            if not self.folder.main_config.exists():
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
        where = ", ".join(map(str, self.bind))
        log.info("%s %s on %s: %s%s", what, self.process.capabilities, where, backends, named)

    def _end(self, wheel: Wheel) -> None:
        wheel.reconciler.filing.write_all()
        self._stop_haproxy()

    def _stop_haproxy(self) -> None:
        if not self.process.is_child:
            log.info("stopped; HAProxy goes on")
            return
        if self.settings.leave_running:
            log.info("stopped; HAProxy goes on and the next hadyn adopts it")
            return
        try:
            self.is_patient = True
            self.process.stop(self.settings.shutdown_grace)
        except Impatient:
            self.is_patient = False
            self.process.stop(0)
        log.info("stopped, and HAProxy with it")

    def _interrupt(self) -> None:
        if self.is_patient:
            raise Impatient


def now() -> datetime:
    """Return the time for people."""
    return datetime.now(UTC)
