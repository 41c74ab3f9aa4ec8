"""The sentence that a cycle leaves in the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hadyn.planner.commands import AddBackend, AddSlot, SetAddress, SetFqdn, SetState, SetWeight
from hadyn.planner.observed import SlotState
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.planner.reasons import Reload

NAMED_BACKENDS = 3
NAMED_SLOTS = 8


def cycle_sentence(
    plans: Sequence[Plan], services: Mapping[str, str], pending: Iterable[Reload], *, more: Sequence[str] = ()
) -> str:
    """Tell what one cycle did in all its rounds, "" if nothing, ``more`` included; ``services`` names backends for people."""
    parts = list(_backend_parts(plans, services))
    shown = parts[:NAMED_BACKENDS]
    if len(parts) > NAMED_BACKENDS:
        shown.append(f"{len(parts) - NAMED_BACKENDS} more backends changed")
    routes = sum(len(plan.entries) for plan in plans)
    if routes:
        shown.append(f"{counted(routes, 'map entry', 'map entries')} set")
    retired = {command.backend for plan in plans for command in plan.retire}
    if retired:
        shown.append(f"{counted(len(retired), 'backend', 'backends')} out of service")
    shown += more
    if not shown:
        return ""
    waiting = reload_words(pending)
    return "; ".join([*shown, f"a reload waits because {waiting}" if waiting else "no reload"])


def reload_words(reloads: Iterable[Reload]) -> str:
    """Name reload reasons shortly: ``NEW_BACKEND (shop_web_80), NO_FREE_SLOT (shop_api_80: 11 endpoints, 10 slots)``."""
    by_reason: dict[str, list[str]] = {}
    for reload in reloads:
        about = ": ".join(filter(None, [reload.backend, reload.detail]))
        by_reason.setdefault(str(reload.reason), []).append(about)
    return ", ".join(f"{reason} ({listed(about)})" if any(about) else reason for reason, about in by_reason.items())


def counted(number: int, one: str, many: str) -> str:
    """``1 endpoint``, ``2 endpoints``."""
    return f"{number} {one if number == 1 else many}"


def _backend_parts(plans: Sequence[Plan], services: Mapping[str, str]) -> Iterable[str]:
    by_backend: dict[str, list[BackendPlan]] = {}
    for plan in plans:
        for backend in plan.backends:
            if backend.prepare or backend.activate:
                by_backend.setdefault(backend.backend, []).append(backend)
    for name, rounds in by_backend.items():
        yield f"{services.get(name, name)}: {_what_happened(rounds)}"


def _what_happened(rounds: list[BackendPlan]) -> str:
    commands = [command for backend in rounds for command in (*backend.prepare, *backend.activate)]
    states = {state: _slots(commands, state) for state in SlotState}
    came, drains = states[SlotState.READY], states[SlotState.DRAIN]
    moved = {command.slot for command in commands if isinstance(command, SetAddress)}
    left = [slot for slot in states[SlotState.MAINT] if slot not in moved]
    weighed = [command.slot for command in commands if isinstance(command, SetWeight) and command.slot not in came]
    renamed = [command.slot for command in commands if isinstance(command, SetFqdn)]
    counts = ["new backend"] if any(isinstance(command, AddBackend) for command in commands) else []
    counts += [f"{counted(len(came), 'endpoint', 'endpoints')} came"] if came else []
    if left or drains:
        counts.append(
            f"{len(left) + len(drains)} left"
            if came
            else counted(len(left) + len(drains), "endpoint left", "endpoints left")
        )
    told = [f"{_slot_words(came)} set"] if came else []
    told += [f"{_slot_words(drains)} draining"] if drains else []
    told += [f"{_slot_words(left)} in maint"] if left else []
    told += [f"name of {_slot_words(renamed)} changed"] if renamed else []
    told += [f"weight of {_slot_words(weighed)} changed"] if weighed else []
    added = sum(isinstance(command, AddSlot) for command in commands)
    if added and not (counts or told):
        told = [f"{counted(added, 'slot', 'slots')} added"]
    return "; ".join(filter(None, [", ".join(counts), ", ".join(told)]))


def _slots(commands: Iterable[object], state: SlotState) -> list[str]:
    found = (command.slot for command in commands if isinstance(command, SetState) and command.state is state)
    return list(dict.fromkeys(found))


def _slot_words(slots: list[str]) -> str:
    shown = " ".join(slots[:NAMED_SLOTS])
    more = f" and {len(slots) - NAMED_SLOTS} more" if len(slots) > NAMED_SLOTS else ""
    return f"{'slot' if len(slots) == 1 else 'slots'} {shown}{more}"


def listed(about: Sequence[str]) -> str:
    """Name the first few: ``a, b, c and 2 more``."""
    more = f" and {len(about) - NAMED_BACKENDS} more" if len(about) > NAMED_BACKENDS else ""
    return ", ".join(about[:NAMED_BACKENDS]) + more
