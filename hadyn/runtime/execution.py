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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hadyn.model.desired import MapKey
from hadyn.planner.commands import (
    Command,
    MapCommand,
    SetAddress,
    SetWeight,
    SlotCommand,
)
from hadyn.planner.observed import ObservedBackend
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.runtime.client import Runtime
from hadyn.runtime.conveyor import Told, carried
from hadyn.runtime.proof import ProvenSlot, addresses_told, is_ready, lags, not_as_told, proven_slots
from hadyn.runtime.wire import Outcome, Verdict

SETTLING_MILLISECONDS = (1, 10, 100)
"""Barriers, one after the other, until all addresses show; HAProxy applies 100 a time."""
ONE_LINE = 16
"""So many commands stand on one line together, whatever the names in them."""
VERY_MANY = 1000
"""From so many commands before the barrier on, it is quicker to read back while others are told."""


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
    very_many: int = VERY_MANY,
) -> Execution:
    """Carry a plan out and say what HAProxy is like then.

    ``pause`` (seconds) stands in for the barrier where HAProxy has none. From ``very_many``
    commands before it on, some backends are read back while others are told. Raises what
    Runtime does: a prefix of the plan is then carried out, which is safe; observe and
    plan again.
    """
    parts = [part for part in plan.backends if part.prepare or part.activate]
    prompt: Sequence[SlotCommand] = ()
    if sum(len(part.prepare) for part in parts) >= very_many:
        told, rest = carried(parts, runtime, lead=very_many // 5)
        _tell((), rest, told, runtime, pause)
    else:
        told, rest, prompt = Told(), parts, _prompt(parts, runtime)
        prepare = [command for part in parts for command in part.prepare]
        _tell([*prepare, *prompt], [part for part in parts if part.prepare], told, runtime, pause)
    told.unsent += told.release(rest, prompt)
    proven_at = clock()
    final: list[Command] = [*told.unsent, *plan.entries, *plan.retire]
    unread = dict.fromkeys(command.backend for command in (*told.unsent, *plan.retire, *plan.remove))
    answered, read_back = runtime.send_and_observe([*final, *plan.remove], unread) if final or unread else ((), {})
    activated = answered[: len(final)]
    if any(map(is_ready, told.unsent)):
        proven_at = clock()
    told.saw(read_back, unread)
    left = [part for part in parts if part.backend not in told.finished]
    commands = [command for part in left for command in (*part.prepare, *part.activate)]
    failed = [*told.failed, *(outcome for outcome in activated if outcome.verdict is not Verdict.DONE)]
    return Execution(
        backends=told.observed,
        failed=tuple(failed),
        withheld=tuple(told.withheld),
        proven=(*told.proven, *proven_slots(left, [*prompt, *told.unsent], told.observed)),
        proven_at=proven_at,
        backends_to_repair=not_as_told([*commands, *plan.retire], told.observed) | told.astray,
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
        for command in filter(is_ready, part.activate):
            endpoint = part.seating.seats.get(command.slot)
            if endpoint and given.get(command.slot) == endpoint.address and command.slot not in weighed:
                prompt.append(command)
        size += len(part.prepare)
    return prompt if size + len(prompt) <= ONE_LINE else []


def _tell(
    commands: Sequence[Command],
    parts: Sequence[BackendPlan],
    told: Told,
    runtime: Runtime,
    pause: Callable[[float], None],
) -> None:
    """Send what comes before the barrier, and read these backends until every address that was taken shows."""
    is_late = any(map(addresses_told, parts)) and runtime.capabilities.has_asynchronous_addresses
    lagging = parts
    for milliseconds in SETTLING_MILLISECONDS if is_late else (0,):
        if not lagging:
            return
        names = [part.backend for part in lagging]
        outcomes, observed = _behind_barrier(runtime, commands, names, milliseconds, pause)
        told.heard(outcomes)
        told.saw(observed, names)
        commands = ()
        refused = {outcome.command for outcome in told.failed} if is_late else set()
        lagging = [part for part in lagging if is_late and lags(part, observed.get(part.backend), refused)]


def _behind_barrier(
    runtime: Runtime,
    commands: Sequence[Command],
    names: Sequence[str],
    milliseconds: int,
    pause: Callable[[float], None],
) -> tuple[tuple[Outcome, ...], dict[str, ObservedBackend]]:
    if runtime.capabilities.has_wait or not milliseconds:
        return runtime.send_and_observe(commands, names, wait_milliseconds=milliseconds)
    outcomes = runtime.send(commands)
    pause(milliseconds / 1000)
    return outcomes, runtime.observe_slots(names)
