"""Seat endpoints in the slots of one backend.

Rules:

1. An endpoint that stays keeps its slot; one that comes back to an address that a slot
   in maint still holds gets that slot.
2. A slot drains until its last session ends. Handed on sooner, it would send
   somebody's session to a stranger; so newcomers take free slots first, then slots that
   drained long enough, then, before any reload, those that still drain.
3. While any endpoint is wanted, one slot stays ready: those that leave go first where
   others stay (their pods may be dead already), and last where they are all there is.
4. Address and weight are set in maint; ``ready`` waits for the read-back (decision 4).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hadyn.model.desired import Backend, Endpoint
from hadyn.model.names import slot_name, slot_number
from hadyn.planner.capacity import first_slots, grown_slots, kept_slots
from hadyn.planner.commands import SetAddress, SetState, SetWeight, SlotCommand
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan, Seating
from hadyn.planner.reasons import Reload, ReloadReason

_PREFERENCE = {SlotState.READY: 0, SlotState.DRAIN: 1, SlotState.MAINT: 2}


def seat_first(backend: Backend) -> Seating:
    """Seat a backend that HAProxy does not have yet, in address order from the first slot on."""
    wanted = [endpoint for endpoint in backend.endpoints if not endpoint.draining]
    slots = first_slots(backend.capacity, needed=len(wanted))
    seats = {slot_name(number): endpoint for number, endpoint in enumerate(wanted[:slots], start=1)}
    return Seating(slots=slots, seats=seats)


def plan_backend(backend: Backend, observed: ObservedBackend | None, *, drain_seconds: float) -> BackendPlan:
    """Plan one wanted backend; ``drain_seconds`` is how long a slot's sessions are waited for."""
    if observed is None:
        seating = seat_first(backend)
        wanted = [endpoint for endpoint in backend.endpoints if not endpoint.draining]
        reload = Reload(ReloadReason.NEW_BACKEND, backend.name)
        return BackendPlan(backend.name, seating, reloads=(reload,), unseated=tuple(wanted[seating.slots :]))
    slots = sorted(
        (slot for slot in observed.slots if slot_number(slot.name) is not None),
        key=lambda slot: slot_number(slot.name) or 0,
    )
    can_grow = len(slots) < backend.capacity.maximum
    assignment = _assign(backend.endpoints, slots, drain_seconds=drain_seconds, can_grow=can_grow)
    return _written_out(backend, slots, assignment)


def plan_retirement(observed: ObservedBackend) -> tuple[SlotCommand, ...]:
    """Take every slot of a backend that nobody wants any more out of service; requests under way finish."""
    return tuple(
        SetState(observed.name, slot.name, SlotState.MAINT)
        for slot in observed.slots
        if slot_number(slot.name) is not None and slot.state is not SlotState.MAINT
    )


@dataclass(slots=True)
class _Assignment:
    """Who gets which slot: kept as it is, newly given, or taken away."""

    kept: list[tuple[ObservedSlot, Endpoint]] = field(default_factory=list)
    given: list[tuple[ObservedSlot, Endpoint]] = field(default_factory=list)
    leaving: list[ObservedSlot] = field(default_factory=list)
    waiting: list[Endpoint] = field(default_factory=list)
    is_unfinished: bool = False

    @property
    def has_ready(self) -> bool:
        """Some slot serves throughout, whatever else happens."""
        return any(_serves(slot) and not endpoint.draining and endpoint.weight for slot, endpoint in self.kept)


def _serves(slot: ObservedSlot) -> bool:
    """Requests reach this slot."""
    return slot.state is SlotState.READY and slot.weight > 0


def _assign(
    endpoints: Iterable[Endpoint], slots: list[ObservedSlot], *, drain_seconds: float, can_grow: bool
) -> _Assignment:
    assignment = _Assignment()
    remaining = list(slots)
    newcomers = []
    holding: dict[object, list[ObservedSlot]] = {}
    for slot in sorted(slots, key=lambda slot: (not _serves(slot), _PREFERENCE[slot.state])):
        holding.setdefault(slot.address, []).append(slot)
    for endpoint in endpoints:
        holders = holding.get(endpoint.address)
        if holders and not (endpoint.draining and holders[0].state is SlotState.MAINT):
            assignment.kept.append((holders[0], endpoint))
            remaining.remove(holders[0])
        elif not endpoint.draining:
            newcomers.append(endpoint)
    assignment.leaving = [slot for slot in remaining if slot.state is not SlotState.MAINT]
    idle = [slot for slot in remaining if slot.state is SlotState.MAINT]
    idle.sort(key=lambda slot: _reluctance(slot, drain_seconds))
    _give(assignment, newcomers, idle, can_grow=can_grow)
    return assignment


def _reluctance(slot: ObservedSlot, drain_seconds: float) -> tuple[int, int, int]:
    """Order slots in maint by how little handing them on disturbs: lowest first."""
    if slot.sessions == 0:
        return (0 if slot.address is None else 1), -slot.seconds_in_state * (slot.address is not None), 0
    if slot.seconds_in_state >= drain_seconds:
        return 2, slot.sessions, -slot.seconds_in_state
    return 3, slot.sessions, -slot.seconds_in_state


def _give(assignment: _Assignment, newcomers: list[Endpoint], idle: list[ObservedSlot], *, can_grow: bool) -> None:
    """Give slots to newcomers: idle ones, then those that leave now, then those of draining endpoints."""
    assignment.given = list(zip(idle, newcomers, strict=False))
    waiting = newcomers[len(idle) :]
    reserve = [*assignment.leaving, *(slot for slot, endpoint in assignment.kept if endpoint.draining)]
    serving = [slot for slot in reserve if _serves(slot)]
    if serving and not assignment.has_ready and (can_grow or assignment.given or len(reserve) > 1):
        # Rule 3: the last one that serves is replaced once a newcomer does.
        reserve.remove(serving[-1])
        assignment.is_unfinished = bool(waiting and (assignment.given or reserve))
    taken = list(zip(reserve, waiting, strict=False))
    reused = {slot.name for slot, _ in taken}
    assignment.given += taken
    assignment.leaving = [slot for slot in assignment.leaving if slot.name not in reused]
    assignment.kept = [(slot, endpoint) for slot, endpoint in assignment.kept if slot.name not in reused]
    assignment.waiting = waiting[len(taken) :]
    assignment.is_unfinished = assignment.is_unfinished and bool(assignment.waiting)


def _written_out(backend: Backend, slots: list[ObservedSlot], assignment: _Assignment) -> BackendPlan:
    """Turn an assignment into commands, the seating for the files, and reload reasons."""
    prepare, activate = _arrivals(backend.name, assignment)
    partings = _partings(backend.name, assignment)
    if assignment.has_ready or not activate:
        prepare += partings
    else:
        activate += partings
    seating, reloads, unseated = _sized(backend, slots, assignment)
    return BackendPlan(
        backend.name,
        seating,
        prepare=tuple(prepare),
        activate=tuple(activate),
        reloads=reloads,
        unseated=unseated,
        is_unfinished=assignment.is_unfinished,
    )


def _arrivals(name: str, assignment: _Assignment) -> tuple[list[SlotCommand], list[SlotCommand]]:
    """Commands that bring addresses and weights in, and those that then switch slots to ready."""
    prepare: list[SlotCommand] = [
        SetState(name, slot.name, SlotState.MAINT) for slot, _ in assignment.given if slot.state is not SlotState.MAINT
    ]
    activate: list[SlotCommand] = []
    for slot, endpoint in assignment.given:
        prepare.append(SetAddress(name, slot.name, endpoint.address))
        if slot.weight != endpoint.weight:
            prepare.append(SetWeight(name, slot.name, endpoint.weight))
        activate.append(SetState(name, slot.name, SlotState.READY))
    staying = [(slot, endpoint) for slot, endpoint in assignment.kept if not endpoint.draining]
    # Weights rise before others fall: no moment without a slot that takes requests.
    for slot, endpoint in sorted(staying, key=lambda seat: seat[0].weight - seat[1].weight):
        if slot.weight != endpoint.weight:
            prepare.append(SetWeight(name, slot.name, endpoint.weight))
    activate += [SetState(name, slot.name, SlotState.READY) for slot, _ in staying if slot.state is not SlotState.READY]
    return prepare, activate


def _partings(name: str, assignment: _Assignment) -> list[SlotCommand]:
    """Commands that take slots out of service; while a newcomer waits for a slot, the last that serves waits too."""
    leaving = assignment.leaving
    is_last_needed = assignment.waiting and not assignment.has_ready
    if is_last_needed:
        leaving = [slot for slot in leaving if not _serves(slot)]
    draining = [slot for slot, endpoint in assignment.kept if endpoint.draining and slot.state is SlotState.READY]
    if is_last_needed:
        draining = []
    return [
        *(SetState(name, slot.name, SlotState.DRAIN) for slot in draining),
        *(SetState(name, slot.name, SlotState.MAINT) for slot in leaving),
    ]


def _sized(
    backend: Backend, slots: list[ObservedSlot], assignment: _Assignment
) -> tuple[Seating, tuple[Reload, ...], tuple[Endpoint, ...]]:
    """Decide how many slots the files give the backend, and who sits there after a reload."""
    present = len(slots)
    capacity = backend.capacity
    seats = {slot.name: endpoint for slot, endpoint in [*assignment.kept, *assignment.given]}
    waiting = [] if assignment.is_unfinished else assignment.waiting
    needed = len(seats) + len(waiting)
    reloads: tuple[Reload, ...] = ()
    if waiting:
        size = grown_slots(capacity, present=present, needed=needed)
        if size > present:
            detail = f"{needed} endpoints, {present} slots"
            reloads = (Reload(ReloadReason.NO_FREE_SLOT, backend.name, detail),)
    else:
        highest = max((slot_number(name) or 0 for name in seats), default=0)
        size = kept_slots(capacity, present=present, needed=needed, highest=highest)
        wanted = min(capacity.slots, capacity.maximum)
        if wanted > present:
            size = max(size, wanted)
            reloads = (Reload(ReloadReason.SLOTS_CHANGED, backend.name, f"{wanted} wanted, {present} slots"),)
    free = (slot_name(number) for number in range(1, size + 1) if slot_name(number) not in seats)
    seats.update(zip(free, waiting, strict=False))
    seated = min(len(waiting), size - (needed - len(waiting)))
    ordered = dict(sorted(seats.items(), key=lambda seat: slot_number(seat[0]) or 0))
    return Seating(size, ordered), reloads, tuple(waiting[seated:])
