"""What is measured inside one process: ``python -m integration.bench.acts NAME HAPROXY NUMBER``.

Each act has a process of its own, so that none finds another's memory or caches.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hadyn.runtime.connection import unix_conversation
from integration.bench.scene import Scene, pods_everywhere, prober, scene
from integration.bench.world import World, host, name

RATE = 100.0
CHANGES = 2000
ENDPOINTS = 3
BURST_ENDPOINTS = 10
ANSWERED_CHANGES = 300
CPU_CHANGES = 500
SEED = 1


def latency(haproxy: Path, backends: int) -> dict[str, Any]:
    """From a source's event to the slot proven ready, at 100 changes a second."""
    world = World(backends, ENDPOINTS, port=9)

    def act(stage: Scene) -> dict[str, Any]:
        chances = random.Random(SEED)
        # Made beforehand: the decoder is a source's work and would share this process' lock.
        deliveries = [world.replacement(chances.randrange(backends))[1] for _ in range(CHANGES)]
        start, late = time.monotonic(), []
        for number, delivery in enumerate(deliveries):
            due = start + number / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            moment = time.monotonic()
            late.append(moment - due)
            stage.say(replace(delivery, received=moment))
        stage.wait_for_samples(CHANGES)
        return {"seconds": stage.samples.seconds, "late": late}

    with scene(world, haproxy) as stage:
        return stage.play(act)


def answered(haproxy: Path, backends: int) -> dict[str, Any]:
    """From a source's event to the first request that the new endpoint answers, one change after the other."""
    with pods_everywhere() as port:
        world = World(backends, 1, port)

        def act(stage: Scene) -> dict[str, Any]:
            chances = random.Random(SEED)
            seconds = []
            with prober(stage.settings.http_port) as begin:
                for _ in range(ANSWERED_CHANGES):
                    number = chances.randrange(backends)
                    address, delivery = world.replacement(number)
                    moment_of_answer = begin(host(name(number)), address)
                    time.sleep(0.005)
                    moment = time.monotonic()
                    stage.say(replace(delivery, received=moment))
                    seconds.append(moment_of_answer() - moment)
            return {"seconds": seconds, "ready": stage.samples.seconds}

        with scene(world, haproxy) as stage:
            return stage.play(act)


def cost(haproxy: Path, backends: int) -> dict[str, Any]:
    """The processor time of the wheel for each changed endpoint, one change after the other."""
    world = World(backends, ENDPOINTS, port=9)

    def act(stage: Scene) -> dict[str, Any]:
        chances = random.Random(SEED)
        deliveries = [world.replacement(chances.randrange(backends))[1] for _ in range(CPU_CHANGES)]
        wheel = threading.main_thread().ident
        assert wheel
        clock = time.pthread_getcpuclockid(wheel)
        before = time.clock_gettime(clock)
        for number, delivery in enumerate(deliveries, start=1):
            stage.say(replace(delivery, received=time.monotonic()))
            stage.wait_for_samples(number)
        return {"seconds": (time.clock_gettime(clock) - before) / CPU_CHANGES}

    with scene(world, haproxy) as stage:
        return stage.play(act)


def burst(haproxy: Path, backends: int) -> dict[str, Any]:
    """All endpoints of empty backends at once: hadyn, then a bare client that sends the same bytes."""
    world = World(backends, BURST_ENDPOINTS, port=9)

    def by_hadyn(stage: Scene) -> dict[str, Any]:
        endpoints = world.all_endpoints()
        stage.lines.clear()
        start = time.monotonic()
        stage.say(replace(endpoints, received=start))
        stage.wait_for_samples(backends * BURST_ENDPOINTS)
        return {"seconds": time.monotonic() - start, "lines": list(stage.lines)}

    with scene(world, haproxy, with_endpoints=False) as stage:
        told = stage.play(by_hadyn)
    lines = told["lines"]

    def by_client(stage: Scene) -> dict[str, Any]:
        converse = unix_conversation(stage.settings.runtime_socket)
        start = time.monotonic()
        for line in lines:
            converse(line)
        return {"seconds": time.monotonic() - start}

    with scene(world, haproxy, with_endpoints=False) as stage:
        bare = stage.play(by_client)
    commands = sum(line.count(b"set server ") for line in lines)
    return {"hadyn": told["seconds"], "bare": bare["seconds"], "commands": commands, "connections": len(lines)}


ACTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "latency": latency,
    "answered": answered,
    "cost": cost,
    "burst": burst,
}


if __name__ == "__main__":
    print(json.dumps(ACTS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
