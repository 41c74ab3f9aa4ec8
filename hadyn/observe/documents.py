"""Turn what is known into documents: values that JSON can carry, for the API, the commands and the page.

Rules: everything here is pure and handed what it needs, the time included; the names are
those of docs/architecture.md's contract and only ever grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Discovery, Endpoint
from hadyn.model.names import slot_number
from hadyn.model.problems import Problem
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import Plan

Document = dict[str, object]

FREE = "free"
SLOT_STATES = (SlotState.READY, SlotState.DRAIN, SlotState.MAINT, FREE)
"""The states of a slot as people see them; a free slot is one that a newcomer may have at once."""


def slots_document(
    desired: Mapping[str, Backend], observed: Mapping[str, ObservedBackend], now: datetime
) -> list[Document]:
    """Tell who sits in which slot, one document per backend of either side, by name.

    ``now`` is in UTC. A backend that only HAProxy has (nobody wants it any more) has the
    service null; one that HAProxy does not have yet has no slots.
    """
    names = sorted(desired.keys() | observed.keys())
    return [_backend_document(name, desired.get(name), observed.get(name), now) for name in names]


def backend_document(
    name: str, heading: tuple[str, Discovery] | None, counts: Mapping[str, int], sessions: int
) -> Document:
    """Tell how many slots of a backend are in which state; ``heading`` is what people call it, and its discovery."""
    service, discovery = heading or (None, None)
    return {
        "backend": name,
        "service": service,
        "discovery": discovery,
        "slots": sum(counts.values()),
        "ready": counts[SlotState.READY],
        "draining": counts[SlotState.DRAIN],
        "maint": counts[SlotState.MAINT],
        "free": counts[FREE],
        "sessions": sessions,
    }


def slot_counts(backend: Backend | None, observed: ObservedBackend) -> dict[str, int]:
    """Count the slots of one backend by state; every state is there."""
    wanted = _by_address(backend)
    counts: dict[str, int] = dict.fromkeys(SLOT_STATES, 0)
    for slot in observed.slots:
        counts[slot_state(slot, is_wanted=slot.address in wanted or slot.fqdn is not None)] += 1
    return counts


def slot_state(slot: ObservedSlot, *, is_wanted: bool) -> str:
    """Name the state of a slot as people see it; ``is_wanted`` says that an endpoint of the backend sits there.

    A slot whose pod left keeps the address in HAProxy until somebody else gets it. It is
    free once its last session ended, so the address of the departed is not shown.
    """
    is_left = slot.address is None or (not is_wanted and slot.sessions == 0)
    return FREE if slot.state is SlotState.MAINT and is_left and slot.fqdn is None else slot.state


def plan_document(plan: Plan) -> Document:
    """Tell what a cycle would do: commands in HAProxy's words, reloads with their reasons, seats."""
    return {
        "commands": [str(command) for command in plan.commands],
        "reloads": [
            {"reason": str(reload.reason), "backend": reload.backend, "detail": reload.detail}
            for reload in plan.reloads
        ],
        "backends": [
            {
                "backend": backend.backend,
                "slots": backend.seating.slots,
                "seats": {slot: str(endpoint.address) for slot, endpoint in backend.seating.seats.items()},
                "unseated": [str(endpoint.address) for endpoint in backend.unseated],
            }
            for backend in plan.backends
        ],
    }


def problem_documents(problems: Iterable[Problem]) -> list[Document]:
    """Spell problems, each with its object as "ingress shop/web"."""
    return [
        {
            "object": str(problem.object),
            "field": problem.field,
            "reason": str(problem.reason),
            "said": problem.said,
            "remedy": problem.remedy,
            "file": problem.file,
        }
        for problem in problems
    ]


def moment(when: datetime) -> str:
    """Spell a time as the API does: ``2026-11-22T10:00:00Z``."""
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _backend_document(name: str, backend: Backend | None, observed: ObservedBackend | None, now: datetime) -> Document:
    observed = observed or ObservedBackend(name)
    heading = (backend.service, backend.discovery) if backend else None
    sessions = sum(slot.sessions for slot in observed.slots)
    entries = list(_entries(observed, _by_address(backend), now))
    return {**backend_document(name, heading, slot_counts(backend, observed), sessions), "entries": entries}


def _entries(observed: ObservedBackend, wanted: Mapping[Address, Endpoint], now: datetime) -> Iterator[Document]:
    # Slots that were added to a new backend stand last to first. haproxy-facts.md#added-backends
    for slot in sorted(observed.slots, key=lambda slot: slot_number(slot.name) or 0):
        endpoint = wanted.get(slot.address) if slot.address else None
        state = slot_state(slot, is_wanted=endpoint is not None)
        is_free = state == FREE
        yield {
            "slot": slot.name,
            "state": str(state),
            "address": None if is_free or slot.address is None else str(slot.address),
            "fqdn": slot.fqdn,
            "weight": slot.weight,
            "endpoint": endpoint.name if endpoint and not is_free else None,
            "sessions": slot.sessions,
            "since": moment(now - timedelta(seconds=slot.seconds_in_state)),
            "up": slot.is_up,
        }


def _by_address(backend: Backend | None) -> dict[Address, Endpoint]:
    return {endpoint.address: endpoint for endpoint in backend.endpoints} if backend else {}
