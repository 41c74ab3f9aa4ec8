"""What a soak run wants of hadyn, and the random changes to it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hadyn.planner.observed import SlotState
from hadyn.runtime.client import Runtime
from hadyn.runtime.connection import unix_conversation
from integration.manifests import ingress, service, slice_
from integration.running import Ground
from tests.soak.names import Names

SERVICES = 24
ADDRESSES = 14
MOST_ENDPOINTS = 12
MOST_LEAVING = 3
FIRST_ENDPOINTS = 3
ROUTE_SHARE = 0.03
NAME_SHARE = 0.1
PORT = 9000
MAPS = ("prefix", "exact")


@dataclass(slots=True)
class World:
    """Services with endpoints that nobody has to answer for; those without a route have no backend."""

    ground: Ground
    names: Names
    chances: random.Random
    ready: dict[str, list[str]] = field(default_factory=dict)
    leaving: dict[str, list[str]] = field(default_factory=dict)
    routed: set[str] = field(default_factory=set)

    def begin(self) -> None:
        for number in range(SERVICES):
            name = f"web-{number:02}"
            self.ready[name], self.leaving[name] = addresses_of(name)[:FIRST_ENDPOINTS], []
            self.ground.write(f"{name}.yaml", service(name))
            self._tell(name)
            self._route(name)
        self.names.begin()

    def change(self) -> None:
        """Let endpoints of some Service come, go, terminate, its route come or go, or the records of a name be others."""
        if self.chances.random() < NAME_SHARE:
            self.names.change()
            return
        name = self.chances.choice(list(self.ready))
        if self.chances.random() >= ROUTE_SHARE:
            self._change_endpoints(name)
        elif name in self.routed:
            self.routed.discard(name)
            self.ground.remove(f"{name}-route.yaml")
        else:
            self._route(name)

    def differences(self) -> list[str]:
        """Say what HAProxy and the files hold that is not wanted, or do not hold that is."""
        runtime = Runtime(
            unix_conversation(self.ground.runtime_socket),
            capabilities=self.ground.capabilities,
            map_folder=str(self.ground.folder.maps),
        )
        found = []
        entries = {key: value for name in MAPS for key, value in runtime.read_map(name).items()}
        wanted_entries = {f"{name}.example/": backend_of(name) for name in self.routed} | self.names.entries
        if entries != wanted_entries:
            found.append(f"map entries {sorted(entries.items() ^ wanted_entries.items())}")
        everybody = {backend_of(name): self._wanted(name) for name in self.ready} | self.names.wanted
        observed = runtime.observe_slots(everybody)
        for name, wanted in everybody.items():
            backend = observed.get(name)
            # Weight 0 is how a file spells draining, so what a reload by somebody else makes of it.
            slots = [slot for slot in backend.slots if slot.state is SlotState.READY and slot.weight] if backend else []
            filed = self.ground.filed(name)
            if sorted((str(slot.address), slot.weight) for slot in slots) != [(address, 1) for address in wanted]:
                found.append(f"{name}: {slots} instead of {wanted}")
            if not set(wanted) <= set(filed.values()):
                found.append(f"{name}: filed {filed} instead of {wanted}")
        return found

    def is_exact(self) -> bool:
        return not self.differences()

    def _wanted(self, name: str) -> list[str]:
        """The addresses that shall take requests; terminating ones where there are no others."""
        if name not in self.routed:
            return []
        return sorted(f"{ip}:{PORT}" for ip in self.ready[name] or self.leaving[name])

    def _change_endpoints(self, name: str) -> None:
        count = self.chances.randrange(MOST_ENDPOINTS + 1)
        chosen = self.chances.sample(addresses_of(name), count)
        gone = self.chances.randrange(min(MOST_LEAVING, count) + 1)
        self.ready[name], self.leaving[name] = chosen[gone:], chosen[:gone]
        self._tell(name)

    def _route(self, name: str) -> None:
        self.routed.add(name)
        self.ground.write(f"{name}-route.yaml", ingress(name, host=f"{name}.example"))

    def _tell(self, name: str) -> None:
        leaving = tuple(self.leaving[name])
        self.ground.write(f"{name}-slice.yaml", slice_(name, *self.ready[name], port=PORT, leaving=leaving))


def backend_of(name: str) -> str:
    return f"shop_{name}_80"


def addresses_of(name: str) -> list[str]:
    return [f"127.90.{int(name[-2:])}.{last}" for last in range(1, ADDRESSES + 1)]
