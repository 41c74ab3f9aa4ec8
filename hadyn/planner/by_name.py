"""Backends whose slots HAProxy fills itself: the name on each slot, and how many slots.

Rules: the address of such a slot is HAProxy's business, hadyn sets none at run time
(haproxy-facts.md#slots-by-name); files carry those that are known, or a reload would begin
with none. A slot line either has ``resolvers`` or it has not, so a
backend that changes sides waits for a reload and is told nothing until then; so does one
whose slots are to be found by another service (haproxy-facts.md#services-by-name).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, ByName, Endpoint, is_service_name
from hadyn.model.names import slot_name, slot_number
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
    if wanted is None or not slots or any(_is_of_another_kind(slot, wanted) for slot in slots):
        reload = Reload(ReloadReason.BACKEND_CHANGED, backend.name, "its slots are found another way")
        return BackendPlan(backend.name, _first_seating(backend), reloads=(reload,))
    commands = (*_named(backend.name, wanted, slots), *_switched(backend.name, wanted, slots))
    seating = _seating(backend, wanted, slots)
    reloads: tuple[Reload, ...] = ()
    if seating.slots > len(slots):
        count = len(wanted.addresses)
        reason = ReloadReason.NO_FREE_SLOT if count > len(slots) else ReloadReason.SLOTS_CHANGED
        reloads = (Reload(reason, backend.name, f"{count} addresses, {len(slots)} slots"),)
    return BackendPlan(backend.name, seating, prepare=commands, reloads=reloads)


def _is_of_another_kind(slot: ObservedSlot, wanted: ByName) -> bool:
    """Whether no command makes the slot one of this name: where services say who sits, that is any other name."""
    if slot.fqdn is None or not (wanted.is_service or is_service_name(slot.fqdn)):
        return slot.fqdn is None
    return slot.fqdn.lower() != wanted.host


def _first_seating(backend: Backend) -> Seating:
    """Say what the files give a backend that HAProxy has yet to read."""
    wanted = backend.by_name
    if wanted is None:
        return seat_first(backend)
    return _filled(wanted, first_slots(backend.capacity, needed=len(wanted.addresses)), {})


def _seating(backend: Backend, wanted: ByName, slots: Sequence[ObservedSlot]) -> Seating:
    """Say what the files give the backend: those who sit, so that a reload starts with them, and room."""
    capacity, present, needed = backend.capacity, len(slots), len(wanted.addresses)
    size = grown_slots(capacity, present=present, needed=needed)
    if needed <= present:
        kept = kept_slots(capacity, present=present, needed=needed, highest=needed)
        size = max(kept, min(capacity.slots, capacity.maximum))
    known = set(wanted.addresses)
    numbered = [(slot_number(slot.name) or 0, slot) for slot in slots]
    sitting = {slot.name: slot.address for number, slot in numbered if number <= size and slot.address in known}
    return _filled(wanted, size, {name: address for name, address in sitting.items() if address is not None})


def _filled(wanted: ByName, size: int, sitting: Mapping[str, Address]) -> Seating:
    """Seat the addresses that hadyn knows where nobody sits; HAProxy may do otherwise as soon as it has asked itself."""
    waiting = iter(address for address in wanted.addresses if address not in set(sitting.values()))
    seats = dict(sitting)
    for name in map(slot_name, range(1, size + 1)):
        if name not in seats and (address := next(waiting, None)) is not None:
            seats[name] = address
    in_order = sorted(seats.items(), key=lambda seat: slot_number(seat[0]) or 0)
    return Seating(size, {name: Endpoint(address) for name, address in in_order})


def _named(backend: str, wanted: ByName, slots: Sequence[ObservedSlot]) -> Iterator[SlotCommand]:
    return (SetFqdn(backend, slot.name, wanted.host) for slot in slots if (slot.fqdn or "").lower() != wanted.host)


def _switched(backend: str, wanted: ByName, slots: Iterable[ObservedSlot]) -> Iterator[SlotCommand]:
    """Take all slots out of service while the name is refused, those without address, too: HAProxy may find one."""
    for slot in slots:
        if slot.is_forced != wanted.is_refused:
            yield SetState(backend, slot.name, SlotState.MAINT if wanted.is_refused else SlotState.READY)
