"""Counting the slots of a real HAProxy gives what observing them gives."""

from __future__ import annotations

from hadyn.planner.capabilities import Capabilities
from hadyn.planner.observed import SlotState
from hadyn.runtime.client import Runtime, unix_conversation, unix_stream
from integration.haproxies import RunningHAProxy

BACKENDS = "".join(f"backend b{n}\n  server-template s 1-10 127.0.0.1:1 disabled\n" for n in range(300))
FRONT = "frontend front\n  bind unix@{folder}/front.sock\n  default_backend b0\nbackend _503\n"


def counting(running: RunningHAProxy, capabilities: Capabilities) -> Runtime:
    return Runtime(
        unix_conversation(running.runtime_socket),
        capabilities=capabilities,
        map_folder="/maps",
        stream=unix_stream(running.runtime_socket),
    )


def test_slots_are_counted_as_they_are_observed(haproxy, start):
    running = start(FRONT + BACKENDS)
    for number in range(0, 300, 3):
        running.say(
            f"set server b{number}/s1 addr 10.0.0.1 port 80;set server b{number}/s1 state ready;"
            f"set server b{number}/s2 addr fd00::1 port 80;set server b{number}/s2 state drain;"
            f"set server b{number}/s3 addr 10.0.0.3 port 80"
        )
    runtime = counting(running, haproxy.capabilities)

    counts = runtime.count()

    observed = {name: backend.slots for name, backend in runtime.observe(None).items() if backend.slots}
    assert {name: (count.slots, count.ready, count.drain, count.left) for name, count in counts.items()} == {
        name: (
            len(slots),
            sum(slot.state is SlotState.READY for slot in slots),
            sum(slot.state is SlotState.DRAIN for slot in slots),
            [slot.name for slot in slots if slot.state is SlotState.MAINT and slot.address],
        )
        for name, slots in observed.items()
    }
    assert {count.sessions for count in counts.values()} == {0}
