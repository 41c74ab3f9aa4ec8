"""A fake HAProxy, a Runtime on it, plans for it: each in one line."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from hadyn.planner.commands import SetAddress, SetState, SetWeight, SlotCommand
from hadyn.planner.observed import ObservedBackend, SlotState
from hadyn.planner.plan import BackendPlan, Seating
from hadyn.runtime.client import Runtime
from hadyn.runtime.fake import FakeHAProxy
from tests.planner.texts import address, endpoint

MAPS = "/run/maps"
SYNCHRONOUS = ["2.6.12", "2.8.25"]
WITH_WAIT = ["3.0.11", "3.2.26", "3.4.7"]
VERSIONS = [*SYNCHRONOUS, "2.9.1", *WITH_WAIT]


def haproxy(*backends: str, version: str = "2.8.25", slots: int = 4) -> FakeHAProxy:
    """Start a fake HAProxy with free slots in each backend, with three empty maps."""
    template = f"server-template s 1-{slots} 127.0.0.1:1 disabled"
    configuration = "".join(f"backend {name}\n  {template}\n" for name in backends)
    maps: dict[str, dict[str, str]] = {f"{MAPS}/{name}.map": {} for name in ("hosts", "exact", "prefix")}
    return FakeHAProxy(configuration, version=version, maps=maps)


def runtime_of(fake: FakeHAProxy) -> Runtime:
    return Runtime(fake.converse, capabilities=fake.capabilities, map_folder=MAPS, name="fake.sock")


def held(fake: FakeHAProxy, name: str = "web") -> list[str]:
    """Say what the fake's slots hold: ``s1 10.0.0.1:80 ready weight=1``; free ones are left out."""
    observed = runtime_of(fake).observe([name])[name]
    return [f"{slot.name} {slot.address} {slot.state} weight={slot.weight}" for slot in observed.slots if slot.address]


def without_age(backends: Mapping[str, ObservedBackend]) -> dict[str, ObservedBackend]:
    """Leave out for how long slots have been what they are, which differs from second to second."""
    return {
        name: ObservedBackend(name, tuple(replace(slot, seconds_in_state=0) for slot in backend.slots))
        for name, backend in backends.items()
    }


def steps(backend: str, text: str) -> tuple[SlotCommand, ...]:
    """``s1 addr 10.0.0.1:80; s1 weight 3; s1 ready``."""
    made: list[SlotCommand] = []
    for step in filter(None, text.split("; ")):
        match step.split():
            case [slot, "addr", where]:
                made.append(SetAddress(backend, slot, address(where)))
            case [slot, "weight", weight]:
                made.append(SetWeight(backend, slot, int(weight)))
            case [slot, state]:
                made.append(SetState(backend, slot, SlotState(state)))
    return tuple(made)


def part(prepare: str = "", activate: str = "", *, backend: str = "web", **seats: str) -> BackendPlan:
    """Plan steps for a backend whose slots shall hold these endpoints."""
    seating = Seating(len(seats), {slot: endpoint(text) for slot, text in seats.items()})
    return BackendPlan(backend, seating, prepare=steps(backend, prepare), activate=steps(backend, activate))
