"""After a crash of HAProxy or of hadyn both come back to what is wanted, without help."""

from __future__ import annotations

import os
import random
import signal
import threading

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.judging import always_valid
from integration.loads import unfailing_load
from integration.running import Ground, running

ASKED = 30


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/")


def answers(ground: Ground) -> set[str]:
    """Who answers a number of requests; a failed one is ""."""
    return {ground.get()[1] for _ in range(ASKED)}


def kill_worker(ground: Ground) -> int:
    """End HAProxy as a crash does; return the pid of its worker."""
    worker = ground.worker()
    os.kill(worker, signal.SIGKILL)
    return worker


@pytest.mark.parametrize("victim", ["worker", "master"])
def test_a_haproxy_that_crashes_comes_back_with_the_present_addresses(
    ground: Ground, web: Deployment, victim: str
) -> None:
    ground.run()
    (leaver,) = web.replace()
    ground.until(web.serves)
    answered = leaver.answered
    worker = ground.worker()

    os.kill({"worker": worker, "master": ground.status()["haproxy"]["pid"]}[victim], signal.SIGKILL)
    ground.until(lambda: ground.worker() not in (0, worker) and ground.get()[0] == 200)

    assert answers(ground) == set(web.names)
    assert web.serves()
    assert leaver.answered == answered
    assert ground.reloads() == {}


def test_what_changes_while_haproxy_is_down_is_there_when_it_comes_back(ground: Ground, web: Deployment) -> None:
    ground.run()
    worker = kill_worker(ground)
    leavers = web.replace(3)

    ground.until(lambda: ground.worker() not in (0, worker) and web.serves())

    assert answers(ground) == set(web.names)
    assert [leaver.answered for leaver in leavers] == [0, 0, 0]


def test_a_haproxy_that_crashes_again_and_again_is_started_again_and_again(ground: Ground, web: Deployment) -> None:
    ground.run()
    for _ in range(3):
        worker = kill_worker(ground)
        web.replace()
        ground.until(lambda worker=worker: ground.worker() not in (0, worker) and web.serves())  # type: ignore[misc]
    assert answers(ground) == set(web.names)


def test_a_reload_by_somebody_else_finds_the_present_addresses(ground: Ground, web: Deployment) -> None:
    ground.run()
    web.replace(2)
    ground.until(web.serves)
    worker = ground.worker()

    with unfailing_load(ground, rate=200):
        os.kill(ground.status()["haproxy"]["pid"], signal.SIGUSR2)
        ground.until(lambda: ground.worker() not in (0, worker))

    assert web.serves()
    assert answers(ground) == set(web.names)


def test_the_files_are_valid_at_any_moment_and_carry_the_present_addresses(
    ground: Ground, pods: Pods, web: Deployment
) -> None:
    ground.run()
    with always_valid(ground):
        for step in range(10):
            web.retire(web.names[: step % 3])
            web.start((step + 1) % 4)
            ground.until(web.serves)
            ground.until(lambda: sorted(ground.filed(web.backend).values()) == sorted(web.addresses))
        api = Deployment(ground, pods, "api", path="/api")
        api.publish()
        api.start(1)
        ground.until(lambda: ground.get("/api")[1] in api.names)
        assert list(ground.filed(api.backend).values()) == api.addresses


def test_a_hadyn_that_is_killed_and_started_again_sends_nothing(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run()
    web.replace()
    ground.until(web.serves)
    master, worker, seats = ground.status()["haproxy"]["pid"], ground.worker(), ground.ready(web.backend)

    with unfailing_load(ground, rate=200):
        hadyn.kill()
        ground.run()

    assert (ground.status()["haproxy"]["pid"], ground.worker()) == (master, worker)
    assert ground.metric("hadyn_commands_total") == 0
    assert ground.reloads() == {}
    assert ground.ready(web.backend) == seats


def test_what_changed_while_hadyn_was_dead_is_told_when_it_is_back(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run()
    worker, seats = ground.worker(), ground.ready(web.backend)
    hadyn.kill()
    (leaver,) = web.replace()

    ground.run()

    ground.until(web.serves)
    assert answers(ground) == set(web.names)
    assert leaver.answered == 0
    assert ground.worker() == worker
    assert ground.reloads() == {}
    assert len(seats.items() & ground.ready(web.backend).items()) == 2
    # One came (maint is what a free slot is already), one left: address, ready, maint.
    assert ground.metric("hadyn_commands_total") == 3


def test_a_backend_that_came_while_hadyn_was_dead_costs_one_reload_at_most(
    ground: Ground, pods: Pods, web: Deployment
) -> None:
    hadyn = ground.run()
    hadyn.kill()
    api = started(ground, pods, "api", 2)

    with unfailing_load(ground, rate=200):
        ground.run()
        ground.until(lambda: ground.get("/api")[1] in api.names)

    assert ground.reloads() == ({} if ground.capabilities.has_dynamic_backends else {"NEW_BACKEND": 1})
    assert web.serves()


def test_a_hadyn_killed_at_any_moment_leaves_what_the_next_one_brings_to_an_end(
    ground: Ground, web: Deployment
) -> None:
    moments = random.Random(3)
    ground.run().kill()
    worker = ground.worker()
    with unfailing_load(ground, rate=200):
        for _ in range(5):
            hadyn = ground.run()
            newcomers = web.start(2)
            threading.Event().wait(moments.uniform(0, 0.01))
            hadyn.kill()
            with running(ground, "--leave-running"):
                ground.until(web.serves)
                web.retire(web.names[:2])
                ground.until(web.serves)
    assert set(newcomers) < answers(ground)
    assert ground.worker() == worker


def test_a_hadyn_whose_haproxy_died_with_it_starts_another(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run()
    hadyn.kill()
    kill_worker(ground)
    web.replace()
    ground.until(lambda: not ground.processes())

    ground.run()

    assert answers(ground) == set(web.names)
