"""Seat endpoints in the slots of one backend.

Rules:

1. An endpoint that stays keeps its slot; one that comes back to an address that a slot
   in maint still holds gets that slot.
2. A slot drains until its last session ends. Handed on sooner, it would send
   somebody's session to a stranger; so newcomers take free slots first, then slots that
   drained long enough, then, before any reload, those that still drain.
3. While any endpoint is wanted, one slot stays ready: those that leave go first where
   others stay (their pods may be dead already), and last where they are all there is.
4. Address and weight are set in maint; ``ready`` comes behind them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hadyn.model.desired import Backend, Endpoint
from hadyn.model.names import slot_name, slot_number
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.capacity import first_slots, grown_slots, kept_slots
from hadyn.planner.commands import (
    AddBackend,
    BackendCommand,
    DeleteBackend,
    DeleteSlot,
    PublishBackend,
    SetAddress,
    SetState,
    SetWeight,
    SlotCommand,
    UnpublishBackend,
)
from hadyn.planner.dynamic import (
    added_names,
    added_slot,
    can_add_backend,
    can_add_slots,
    enabling,
    is_weighed_by_agents,
)
from hadyn.planner.homes import matched
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan, Seating
from hadyn.planner.reasons import Reload, ReloadReason

REMOVAL_SECONDS = 5
"""So long a backend is out of service before it is taken away: an Ingress that is written anew brings it back."""
_PREFERENCE = {SlotState.READY: 0, SlotState.DRAIN: 1, SlotState.MAINT: 2}


def seat_first(backend: Backend) -> Seating:
    """Seat a backend that HAProxy does not have yet, in address order from the first slot on."""
    wanted = [endpoint for endpoint in backend.endpoints if not endpoint.draining]
    slots = first_slots(backend.capacity, needed=len(wanted))
    pairs, _ = matched(wanted, list(map(slot_name, range(1, slots + 1))), str)
    return Seating(slots, dict(sorted(pairs, key=lambda seat: slot_number(seat[0]) or 0)))


def plan_backend(
    backend: Backend, observed: ObservedBackend | None, *, drain_seconds: float, capabilities: Capabilities
) -> BackendPlan:
    """Plan one wanted backend; ``drain_seconds`` is how long a slot's sessions are waited for where it says nothing itself."""
    if backend.capacity.drain_seconds is not None:
        drain_seconds = backend.capacity.drain_seconds
    slots = sorted(
        (slot for slot in (observed.slots if observed else ()) if slot_number(slot.name) is not None),
        key=lambda slot: slot_number(slot.name) or 0,
    )
    if not slots:
        return _first_plan(backend, is_there=observed is not None, capabilities=capabilities)
    assignment = _assign(backend, slots, drain_seconds=drain_seconds)
    size, reason = _size(backend, len(slots), assignment)
    added: list[ObservedSlot] = []
    if reason is not None and can_add_slots(backend, capabilities):
        added = [ObservedSlot(name) for name in added_names({slot.name for slot in slots}, size)]
        assignment = _assign(backend, [*slots, *added], drain_seconds=drain_seconds)
        size, reason = _size(backend, size, assignment)
    made = _written_out(backend, added, assignment, size, reason)
    if observed is not None and not observed.is_published:
        return replace(made, prepare=(PublishBackend(backend.name), *made.prepare))
    return made


def plan_retirement(observed: ObservedBackend) -> tuple[SlotCommand, ...]:
    """Take every slot of a backend that nobody wants any more out of service; requests under way finish."""
    return tuple(
        SetState(observed.name, slot.name, SlotState.MAINT)
        for slot in observed.slots
        if slot_number(slot.name) is not None and slot.state is not SlotState.MAINT
    )


def plan_removal(observed: ObservedBackend, capabilities: Capabilities) -> tuple[SlotCommand | BackendCommand, ...]:
    """Take a backend away that nobody wants any more and that has been out of service for a while.

    The last slot goes first, so that one that is wanted again meanwhile has those it starts
    with. HAProxy refuses what still has connections; all else is then there still, too.
    """
    names = {slot.name for slot in observed.slots}
    is_over = all(
        slot.state is SlotState.MAINT and slot.seconds_in_state >= REMOVAL_SECONDS and slot_number(slot.name)
        for slot in observed.slots
    )
    if not (capabilities.has_dynamic_backends and is_over):
        return ()
    falling = sorted(names, key=lambda name: -(slot_number(name) or 0))
    return (
        *(DeleteSlot(observed.name, name) for name in falling),
        UnpublishBackend(observed.name),
        DeleteBackend(observed.name),
    )


def _first_plan(backend: Backend, *, is_there: bool, capabilities: Capabilities) -> BackendPlan:
    """Plan a backend that HAProxy does not have, or that has no slots (``is_there``).

    Routes lead to it once it was read back, hence with the next plan.
    """
    seating = seat_first(backend)
    seated = set(seating.seats.values())
    unseated = tuple(each for each in backend.endpoints if not each.draining and each not in seated)
    if not can_add_backend(backend, capabilities):
        reload = Reload(ReloadReason.NEW_BACKEND, backend.name)
        return BackendPlan(backend.name, seating, reloads=(reload,), unseated=unseated)
    # Whether one without slots was published does not show where slots are read: it is said again.
    announced = [PublishBackend(backend.name)] if is_there else [AddBackend(backend.name), PublishBackend(backend.name)]
    names = [slot_name(number) for number in range(1, seating.slots + 1)]
    return BackendPlan(
        backend.name,
        seating,
        prepare=(
            *announced,
            *(added_slot(backend, name, seating.seats.get(name)) for name in names),
            *(command for name in seating.seats for command in enabling(backend, name)),
        ),
        activate=tuple(SetState(backend.name, name, SlotState.READY) for name in seating.seats),
        unseated=unseated,
        is_unfinished=True,
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


def _assign(backend: Backend, slots: list[ObservedSlot], *, drain_seconds: float) -> _Assignment:
    assignment = _Assignment()
    remaining = list(slots)
    newcomers = []
    holding: dict[object, list[ObservedSlot]] = {}
    occupied = (slot for slot in slots if slot.address is not None)
    for slot in sorted(occupied, key=lambda slot: (not _serves(slot), _PREFERENCE[slot.state])):
        holding.setdefault(slot.address, []).append(slot)
    for endpoint in backend.endpoints:
        holders = holding.get(endpoint.address)
        if holders and not (endpoint.draining and holders[0].state is SlotState.MAINT):
            assignment.kept.append((holders[0], endpoint))
            remaining.remove(holders[0])
        elif not endpoint.draining:
            newcomers.append(endpoint)
    assignment.leaving = [slot for slot in remaining if slot.state is not SlotState.MAINT]
    newcomers = _come_home(assignment, newcomers)
    idle = [slot for slot in remaining if slot.state is SlotState.MAINT]
    blank = [slot for slot in idle if slot.address is None and not slot.sessions]
    used = [slot for slot in idle if slot.address is not None or slot.sessions]
    used.sort(key=lambda slot: _reluctance(slot, drain_seconds))
    _give(assignment, newcomers, [*blank, *used], can_grow=len(slots) < backend.capacity.maximum)
    return assignment


def _come_home(assignment: _Assignment, newcomers: list[Endpoint]) -> list[Endpoint]:
    """Give pods that replace one that leaves now its slot, while others serve; return the other newcomers."""
    if not assignment.has_ready or not any(endpoint.home for endpoint in newcomers):
        return newcomers
    leaving = {slot.name: slot for slot in assignment.leaving}
    others: list[Endpoint] = []
    for endpoint in newcomers:
        slot = leaving.pop(endpoint.home, None) if endpoint.home else None
        if slot is None:
            others.append(endpoint)
        else:
            assignment.given.append((slot, endpoint))
    assignment.leaving = list(leaving.values())
    return others


def _reluctance(slot: ObservedSlot, drain_seconds: float) -> tuple[int, int, int]:
    """Order slots in maint that somebody had by how little handing them on disturbs: lowest first."""
    if slot.sessions == 0:
        return 1, 0, -slot.seconds_in_state
    if slot.seconds_in_state >= drain_seconds:
        return 2, slot.sessions, -slot.seconds_in_state
    return 3, slot.sessions, -slot.seconds_in_state


def _give(assignment: _Assignment, newcomers: list[Endpoint], idle: list[ObservedSlot], *, can_grow: bool) -> None:
    """Give slots to newcomers: idle ones, then those that leave now, then those of draining endpoints."""
    given, waiting = matched(newcomers, idle, lambda slot: slot.name)
    assignment.given += given
    reserve = [*assignment.leaving, *(slot for slot, endpoint in assignment.kept if endpoint.draining)]
    serving = [slot for slot in reserve if _serves(slot)]
    will_serve = bool(assignment.given) or any(
        not endpoint.draining and endpoint.weight for _, endpoint in assignment.kept
    )
    if serving and not assignment.has_ready and (can_grow or will_serve or len(reserve) > 1):
        # Rule 3: the last one that serves is replaced once a newcomer does, or one that comes back.
        reserve.remove(serving[-1])
        assignment.is_unfinished = bool(waiting and (will_serve or reserve))
    taken = list(zip(reserve, waiting, strict=False))
    reused = {slot.name for slot, _ in taken}
    assignment.given += taken
    assignment.leaving = [slot for slot in assignment.leaving if slot.name not in reused]
    assignment.kept = [(slot, endpoint) for slot, endpoint in assignment.kept if slot.name not in reused]
    assignment.waiting = waiting[len(taken) :]
    assignment.is_unfinished = assignment.is_unfinished and bool(assignment.waiting)


def _written_out(
    backend: Backend, added: list[ObservedSlot], assignment: _Assignment, size: int, reason: Reload | None
) -> BackendPlan:
    """Turn an assignment into commands, and the seating for the files after them, or after the reload for ``reason``."""
    prepare, activate = _arrivals(backend, added, assignment)
    partings = _partings(backend.name, assignment)
    if assignment.has_ready or not activate:
        prepare += partings
    else:
        activate += partings
    seating, unseated = _seated(size, assignment)
    return BackendPlan(
        backend.name,
        seating,
        prepare=tuple(prepare),
        activate=tuple(activate),
        reloads=(reason,) if reason else (),
        unseated=unseated,
        is_unfinished=assignment.is_unfinished,
    )


def _arrivals(
    backend: Backend, added: list[ObservedSlot], assignment: _Assignment
) -> tuple[list[SlotCommand | BackendCommand], list[SlotCommand]]:
    """Commands that bring slots, addresses and weights in, and those that then switch slots to ready."""
    name = backend.name
    newcomers = {slot.name: endpoint for slot, endpoint in assignment.given}
    prepare: list[SlotCommand | BackendCommand] = [
        added_slot(backend, slot.name, newcomers.pop(slot.name, None)) for slot in added
    ]
    came = {slot.name for slot in added}
    seated = [slot for slot, endpoint in (*assignment.given, *assignment.kept) if not endpoint.draining]
    unchecked = [slot.name for slot in seated if slot.lacks_checks or slot.name in came]
    prepare += [command for each in unchecked for command in enabling(backend, each)]
    prepare += [
        SetState(name, slot.name, SlotState.MAINT) for slot, _ in assignment.given if slot.state is not SlotState.MAINT
    ]
    activate: list[SlotCommand] = []
    for slot, endpoint in assignment.given:
        if slot.name in newcomers:
            prepare.append(SetAddress(name, slot.name, endpoint.address))
        if slot.name in newcomers and slot.weight != endpoint.weight:
            prepare.append(SetWeight(name, slot.name, endpoint.weight))
        activate.append(SetState(name, slot.name, SlotState.READY))
    staying = [(slot, endpoint) for slot, endpoint in assignment.kept if not endpoint.draining]
    is_weighed = is_weighed_by_agents(backend)
    # Weights rise before others fall: no moment without a slot that takes requests.
    for slot, endpoint in sorted(staying, key=lambda seat: seat[0].weight - seat[1].weight):
        is_an_agents = is_weighed and slot.state is SlotState.READY
        if slot.weight != endpoint.weight and not is_an_agents:
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


def _size(backend: Backend, present: int, assignment: _Assignment) -> tuple[int, Reload | None]:
    """Decide how many slots the backend shall have; a reason to reload, unless they can be added, where it lacks some."""
    capacity = backend.capacity
    seats = [slot.name for slot, _ in [*assignment.kept, *assignment.given]]
    waiting = len(assignment.waiting) * (not assignment.is_unfinished)
    needed = len(seats) + waiting
    if waiting:
        size = grown_slots(capacity, present=present, needed=needed)
        detail = f"{needed} endpoints, {present} slots"
        return size, Reload(ReloadReason.NO_FREE_SLOT, backend.name, detail) if size > present else None
    highest = max((slot_number(name) or 0 for name in seats), default=0)
    size = kept_slots(capacity, present=present, needed=needed, highest=highest)
    wanted = min(capacity.slots, capacity.maximum)
    if wanted <= present:
        return size, None
    detail = f"{wanted} wanted, {present} slots"
    return max(size, wanted), Reload(ReloadReason.SLOTS_CHANGED, backend.name, detail)


def _seated(size: int, assignment: _Assignment) -> tuple[Seating, tuple[Endpoint, ...]]:
    """Say who sits where when the backend has so many slots, and for whom there is none."""
    seats = {slot.name: endpoint for slot, endpoint in [*assignment.kept, *assignment.given]}
    waiting = [] if assignment.is_unfinished else assignment.waiting
    free = [slot_name(number) for number in range(1, size + 1) if slot_name(number) not in seats]
    pairs, unseated = matched(waiting, free, str)
    seats.update(pairs)
    ordered = dict(sorted(seats.items(), key=lambda seat: slot_number(seat[0]) or 0))
    return Seating(size, ordered), tuple(unseated)
