"""hadyn's middle on a real HAProxy, one turn at a time: a reconciler with its files, without wheel and sources."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.controller.filing import Filing
from hadyn.controller.pace import ReloadPace
from hadyn.controller.reconciler import Reconciler
from hadyn.errors import TemporaryError
from hadyn.model.desired import Capacity
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.objects import KubernetesObject
from hadyn.model.policy import Policy
from hadyn.observe.metrics import Metrics
from hadyn.planner.observed import SlotState
from hadyn.runtime.client import Runtime
from hadyn.runtime.connection import unix_conversation
from integration.sockproxy import SockProxy
from integration.stack import Stack
from tests.given import changes

TRIES = 20


@dataclass(slots=True)
class Steps:
    """One HAProxy that runs with ``objects``, behind ``proxy``; a context manager."""

    haproxy: Path
    objects: tuple[KubernetesObject, ...]
    timeout_seconds: float = 2.0
    proxy: SockProxy = field(init=False)
    reconciler: Reconciler = field(init=False)
    _stack: Stack = field(init=False)
    _inventory: Inventory = field(init=False)

    def __enter__(self) -> Self:
        self._stack = Stack(self.haproxy)
        self._inventory = Inventory(Policy(capacity=Capacity(slots=4)))
        filing = Filing(self._inventory, self._stack.files, ReloadPace(1.0), self._spell_main)
        socket = self._stack.settings.runtime_socket
        self.reconciler = Reconciler(filing, self._runtime(socket), Metrics(), time.monotonic, drain_seconds=60)
        self._inventory.apply(changes(*self.objects, is_complete=True))
        self.reconciler.file(self.reconciler.everything())
        self._stack.start()
        self.reconciler.after_reload()
        self.proxy = SockProxy(socket).__enter__()
        return self

    def _spell_main(self, wish: MainWish) -> str:
        return self._stack.main_text(wish)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.__exit__(kind, error, trace)
        self._stack.__exit__(kind, error, trace)

    def change(self, *objects: KubernetesObject, meanwhile: Callable[[], None] = lambda: None) -> int:
        """Bring a change to HAProxy, as often as it takes; return how often. ``meanwhile`` is called after each try."""
        touched = self._inventory.apply(changes(*objects))
        for tries in range(1, TRIES + 1):
            try:
                self.reconciler.reconcile(touched)
            except TemporaryError:
                self.reconciler.entries_are_doubtful = True
                meanwhile()
                continue
            meanwhile()
            return tries
        raise AssertionError(f"not done after {TRIES} tries")

    def compare(self) -> None:
        """Compare everything, and set right what differs."""
        self.reconciler.reconcile(self.reconciler.compare_everything())

    def ready(self, backend: str = "shop_web_80") -> list[str]:
        """The addresses that are ready, as HAProxy itself says, sorted."""
        observed = self._runtime(self.proxy.real).observe([backend])[backend]
        return sorted(str(slot.address) for slot in observed.slots if slot.state is SlotState.READY)

    def filed(self, backend: str = "shop_web_80") -> str:
        return self._stack.files.sections.of(backend) or ""

    def _runtime(self, socket: Path) -> Runtime:
        return Runtime(
            unix_conversation(socket, self.timeout_seconds),
            capabilities=self._stack.process.capabilities,
            map_folder=str(self._stack.folder.maps),
        )
