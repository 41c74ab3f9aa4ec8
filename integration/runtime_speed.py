"""How fast a Runtime is on real HAProxies: ``python -m integration.runtime_speed``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle, pairwise

from hadyn.model.addresses import Address
from hadyn.model.desired import Endpoint
from hadyn.planner.commands import SetAddress, SetState
from hadyn.planner.observed import SlotState
from hadyn.planner.plan import BackendPlan, Plan, Seating
from hadyn.runtime import wire
from hadyn.runtime.connection import unix_conversation
from hadyn.runtime.execution import execute
from integration.haproxies import RunningHAProxy, find_haproxies

BACKENDS = 1000
SLOTS = 10
CHANGES = 2000
ADDRESSES = 10_000
CONFIGURATION = "".join(f"backend b{n}\n  server-template s 1-{SLOTS} 127.0.0.1:1 disabled\n" for n in range(BACKENDS))


def changes() -> Iterator[tuple[str, Plan]]:
    """A pod after another takes over a backend: one comes, the one before leaves."""
    hosts = cycle(Address(f"10.{high}.{low}.1", 8080) for high in range(100) for low in range(256))
    slots = cycle(pairwise([f"s{number}" for number in range(1, SLOTS + 1)]))
    for number in cycle(range(BACKENDS)):
        name, (leaver, comer), address = f"b{number}", next(slots), next(hosts)
        yield (
            name,
            Plan(
                (
                    BackendPlan(
                        name,
                        Seating(SLOTS, {comer: Endpoint(address)}),
                        prepare=(SetState(name, comer, SlotState.MAINT), SetAddress(name, comer, address)),
                        activate=(
                            SetState(name, comer, SlotState.READY),
                            SetState(name, leaver, SlotState.MAINT),
                        ),
                    ),
                )
            ),
        )


def change_milliseconds(running: RunningHAProxy) -> list[float]:
    """Measure observe, plan carried out, newcomer proven ready; sorted."""
    runtime = running.runtime()
    spent = []
    for _, (name, plan) in zip(range(CHANGES), changes(), strict=False):
        begin = time.perf_counter()
        runtime.observe([name])
        execution = execute(plan, runtime)
        spent.append(1000 * (time.perf_counter() - begin))
        assert execution.proven, execution
        assert not execution.backends_to_repair, execution
    return sorted(spent)


def commands_a_second(send: Callable[[], object]) -> float:
    begin = time.perf_counter()
    send()
    return ADDRESSES / (time.perf_counter() - begin)


def send_rates(running: RunningHAProxy) -> tuple[float, float]:
    """Measure 10,000 addresses by a Runtime, then the same bytes by a bare socket."""
    runtime, converse = running.runtime(), unix_conversation(running.runtime_socket)
    rates = []
    for offset in range(2):
        commands = [
            SetAddress(
                f"b{n % BACKENDS}", f"s{1 + n // BACKENDS % SLOTS}", Address(f"10.{offset}.{n >> 8}.{n & 255}", 80)
            )
            for n in range(ADDRESSES)
        ]
        lines = [line for line, _ in wire.lines([wire.spelled(command, "") for command in commands])]
        sends: tuple[Callable[[], object], ...] = (
            lambda commands=commands: runtime.send(commands),  # type: ignore[misc]
            lambda lines=lines: [converse(line) for line in lines],  # type: ignore[misc]
        )
        rates.append(commands_a_second(sends[offset]))
    return rates[0], rates[1]


def main() -> None:
    for binary in find_haproxies():
        with RunningHAProxy(binary, CONFIGURATION) as running:
            spent = change_milliseconds(running)
            ours, bare = max(send_rates(running) for _ in range(3))
            begin = time.perf_counter()
            running.runtime().observe(None)
            everything = 1000 * (time.perf_counter() - begin)
        print(
            f"HAProxy {binary.branch}: change to ready p50 {spent[CHANGES // 2]:.2f} ms, p99 {spent[CHANGES * 99 // 100]:.2f} ms; "
            f"send {ours / 1000:.0f} k commands/s, bare {bare / 1000:.0f} k, ratio {ours / bare:.2f}; "
            f"all {BACKENDS * SLOTS} slots observed in {everything:.0f} ms"
        )


if __name__ == "__main__":
    main()
