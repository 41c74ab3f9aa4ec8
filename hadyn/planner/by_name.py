"""Backends whose slots HAProxy fills itself: the name on each slot, and how many slots.

Rules: the address of such a slot is HAProxy's business, hadyn sets none
(haproxy-facts.md#slots-by-name). A slot line either has ``resolvers`` or it has not, so a
backend that changes sides waits for a reload and is told nothing until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hadyn.model.desired import Backend, ByName
from hadyn.model.names import slot_number
from hadyn.planner.capacity import first_slots, grown_slots, kept_slots
from hadyn.planner.commands import SetFqdn, SetState, SlotCommand
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan, Seating
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.planner.slots import seat_first


def concerns_names(backend: Backend, observed: ObservedBackend | None) -> bool:
    """Whether HAProxy fills the slots of this backend, or did before."""
    return backend.by_name is not None or any(slot.fqdn is not None for slot in (observed.slots if observed else ()))


def plan_by_name(backend: Backend, observed: ObservedBackend | None) -> BackendPlan:
    """Plan a backend that concerns names."""
    wanted = backend.by_name
    if observed is None:
        reload = Reload(ReloadReason.NEW_BACKEND, backend.name)
        return BackendPlan(backend.name, _first_seating(backend), reloads=(reload,))
    slots = [slot for slot in observed.slots if slot_number(slot.name) is not None]
    if wanted is None or not slots or any(slot.fqdn is None for slot in slots):
        reload = Reload(ReloadReason.BACKEND_CHANGED, backend.name, "its slots are found another way")
        return BackendPlan(backend.name, _first_seating(backend), reloads=(reload,))
    commands = (*_named(backend.name, wanted, slots), *_switched(backend.name, wanted, slots))
    seating = _seating(backend, wanted, len(slots))
    reloads: tuple[Reload, ...] = ()
    if seating.slots > len(slots):
        reason = ReloadReason.NO_FREE_SLOT if wanted.records > len(slots) else ReloadReason.SLOTS_CHANGED
        reloads = (Reload(reason, backend.name, f"{wanted.records} addresses, {len(slots)} slots"),)
    return BackendPlan(backend.name, seating, prepare=commands, reloads=reloads)


def _first_seating(backend: Backend) -> Seating:
    """Say what the files give a backend that HAProxy has yet to read; nobody sits where HAProxy seats."""
    if backend.by_name is None:
        return seat_first(backend)
    return Seating(first_slots(backend.capacity, needed=backend.by_name.records))


def _seating(backend: Backend, wanted: ByName, present: int) -> Seating:
    capacity = backend.capacity
    if wanted.records > present:
        return Seating(grown_slots(capacity, present=present, needed=wanted.records))
    kept = kept_slots(capacity, present=present, needed=wanted.records, highest=wanted.records)
    return Seating(max(kept, min(capacity.slots, capacity.maximum)))


def _named(backend: str, wanted: ByName, slots: Sequence[ObservedSlot]) -> Iterator[SlotCommand]:
    return (SetFqdn(backend, slot.name, wanted.host) for slot in slots if (slot.fqdn or "").lower() != wanted.host)


def _switched(backend: str, wanted: ByName, slots: Iterable[ObservedSlot]) -> Iterator[SlotCommand]:
    """Take all slots out of service while the name is refused, and back; those without an address are HAProxy's."""
    for slot in slots:
        if wanted.is_refused and slot.state is not SlotState.MAINT:
            yield SetState(backend, slot.name, SlotState.MAINT)
        elif not wanted.is_refused and slot.state is not SlotState.READY and slot.address is not None:
            yield SetState(backend, slot.name, SlotState.READY)
