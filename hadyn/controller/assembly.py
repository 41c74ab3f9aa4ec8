"""hadyn's parts, put together as the settings ask.

Rule: nothing is started here; what begins when, and what ends when, is the lifetime's.
"""

from __future__ import annotations

import queue
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hadyn.controller.belated import BelatedSource
from hadyn.controller.certificates import CertificateKeeper, keeper
from hadyn.controller.credentials import credential_keeper
from hadyn.controller.doors import door
from hadyn.controller.events import EventQueue
from hadyn.controller.filing import Filing
from hadyn.controller.intent import configuration, listeners, policy, resolver_settings, tls_listeners
from hadyn.controller.origins import origins
from hadyn.controller.pace import ReloadPace
from hadyn.controller.past_reloads import PastReloads
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.reload import Reloader
from hadyn.controller.supervisor import Supervisor
from hadyn.controller.sweep import Sweeps
from hadyn.controller.view import ControllerView
from hadyn.controller.wheel import Wheel
from hadyn.model.addresses import Address
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from hadyn.observe.http import HttpServer
from hadyn.observe.log import configure
from hadyn.observe.metrics import Metrics
from hadyn.planner.capabilities import OLDEST
from hadyn.process.ports import obstacle_on
from hadyn.render.config import main_config
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.resolver.resolver import Resolver
from hadyn.runtime.client import Observer, Runtime, unobserved
from hadyn.runtime.connection import unix_conversation, unix_stream
from hadyn.settings import Settings

if TYPE_CHECKING:
    from hadyn.announce.announcer import Announcer

CERTIFICATE_SECONDS = 10.0
"""So long HAProxy may take for one certificate with thousands of hosts."""


class Assembly:
    """hadyn's parts for one run. What cannot be with these settings raises HadynError here, before anything is started."""

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
        self.bind = (*listeners(settings), *tls_listeners(settings))
        self._resolving = resolver_settings(settings)
        self._resolver: Resolver | None = None

    def wheel(self) -> Wheel:
        """Make what turns, with all that it turns."""
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
        reconciler.tls.credentials = credential_keeper(
            filing,
            unix_conversation(settings.runtime_socket, CERTIFICATE_SECONDS),
            capabilities=lambda: reconciler.runtime.capabilities,
            observer=metrics.commanded,
        )
        if settings.https_port:
            reconciler.tls.certificates = self._keeper(reconciler)
        return Wheel(
            events=self.events,
            want_secrets=self._want_secrets,
            inventory=inventory,
            reconciler=reconciler,
            reloader=Reloader(
                self.process,
                files,
                reconciler,
                pace,
                PastReloads(metrics, time.monotonic, now),
                self.events,
                time.monotonic,
                max_old_workers=settings.max_old_workers,
            ),
            supervisor=Supervisor(self.process, filing, self.bind, self.events, time.monotonic),
            metrics=metrics,
            clock=time.monotonic,
            wall_clock=now,
            sweeps=Sweeps(settings.drift_interval),
        )

    def resolver(self, wheel: Wheel) -> Resolver:
        """Make who asks DNS for the names that the wheel's backends have."""
        self._resolver = Resolver(self._resolving, time.monotonic, wheel.metrics.queried)
        wheel.want_names = self._resolver.want
        return self._resolver

    def view(self, wheel: Wheel, resolver: Resolver) -> ControllerView:
        """Make what others may look at, from any thread."""
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

    def http_server(self, view: ControllerView) -> HttpServer:
        """Make what shows the view over HTTP."""
        return HttpServer(view, bind=self.settings.status_bind, control_socket=self.settings.control_socket)

    def announcing(self, wheel: Wheel) -> Announcer | None:
        """Have the cluster told what becomes of its objects; return who tells it, None where nobody is told."""
        if self.announcer is not None:
            from hadyn.controller.herald import Herald  # noqa: PLC0415 - only who follows a cluster pays for its package

            wheel.look_on = Herald(wheel.inventory, wheel.reconciler.filing, self.announcer).look_on
        return self.announcer

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

    def _spell_main(self, wish: MainWish) -> str:
        servers = self._resolver.servers if self._resolver else None
        spelled = configuration(self.settings, self.folder, wish, dns_servers=servers)
        return main_config(spelled, self.process.capabilities)

    def _want_secrets(self, added: frozenset[ObjectRef], dropped: frozenset[ObjectRef]) -> None:
        for source in self.sources:
            source.want_secrets(added, dropped)

    def _place_of(self, ref: ObjectRef) -> str:
        """Where an object is written down, "" where it is in no file."""
        return next(filter(None, (source.place_of(ref) for source in self.sources)), "")


def now() -> datetime:
    """Return the time for people."""
    return datetime.now(UTC)
