"""HAProxy's worker or master is killed under load, in every version: soon up again, and right from its first answer on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from hadyn.demo.pods import Pod, Pods
from integration.deployments import Deployment, started
from integration.probes import Probes
from integration.running import Ground

AWAY_SECONDS = 2.0
AMID_SECONDS = 0.005
"""When a batch is on its way."""
READING_ROUNDS = 10


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/", slots="60")


def worker(ground: Ground) -> int:
    return ground.worker()


def master(ground: Ground) -> int:
    """The parent of the worker; hadyn may be too busy to be asked."""
    return int(Path(f"/proc/{ground.worker()}/stat").read_text().rpartition(")")[2].split()[1])


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "XZ"
    return False


def end(ground: Ground, pods: Pods, victim: int, leavers: list[Pod]) -> list[int]:
    """Kill a process of HAProxy; return how many requests each of these pods has had when no worker is left."""
    serving = ground.worker()
    assert victim
    os.kill(victim, signal.SIGKILL)
    ground.until(lambda: not is_alive(serving))
    pods.call(what_came_is_read())
    return answered(leavers)


async def what_came_is_read() -> None:
    """Let the pods accept, and read, what the worker that died had sent."""
    for _ in range(READING_ROUNDS):
        await asyncio.sleep(0)


def answered(pods: list[Pod]) -> list[int]:
    return [pod.answered for pod in pods]


def is_killed(pid: int) -> bool:
    """End a process at once; say whether it was still there. 0 is none."""
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGKILL)
            return True
    return False


@pytest.mark.parametrize("victim", [worker, master])
def test_a_haproxy_killed_twice_in_ten_seconds_is_away_for_a_moment_and_never_wrong(
    ground: Ground, pods: Pods, web: Deployment, victim
) -> None:
    ground.run()
    for _ in range(2):
        with Probes(ground) as probes:
            leavers = web.replace()
            ground.until(web.serves)
            before = ground.worker()
            asked = end(ground, pods, victim(ground), leavers)
            web.replace()
            ground.until(lambda before=before: ground.worker() not in (0, before) and web.serves())
            probes.forget()
            ground.until(lambda probes=probes: probes.answered >= set(web.names))
        assert probes.statuses <= {0, 200}
        assert probes.answered == set(web.names)
        assert probes.away_seconds < AWAY_SECONDS
        assert answered(leavers) == asked
    assert ground.reloads() == {}


@pytest.mark.parametrize("victim", [worker, master])
def test_a_haproxy_killed_during_a_batch_comes_back_with_the_whole_batch(
    ground: Ground, pods: Pods, web: Deployment, victim
) -> None:
    web.start(40)
    ground.run()
    before, pid = ground.worker(), victim(ground)
    with Probes(ground) as probes:
        leavers = web.replace(40)
        time.sleep(AMID_SECONDS)
        asked = end(ground, pods, pid, leavers)
        ground.until(lambda: ground.worker() not in (0, before) and web.serves())
        probes.forget()
        ground.until(lambda: probes.count > 200)
    assert probes.statuses <= {0, 200}
    assert probes.answered <= set(web.names)
    assert answered(leavers) == asked
    assert probes.away_seconds < AWAY_SECONDS
    assert ground.reloads() == {}


@pytest.mark.parametrize("after_seconds", [0.0, 0.02])
@pytest.mark.parametrize("victim", [worker, master])
def test_a_haproxy_killed_during_a_reload_comes_back_and_has_it_done(
    ground: Ground, pods: Pods, web: Deployment, victim, after_seconds: float
) -> None:
    ground.run()
    leavers = web.replace()
    ground.until(web.serves)
    staged = ground.folder.candidate / "haproxy.cfg"
    before, asked = staged.stat().st_mtime_ns, answered(leavers)
    with Probes(ground) as probes:
        # A line of its own in the backend: a reload in every version.
        web.publish(slots="60", timeout_server="31s")
        ground.until(lambda: staged.stat().st_mtime_ns != before)
        time.sleep(after_seconds)
        ground.until(lambda: is_killed(victim(ground)))
        ground.until(
            lambda: (
                "timeout server 31000ms" in ground.section(web.backend) and ground.status()["reloads"]["pending"] == []
            )
        )
        ground.until(web.serves)
    assert probes.statuses <= {0, 200}
    assert probes.answered == set(web.names)
    assert answered(leavers) == asked
    assert probes.away_seconds < AWAY_SECONDS
    assert sum(ground.reloads().values()) <= 1
