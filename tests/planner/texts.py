"""The planner's values as text that anyone can read, and a model of HAProxy in thirty lines."""

from __future__ import annotations

from textwrap import dedent

from msgspec.structs import replace

from hadyn.model.addresses import PLACEHOLDER, Address
from hadyn.model.desired import Backend, Capacity, Endpoint
from hadyn.planner.capabilities import OLDEST, Capabilities
from hadyn.planner.commands import (
    AddBackend,
    AddSlot,
    Command,
    DeleteBackend,
    DeleteSlot,
    PublishBackend,
    SetAddress,
    SetState,
    SetWeight,
    UnpublishBackend,
)
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan
from hadyn.planner.slots import plan_backend

DRAIN_SECONDS = 60
OLDEST_ONE = Capabilities(OLDEST)


def address(text: str) -> Address:
    """``10.0.0.1:80``."""
    ip, _, port = text.rpartition(":")
    return Address(ip.strip("[]"), int(port))


def endpoint(text: str) -> Endpoint:
    """``10.0.0.1:80 weight=3 draining home=s2``."""
    where, *words = text.split()
    values = dict(word.split("=") for word in words if "=" in word)
    return Endpoint(
        address(where), weight=int(values.get("weight", 1)), draining="draining" in words, home=values.get("home")
    )


def backend(*endpoints: str, name: str = "web", slots: int = 1, **capacity: int) -> Backend:
    """Ask for one slot, so that the few slots of a test are enough."""
    return Backend(name, "shop/web:80", tuple(map(endpoint, endpoints)), Capacity(slots, **capacity))


def slot(name: str, text: str) -> ObservedSlot:
    """``free``, or ``10.0.0.1:80 ready weight=3 sessions=2 for=30``."""
    if text == "free":
        return ObservedSlot(name)
    where, state, *words = text.split()
    values = dict(word.split("=") for word in words)
    return ObservedSlot(
        name,
        address(where),
        SlotState(state),
        weight=int(values.get("weight", 1)),
        sessions=int(values.get("sessions", 0)),
        seconds_in_state=int(values.get("for", 0)),
    )


def slots(name: str = "web", **texts: str) -> ObservedBackend:
    return ObservedBackend(name, tuple(slot(key, text) for key, text in texts.items()))


def plan(desired: Backend, observed: ObservedBackend | None, capabilities: Capabilities = OLDEST_ONE) -> BackendPlan:
    return plan_backend(desired, observed, drain_seconds=DRAIN_SECONDS, capabilities=capabilities)


def commands(desired: Backend, observed: ObservedBackend | None, capabilities: Capabilities = OLDEST_ONE) -> list[str]:
    """All commands of the plan, the second phase behind ``--``."""
    made = plan(desired, observed, capabilities)
    return [*map(str, made.prepare), *(["--"] if made.activate else []), *map(str, made.activate)]


def lines(text: str) -> list[str]:
    return dedent(text).strip().splitlines()


def told(observed: ObservedBackend, command: Command) -> ObservedBackend:
    """What HAProxy is after one command."""
    changed = []
    for present in observed.slots:
        after = present
        match command:
            case SetAddress(slot=name, address=where) if name == present.name:
                after = replace(present, address=where, sessions=0)
            case SetState(slot=name, state=state) if name == present.name:
                after = replace(present, state=state, seconds_in_state=0)
            case SetWeight(slot=name, weight=weight) if name == present.name:
                after = replace(present, weight=weight)
        changed.append(after)
    match command:
        case AddSlot(slot=name, address=where, weight=weight) if all(present.name != name for present in changed):
            changed.append(ObservedSlot(name, None if where == PLACEHOLDER else where, weight=weight))
        case DeleteSlot(slot=name):
            changed = [present for present in changed if present.name != name]
    return ObservedBackend(observed.name, tuple(changed))


def told_or_gone(observed: ObservedBackend | None, command: Command) -> ObservedBackend | None:
    """As ``told``, for a backend that HAProxy may not have, before or after."""
    match command:
        case AddBackend(backend=name):
            return observed or ObservedBackend(name)
        case DeleteBackend():
            return None if observed is None or not observed.slots else observed
        case PublishBackend() | UnpublishBackend():
            return observed
    return told(observed, command) if observed is not None else None


def reloaded(observed: ObservedBackend, made: BackendPlan) -> ObservedBackend:
    """What HAProxy is after it has read the files that the plan's seating makes."""
    fresh = []
    for number in range(1, made.seating.slots + 1):
        seat = made.seating.seats.get(f"s{number}")
        fresh.append(
            ObservedSlot(f"s{number}")
            if seat is None
            else ObservedSlot(f"s{number}", seat.address, SlotState.READY, 0 if seat.draining else seat.weight)
        )
    return ObservedBackend(observed.name, tuple(fresh))
