"""What a read-back proves of what was told.

Rules: ``ready`` goes only to slots that were read back with the address and weight they
should have; those that leave stay until somebody else serves. Replies decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hadyn.model.addresses import PLACEHOLDER
from hadyn.model.desired import Endpoint
from hadyn.planner.commands import (
    AddSlot,
    BackendCommand,
    Command,
    EnableAgent,
    EnableChecks,
    SetAddress,
    SetFqdn,
    SetState,
    SetWeight,
    SlotCommand,
)
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan


class ProvenSlot(Struct, frozen=True, gc=False):
    """A slot that was switched to ready and read back so, with this endpoint's address and weight."""

    backend: str
    slot: str
    endpoint: Endpoint


def divided(
    parts: Iterable[BackendPlan], prompt: Container[SlotCommand], observed: Mapping[str, ObservedBackend]
) -> tuple[list[SlotCommand], list[SlotCommand]]:
    """Divide what comes behind the barrier, but for what was ``prompt``, into commands to send, commands to withhold."""
    released: list[SlotCommand] = []
    withheld: list[SlotCommand] = []
    for part in parts:
        if not part.prepare:
            # Planned from what this cycle observed, and nothing was changed since.
            released += part.activate
            continue
        slots = slots_of(observed.get(part.backend))
        serving = {slot.name for slot in slots.values() if slot.state is SlotState.READY and slot.weight}
        is_complete = True
        for command in part.activate:
            if is_ready(command):
                is_safe = _holds(slots.get(command.slot), part.seating.seats.get(command.slot))
                is_complete = is_complete and is_safe
                # One that was told at once serves somebody, but nobody who is wanted.
                serving.discard(command.slot)
                if is_safe and part.seating.seats[command.slot].weight:
                    serving.add(command.slot)
            else:
                is_safe = is_complete or serving != {command.slot}
                if is_safe and isinstance(command, SetState):
                    serving.discard(command.slot)
            if command not in prompt:
                (released if is_safe else withheld).append(command)
    return released, withheld


def addresses_told(part: BackendPlan) -> dict[str, SetAddress]:
    """Return what gives slots another address, by slot."""
    found = [command for command in part.prepare if isinstance(command, SetAddress)]
    by_slot = {command.slot: command for command in found}
    # The second change of one slot would be compared with the address before the first, so lost:
    # haproxy-facts.md#addr-is-asynchronous.
    assert len(by_slot) == len(found), "two address changes of one slot without a barrier"
    return by_slot


def lags(part: BackendPlan, backend: ObservedBackend | None, refused: Container[Command] = ()) -> bool:
    """Whether some address does not show yet that was told, and not ``refused``."""
    slots = slots_of(backend)
    told = addresses_told(part)
    return any(
        slot not in slots or slots[slot].address != command.address
        for slot, command in told.items()
        if command not in refused
    )


def proven_slots(
    parts: Iterable[BackendPlan], told: Iterable[SlotCommand], observed: Mapping[str, ObservedBackend]
) -> Iterator[ProvenSlot]:
    """Yield the slots that were told to be ready, and are, with whom they should have."""
    seats = {part.backend: part.seating.seats for part in parts}
    name, slots = "", dict[str, ObservedSlot]()
    for command in told:
        if is_ready(command):
            if command.backend != name:
                name = command.backend
                slots = slots_of(observed.get(name))
            endpoint, slot = seats[name].get(command.slot), slots.get(command.slot)
            if endpoint and slot and slot.state is SlotState.READY and _holds(slot, endpoint):
                yield ProvenSlot(name, command.slot, endpoint)


def not_as_told(
    commands: Iterable[SlotCommand | BackendCommand], observed: Mapping[str, ObservedBackend]
) -> frozenset[str]:
    """Return the backends where the last command of some kind to some slot does not show."""
    told: dict[str, list[SlotCommand | BackendCommand]] = {}
    for command in commands:
        told.setdefault(command.backend, []).append(command)
    return frozenset(name for name, of_one in told.items() if not is_as_told(of_one, observed.get(name)))


def is_as_told(commands: Sequence[SlotCommand | BackendCommand], backend: ObservedBackend | None) -> bool:
    """Whether the last command of each kind to each slot of this backend shows."""
    if backend is None:
        return False
    slots = slots_of(backend)
    if all(_shows(command, slots) for command in commands):
        return True
    last = {(type(command), getattr(command, "slot", "")): command for command in commands}
    return all(_shows(command, slots) for command in last.values())


_SIGNS: Mapping[type[SlotCommand | BackendCommand], Callable[[Any, ObservedSlot], bool]] = {
    SetAddress: lambda command, slot: slot.address == command.address,
    SetFqdn: lambda command, slot: (slot.fqdn or "").lower() == command.host,
    SetState: lambda command, slot: slot.state is command.state,
    SetWeight: lambda command, slot: slot.weight == command.weight,
    EnableChecks: lambda _, slot: not slot.lacks_checks,
    EnableAgent: lambda _, slot: not slot.lacks_checks,
    AddSlot: lambda command, slot: (slot.address or PLACEHOLDER, slot.weight) == (command.address, command.weight),
}
"""How each command shows in its slot; one that is not here does not: DeleteSlot."""


def _shows(command: SlotCommand | BackendCommand, slots: Mapping[str, ObservedSlot]) -> bool:
    """Whether slots of a backend, which is there, are what the command makes them."""
    name = getattr(command, "slot", None)
    if name is None:
        return True
    slot, sign = slots.get(name), _SIGNS.get(type(command))
    return slot is not None and sign is not None and sign(command, slot)


def is_ready(command: SlotCommand) -> bool:
    """Whether the command switches a slot to ready."""
    return isinstance(command, SetState) and command.state is SlotState.READY


def slots_of(backend: ObservedBackend | None) -> dict[str, ObservedSlot]:
    """Return a backend's slots by name, none of one that HAProxy does not have."""
    return {slot.name: slot for slot in backend.slots} if backend else {}


def _holds(slot: ObservedSlot | None, endpoint: Endpoint | None) -> bool:
    return bool(slot and endpoint and slot.address == endpoint.address and slot.weight == endpoint.weight)
