"""Counting the slots of a real HAProxy gives what observing them gives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hadyn.planner.capabilities import Capabilities
from hadyn.planner.observed import SlotState
from hadyn.runtime.client import Runtime
from hadyn.runtime.connection import unix_conversation, unix_stream
from integration.deployments import Deployment
from integration.haproxies import RunningHAProxy
from integration.running import running

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
    haproxy_with_many = start(FRONT + BACKENDS)
    for number in range(0, 300, 3):
        haproxy_with_many.say(
            f"set server b{number}/s1 addr 10.0.0.1 port 80;set server b{number}/s1 state ready;"
            f"set server b{number}/s2 addr fd00::1 port 80;set server b{number}/s2 state drain;"
            f"set server b{number}/s3 addr 10.0.0.3 port 80"
        )
    runtime = counting(haproxy_with_many, haproxy.capabilities)

    haproxy_with_many.wait_until(lambda: runtime.observe(["b297"])["b297"].slots[2].address is not None)

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


def test_the_table_of_backends_tells_what_their_slots_do(any_ground, pods):
    web = Deployment(any_ground, pods, "web", delay_seconds=0.5)
    web.publish(slots="6")
    _, drained, leaver, busy = web.start(4)
    with running(any_ground), ThreadPoolExecutor(1) as clients:
        any_ground.until(web.serves)
        web.terminate([drained])
        any_ground.until(lambda: any_ground.slots(web.backend)["draining"] == 1)
        web.remove([leaver])
        any_ground.until(lambda: any_ground.slots(web.backend)["ready"] == 2)
        any_ground.say(f"set server {web.backend}/s1 weight 0")
        request = clients.submit(any_ground.get)
        any_ground.until(lambda: any_ground.slots(web.backend)["sessions"] == 1)
        web.remove([busy])
        any_ground.until(lambda: any_ground.slots(web.backend)["maint"] == 1)

        counted, observed = any_ground.ask("/api/backends"), any_ground.slots(web.backend)

        del observed["entries"]
        assert counted == [observed]
        assert (observed["draining"], observed["maint"], observed["free"], observed["sessions"]) == (1, 1, 3, 1)
        assert request.result() == (200, busy)
        any_ground.until(lambda: any_ground.ask("/api/backends")[0]["free"] == 4)
