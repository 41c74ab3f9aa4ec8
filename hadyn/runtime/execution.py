"""A plan carried out on the running HAProxy, in two phases.

Rules:

1. First ``prepare`` (more slots, maint, address, weight) of all backends; then a barrier, since an
   address may be applied after its reply (haproxy-facts.md#addr-is-asynchronous); then
   the slots are read back.
2. ``ready`` goes only to slots that were read back with the address and weight they
   should have; those that leave stay until somebody else serves. Where an address can be
   neither late nor refused, ``ready`` stands behind it on the same line and is proven
   after (docs/decisions/0019-ready-behind-the-address.md).
3. Replies decide nothing: what the last read-back shows is what happened, and a backend
   that is not as planned needs another plan. Only what cannot be taken away yet
   stays, and nobody hurries.

One endpoint costs two connections; one where it needs no proof in between, or a backend has nothing to prepare.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from msgspec import Struct

from hadyn.model.addresses import PLACEHOLDER
from hadyn.model.desired import Endpoint, MapKey
from hadyn.planner.commands import (
    AddSlot,
    BackendCommand,
    Command,
    DeleteSlot,
    EnableAgent,
    EnableChecks,
    MapCommand,
    SetAddress,
    SetFqdn,
    SetState,
    SetWeight,
    SlotCommand,
)
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.runtime.client import Runtime
from hadyn.runtime.wire import Outcome, Verdict

SETTLING_MILLISECONDS = (1, 10, 100)
"""Barriers, one after the other, until all addresses show; HAProxy applies 100 a time."""
ONE_LINE = 16
"""So many commands stand on one line together, whatever the names in them."""


class ProvenSlot(Struct, frozen=True, gc=False):
    """A slot that was switched to ready and read back so, with this endpoint's address and weight."""

    backend: str
    slot: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of a plan.

    ``backends`` are those it had commands for, as they are now; one that HAProxy does not
    have is missing. ``failed`` are commands whose reply is not a known success,
    ``withheld`` those not sent because a newcomer's slot could not be proven.
    ``proven_at`` is the given clock when ``proven`` was read back. ``backends_to_repair``
    are not as planned, ``entries_to_repair`` are map entries not known to be.
    """

    backends: Mapping[str, ObservedBackend] = field(default_factory=dict)
    failed: tuple[Outcome, ...] = ()
    withheld: tuple[SlotCommand, ...] = ()
    proven: tuple[ProvenSlot, ...] = ()
    proven_at: float = 0.0
    backends_to_repair: frozenset[str] = frozenset()
    entries_to_repair: frozenset[MapKey] = frozenset()


def execute(
    plan: Plan,
    runtime: Runtime,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Execution:
    """Carry a plan out and say what HAProxy is like then.

    ``pause`` (seconds) stands in for the barrier where HAProxy has none. Raises what
    Runtime does: a prefix of the plan is then carried out, which is safe; observe and
    plan again.
    """
    parts = [part for part in plan.backends if part.prepare or part.activate]
    prompt = _prompt(parts, runtime)
    prepared, observed = _prepare(parts, prompt, runtime, pause)
    proven_at = clock()
    released, withheld = _release(parts, prompt, observed)
    final: list[Command] = [*released, *plan.entries, *plan.retire]
    unread = dict.fromkeys(command.backend for command in (*released, *plan.retire, *plan.remove))
    answered, read_back = runtime.send_and_observe([*final, *plan.remove], unread) if final or unread else ((), {})
    activated = answered[: len(final)]
    if any(map(_is_ready, released)):
        proven_at = clock()
    observed = {name: backend for name, backend in observed.items() if name not in unread} | read_back
    commands = [command for part in parts for command in (*part.prepare, *part.activate)]
    failed = [outcome for outcome in (*prepared, *activated) if outcome.verdict is not Verdict.DONE]
    return Execution(
        backends=observed,
        failed=tuple(failed),
        withheld=tuple(withheld),
        proven=tuple(_proven(parts, [*prompt, *released], observed)),
        proven_at=proven_at,
        backends_to_repair=_not_as_told([*commands, *plan.retire], observed),
        entries_to_repair=frozenset(
            (outcome.command.map, outcome.command.key) for outcome in failed if isinstance(outcome.command, MapCommand)
        ),
    )


def _prompt(parts: Iterable[BackendPlan], runtime: Runtime) -> list[SlotCommand]:
    """Return what switches those slots to ready whose new address is there for sure by then.

    No weight comes with it, since some algorithms refuse those, and all fits on one line,
    so that it is one HAProxy that takes both.
    """
    if runtime.capabilities.has_asynchronous_addresses:
        return []
    prompt: list[SlotCommand] = []
    size = 0
    for part in parts:
        given = {command.slot: command.address for command in part.prepare if isinstance(command, SetAddress)}
        weighed = {command.slot for command in part.prepare if isinstance(command, SetWeight)}
        for command in filter(_is_ready, part.activate):
            endpoint = part.seating.seats.get(command.slot)
            if endpoint and given.get(command.slot) == endpoint.address and command.slot not in weighed:
                prompt.append(command)
        size += len(part.prepare)
    return prompt if size + len(prompt) <= ONE_LINE else []


def _prepare(
    parts: Sequence[BackendPlan], prompt: Sequence[SlotCommand], runtime: Runtime, pause: Callable[[float], None]
) -> tuple[tuple[Outcome, ...], dict[str, ObservedBackend]]:
    """Send what comes before the barrier, and read back until every address that was taken shows."""
    commands = [command for part in parts for command in part.prepare]
    if not commands:
        return (), {}
    addressed = [(command.backend, command.slot) for command in commands if isinstance(command, SetAddress)]
    # The second change of one slot would be compared with the address before the first, so lost:
    # haproxy-facts.md#addr-is-asynchronous.
    assert len(addressed) == len(set(addressed)), "two address changes of one slot without a barrier"
    names = [part.backend for part in parts if part.prepare]
    if not (addressed and runtime.capabilities.has_asynchronous_addresses):
        return runtime.send_and_observe([*commands, *prompt], names)
    outcomes, observed = _behind_barrier(runtime, commands, names, SETTLING_MILLISECONDS[0], pause)
    taken = [
        outcome.command
        for outcome in outcomes
        if isinstance(outcome.command, SetAddress) and outcome.verdict is Verdict.DONE
    ]
    for milliseconds in SETTLING_MILLISECONDS[1:]:
        late = sorted(_not_as_told(taken, observed))
        if not late:
            break
        observed |= _behind_barrier(runtime, (), late, milliseconds, pause)[1]
    return outcomes, observed


def _behind_barrier(
    runtime: Runtime,
    commands: Sequence[Command],
    names: Sequence[str],
    milliseconds: int,
    pause: Callable[[float], None],
) -> tuple[tuple[Outcome, ...], dict[str, ObservedBackend]]:
    if runtime.capabilities.has_wait:
        return runtime.send_and_observe(commands, names, wait_milliseconds=milliseconds)
    outcomes = runtime.send(commands)
    pause(milliseconds / 1000)
    return outcomes, runtime.observe_slots(names)


def _release(
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
        slots = _slots(observed.get(part.backend))
        serving = {slot.name for slot in slots.values() if slot.state is SlotState.READY and slot.weight}
        is_complete = True
        for command in part.activate:
            if _is_ready(command):
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


def _proven(
    parts: Iterable[BackendPlan], released: Iterable[SlotCommand], observed: Mapping[str, ObservedBackend]
) -> Iterator[ProvenSlot]:
    seats = {part.backend: part.seating.seats for part in parts}
    for name, commands in groupby(filter(_is_ready, released), key=lambda command: command.backend):
        slots = _slots(observed.get(name))
        for command in commands:
            endpoint, slot = seats[name].get(command.slot), slots.get(command.slot)
            if endpoint and slot and slot.state is SlotState.READY and _holds(slot, endpoint):
                yield ProvenSlot(name, command.slot, endpoint)


def _not_as_told(
    commands: Iterable[SlotCommand | BackendCommand], observed: Mapping[str, ObservedBackend]
) -> frozenset[str]:
    """Return the backends where the last command of some kind to some slot does not show."""
    last = {(type(command), command.backend, getattr(command, "slot", "")): command for command in commands}
    slots = {name: _slots(backend) for name, backend in observed.items()}
    return frozenset(command.backend for command in last.values() if not _shows(command, slots.get(command.backend)))


def _shows(command: SlotCommand | BackendCommand, slots: Mapping[str, ObservedSlot] | None) -> bool:
    """Whether the backend's slots (None where HAProxy does not have it) are what the command makes them."""
    if slots is None or not isinstance(command, SlotCommand):
        return slots is not None
    slot = slots.get(command.slot)
    if slot is None:
        return False
    match command:
        case SetAddress():
            return slot.address == command.address
        case SetFqdn():
            return (slot.fqdn or "").lower() == command.host
        case SetState():
            return slot.state is command.state
        case SetWeight():
            return slot.weight == command.weight
        case EnableChecks() | EnableAgent():
            return not slot.lacks_checks
        case AddSlot():
            return (slot.address or PLACEHOLDER, slot.weight) == (command.address, command.weight)
        case DeleteSlot():
            return False


def _is_ready(command: SlotCommand) -> bool:
    return isinstance(command, SetState) and command.state is SlotState.READY


def _holds(slot: ObservedSlot | None, endpoint: Endpoint | None) -> bool:
    return bool(slot and endpoint and slot.address == endpoint.address and slot.weight == endpoint.weight)


def _slots(backend: ObservedBackend | None) -> dict[str, ObservedSlot]:
    return {slot.name: slot for slot in backend.slots} if backend else {}
