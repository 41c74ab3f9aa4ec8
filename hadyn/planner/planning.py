"""Make the plan for one cycle: what is wanted and what HAProxy says, in; a plan, out.

Rule: only what is handed in is planned, so the cost follows the change. Nothing is
remembered: the same two values give the same plan, and a plan for what HAProxy has
become is empty.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from hadyn.model.desired import Backend, MapKey
from hadyn.planner.by_name import concerns_names, plan_by_name
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import BackendCommand, SetAddress, SlotCommand
from hadyn.planner.map_entries import plan_entries
from hadyn.planner.observed import Observed
from hadyn.planner.plan import Plan
from hadyn.planner.slots import plan_backend, plan_removal, plan_retirement
from hadyn.planner.unknown import as_seated


@dataclass(frozen=True, slots=True)
class Desired:
    """The part of what is wanted that a plan is about; None means that it shall not be there."""

    backends: Mapping[str, Backend | None] = field(default_factory=dict)
    entries: Mapping[MapKey, str | None] = field(default_factory=dict)


def make_plan(
    desired: Desired, observed: Observed, *, loaded: Container[str], drain_seconds: float, capabilities: Capabilities
) -> Plan:
    """Plan everything in ``desired``.

    ``loaded`` are the backends that HAProxy holds (routes to others wait for them);
    ``drain_seconds`` is how long the sessions of a slot are waited for.
    """
    backends = []
    retire: list[SlotCommand] = []
    remove: list[SlotCommand | BackendCommand] = []
    for name, wanted in desired.backends.items():
        present = observed.backends.get(name)
        backend = as_seated(wanted, present)
        if backend is not None:
            is_by_name = concerns_names(backend, present)
            backends.append(
                plan_by_name(backend, present)
                if is_by_name
                else plan_backend(backend, present, drain_seconds=drain_seconds, capabilities=capabilities)
            )
        elif present is not None:
            retire += plan_retirement(present)
            remove += plan_removal(present, capabilities)
    entries = plan_entries(desired.entries, observed.entries, loaded)
    return Plan(tuple(backends), entries, tuple(retire), tuple(remove))


def hands_on(plan: Plan, observed: Observed) -> frozenset[str]:
    """Return the backends where a newcomer gets the slot of somebody who left, whose last sessions it may still have."""
    given = {
        (part.backend, command.slot)
        for part in plan.backends
        for command in part.prepare
        if isinstance(command, SetAddress)
    }
    return frozenset(
        name
        for name in {backend for backend, _ in given}
        if any(slot.address is not None and (name, slot.name) in given for slot in observed.backends[name].slots)
    )
