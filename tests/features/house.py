"""The whole of hadyn on a fake HAProxy: objects in at the front door, read at the fake.

Nothing is left out but the world: the process is a ``FakeDoor``, time is given, and the
wheel turns when a test says so.
"""

from __future__ import annotations

import queue
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hadyn.controller.certificates import CertificateKeeper
from hadyn.controller.credentials import CredentialKeeper
from hadyn.controller.default_certificate import DefaultCertificate
from hadyn.controller.events import EventQueue, ProcessEnded, Resync
from hadyn.controller.filing import Filing
from hadyn.controller.pace import ReloadPace
from hadyn.controller.past_reloads import PastReloads
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.reload import Reloader
from hadyn.controller.supervisor import Supervisor
from hadyn.controller.sweep import Sweeps
from hadyn.controller.wheel import Wheel
from hadyn.model.addresses import Address
from hadyn.model.desired import Capacity, MapName
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.objects import KubernetesObject
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from hadyn.observe.metrics import Metrics
from hadyn.render.certificates import LISTING
from hadyn.render.config import ConfigSettings, main_config
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.resolvers import Resolvers
from hadyn.render.self_made import MARK
from hadyn.render.shards import sections
from hadyn.render.tls import TlsSettings
from hadyn.runtime.certificates import CertificateDoor
from hadyn.runtime.client import Runtime
from hadyn.runtime.credentials import CredentialDoor
from hadyn.runtime.fake import Refuse
from tests.features.door import FakeDoor
from tests.features.watched import WatchedHAProxy
from tests.given import changes
from tests.pairs import NOW, pair

JUDGEMENT_SECONDS = 10.0
CHANGING = ("set ", "add ", "del ", "publish ", "unpublish ")
SERVER_LINE = re.compile(r"^    server (\S+) (\S+) ", re.MULTILINE)


@dataclass(slots=True)
class Clock:
    """Time as a test gives it, in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class House:
    """One hadyn in a state folder; ``restart`` puts another into its place, which finds what is there."""

    folder: StateFolder
    version: str = "2.8.25"
    slots: int = 4
    drain_seconds: float = 60.0
    reload_interval: float = 1.0
    spares: int = 0
    speaks_tls: bool = False
    dns_servers: tuple[Address, ...] = ()
    clock: Clock = field(default_factory=Clock)
    fake: WatchedHAProxy = field(init=False)
    door: FakeDoor = field(init=False)
    wheel: Wheel = field(init=False)
    events: EventQueue = field(init=False)
    _read: int = 0

    def __post_init__(self) -> None:
        self.fake = WatchedHAProxy(version=self.version)
        self.door = FakeDoor(self.fake, self.folder)
        self.wheel = self._wheel()

    def begin(self, *objects: KubernetesObject) -> None:
        """Start hadyn with these objects, and with it HAProxy, or take over the one that runs; let it do all it can."""
        self.enter(*objects)
        self.settle()

    def enter(self, *objects: KubernetesObject) -> None:
        """As ``begin``; hadyn has not turned yet."""
        self.wheel.take_in(changes(*objects, is_complete=True))
        reconciler = self.wheel.reconciler
        reconciler.filing.load()
        reconciler.filing.main.put()
        if self.wheel.supervisor.adopted():
            self.wheel.compare()
        else:
            reconciler.file(reconciler.everything())
            self.wheel.reloader.install()
            self.wheel.supervisor.start()
            self.wheel.touched = reconciler.after_reload()
            reconciler.filing.settle(reconciler.filing.pace.backends)

    def restart(self, *objects: KubernetesObject) -> None:
        """Let hadyn die where it is, and start another one with these objects."""
        self.replace(*objects)
        self.settle()

    def replace(self, *objects: KubernetesObject) -> None:
        """As ``restart``; the other one has not turned yet."""
        self.wheel = self._wheel()
        self.enter(*objects)

    def change(self, *upserts: KubernetesObject, deletes: tuple[ObjectRef, ...] = ()) -> None:
        """Deliver a difference and let hadyn do all it can do now."""
        self.deliver(*upserts, deletes=deletes)
        self.settle()

    def deliver(self, *upserts: KubernetesObject, deletes: tuple[ObjectRef, ...] = (), **more: Any) -> None:
        """Deliver a difference; hadyn has not turned yet."""
        self.events.put(changes(*upserts, deletes=deletes, received=self.clock.now, **more))

    def settle(self) -> None:
        """Turn until there is nothing to do at this moment."""
        self.wheel.turn(self._queued())
        while self._is_busy():
            self.wheel.turn(self._queued() or self._awaited())

    def wait(self, seconds: float) -> None:
        """Let time pass, for HAProxy too, and let hadyn do what is due then."""
        self.clock.now += seconds
        self.fake.pass_time(int(seconds))
        self.settle()

    def compare_everything(self) -> None:
        """Ask for a full resync."""
        self.events.put(Resync())
        self.settle()

    def crash_haproxy(self) -> None:
        """End HAProxy: nobody answers until it is started again. hadyn learns of it, with all that was delivered before."""
        life = self.door.handle
        assert life is not None
        self.fake.stands = Refuse()
        life.ended.set()
        happened = [self.events.get(timeout=JUDGEMENT_SECONDS)]
        while not isinstance(happened[-1], ProcessEnded):
            happened.append(self.events.get(timeout=JUDGEMENT_SECONDS))
        self.wheel.turn(happened)

    def sent(self) -> list[str]:
        """The commands since the last call that change anything, without what is only asked."""
        told = [text for text in self.fake.commands[self._read :] if text.startswith(CHANGING)]
        self._read = len(self.fake.commands)
        return [text.replace(f"{self.folder.maps}/", "") for text in told]

    def sent_about_certificates(self) -> list[str]:
        """The commands since HAProxy began that are about certificates and change something, payloads left out."""
        return [text for text in self.fake.commands if " ssl " in text and not text.startswith("show ")]

    def ready(self, backend: str = "shop_web_80") -> list[str]:
        """The addresses that take requests, sorted."""
        self.fake.settle()
        return self.fake.ready(backend)

    def seats(self, backend: str = "shop_web_80") -> dict[str, str]:
        """Who sits in which slot that is ready."""
        return {
            name: f"{slot.ip}:{slot.port}"
            for name, slot in self.fake.backends[backend].items()
            if not slot.admin & 0x3B
        }

    def filed(self, backend: str = "shop_web_80") -> dict[str, str]:
        """Who sits in which slot in the files."""
        texts = {
            name: text.decode()
            for path in self.folder.backends.glob("*.cfg")
            for name, text in sections(path.read_bytes())
        }
        return dict(SERVER_LINE.findall(texts.get(backend, "")))

    def routes(self, name: MapName = MapName.PREFIX) -> dict[str, str]:
        """The entries of one of HAProxy's maps."""
        return self.fake.maps[f"{self.folder.maps}/{name}.map"]

    def reloads(self) -> dict[str, int]:
        """How often HAProxy was reloaded, by reason."""
        return self.wheel.reloader.past.by_reason

    def problems(self) -> list[str]:
        """Every problem as ``object: reason``."""
        found = self.wheel.reconciler.filing.problems()
        return [f"{problem.object}: {problem.reason}" for problem in found]

    def last_sentence(self) -> str:
        assert self.wheel.last_cycle is not None
        return self.wheel.last_cycle.sentence

    def _wheel(self) -> Wheel:
        self.events = queue.SimpleQueue()
        metrics, files, pace = Metrics(), StateFiles(self.folder), ReloadPace(self.reload_interval)
        version = self.fake.capabilities.version
        policy = Policy(config_map="hadyn/options", capacity=Capacity(slots=self.slots), haproxy=version)
        inventory = Inventory(policy)
        filing = Filing(inventory, files, pace, self._spell_main)
        runtime = Runtime(
            self.fake.converse,
            capabilities=self.fake.capabilities,
            map_folder=str(self.folder.maps),
            observer=metrics.commanded,
        )
        reconciler = Reconciler(filing, runtime, metrics, self.clock, drain_seconds=self.drain_seconds)
        reconciler.tls.credentials = CredentialKeeper(
            filing,
            CredentialDoor(self.fake.converse, folder=str(self.folder.credentials)),
            capabilities=lambda: self.fake.capabilities,
            make=lambda: pair("nobody", kind="secp256k1").pem,
            epoch=self._epoch,
        )
        if self.speaks_tls:
            reconciler.tls.certificates = self._keeper(filing)
        past = PastReloads(metrics, self.clock, wall_clock)
        reloader = Reloader(self.door, files, reconciler, pace, past, self.events, self.clock)
        bind = (Address("127.0.0.1", 8080),)
        return Wheel(
            events=self.events,
            inventory=inventory,
            reconciler=reconciler,
            reloader=reloader,
            supervisor=Supervisor(self.door, filing, bind, self.events, self.clock),
            metrics=metrics,
            clock=self.clock,
            wall_clock=wall_clock,
            sweeps=Sweeps(3600.0),
        )

    def _spell_main(self, wish: MainWish) -> str:
        settings = ConfigSettings(
            options=wish.options,
            extras=wish.extras,
            bind=(Address("127.0.0.1", 8080),),
            runtime_socket=f"{self.folder.path}/run/runtime.sock",
            maps=str(self.folder.maps),
            errors=str(self.folder.errors),
            credentials=str(self.folder.credentials),
            spare_backends=self.spares,
            spare_slots=self.slots,
            tls=TlsSettings((Address("127.0.0.1", 8443),), f"{self.folder.certificates}/{LISTING}")
            if self.speaks_tls
            else None,
            resolvers=Resolvers(self.dns_servers) if wish.leaves_names else None,
        )
        return main_config(settings, self.fake.capabilities)

    def _keeper(self, filing: Filing) -> CertificateKeeper:
        files = filing.files.certificates
        return CertificateKeeper(
            filing=filing,
            door=CertificateDoor(self.fake.converse, folder=str(files.folder), listing=str(files.listing)),
            default=DefaultCertificate(make=lambda: f"{MARK}\n{pair('default.example').pem}"),
            longest=lambda: self.fake.capabilities.longest_certificate,
            clock=self.clock,
            epoch=self._epoch,
        )

    def _epoch(self) -> float:
        return NOW.timestamp() + self.clock.now - Clock().now

    def _queued(self) -> list[Any]:
        found = []
        while not self.events.empty():
            found.append(self.events.get_nowait())
        return found

    def _is_judging(self) -> bool:
        return self.wheel.reloader.is_judging

    def _is_busy(self) -> bool:
        return not self.events.empty() or self._is_judging() or self.wheel._patience() == 0

    def _awaited(self) -> list[Any]:
        """HAProxy judges in a thread: wait for its word."""
        return [self.events.get(timeout=JUDGEMENT_SECONDS)] if self._is_judging() else []


def wall_clock() -> datetime:
    return datetime(2026, 11, 22, 10, tzinfo=UTC)
