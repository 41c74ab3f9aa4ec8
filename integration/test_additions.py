"""Backends that come and go by command (HAProxy 3.4 and later): no reload, and nobody notices."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.manifests import ingress, service
from integration.running import Ground

pytestmark = pytest.mark.versions
REMOVAL_SECONDS = 12.0


@pytest.fixture
def place(haproxy: HAProxyBinary, pods: Pods) -> Iterator[Ground]:
    """Where ``hadyn run`` runs with a HAProxy that takes backends by command."""
    if not haproxy.capabilities.has_dynamic_backends:
        pytest.skip("this HAProxy reads backends from its files only")
    with Ground(haproxy.path) as ground:
        yield ground


@pytest.fixture
def web(place: Ground, pods: Pods) -> Deployment:
    return started(place, pods, "web", 2)


def backends(place: Ground) -> list[str]:
    """HAProxy's, without those that every main file has."""
    return [name for name in place.say("show backend").split()[2:] if not name.startswith("_")]


def test_a_new_backend_serves_without_a_reload_and_stands_in_the_files(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    place.run()
    worker = place.worker()

    with unfailing_load(place, "/web"):
        api = started(place, pods, "api", 3)
        place.until(lambda: place.get("/api")[1] in api.names)
        place.until(api.serves)

    assert place.worker() == worker
    assert place.reloads() == {}
    assert sorted(place.filed(api.backend).values()) == sorted(api.addresses)
    assert place.judged() == ""
    assert place.problems() == []
    assert [entry["slot"] for entry in place.slots(api.backend)["entries"]] == [f"s{number}" for number in range(1, 11)]


def test_many_backends_come_and_go_under_load_without_a_reload(place: Ground, pods: Pods, web: Deployment) -> None:
    place.run()
    worker = place.worker()

    with unfailing_load(place, "/web"):
        newcomers = [Deployment(place, pods, f"new-{number}", path=f"/new-{number}") for number in range(50)]
        for newcomer in newcomers:
            newcomer.publish()
            newcomer.start(1)
        place.until(lambda: all(place.get(f"/{new.name}")[1] in new.names for new in newcomers))
        for newcomer in newcomers:
            place.remove(f"{newcomer.name}.yaml")
        place.until(lambda: all(place.get(f"/{new.name}")[0] == 404 for new in newcomers))

    assert place.worker() == worker
    assert place.reloads() == {}
    assert place.problems() == []


def test_a_backend_that_came_by_command_outlives_a_crash_of_haproxy(place: Ground, pods: Pods, web: Deployment) -> None:
    place.run()
    api = started(place, pods, "api", 2)
    place.until(lambda: place.get("/api")[1] in api.names)
    worker = place.worker()

    os.kill(worker, signal.SIGKILL)
    place.until(lambda: place.worker() != worker)

    place.until(lambda: place.get("/web")[0] == 200)
    answers = [place.get("/api") for _ in range(10)]
    assert {name for _, name in answers} == set(api.names)
    assert place.reloads() == {}


def test_a_backend_that_came_by_command_outlives_a_reload_under_load(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    hadyn = place.run()
    api = started(place, pods, "api", 2)
    place.until(lambda: place.get("/api")[1] in api.names)

    with unfailing_load(place, "/api"):
        hadyn.kill()
        place.run("--maxconn", "4000")
        place.until(lambda: place.reloads() == {"GLOBAL_CHANGED": 1})
        time.sleep(0.3)

    assert api.serves()


def test_a_restarted_hadyn_adopts_a_backend_that_came_by_command(place: Ground, pods: Pods, web: Deployment) -> None:
    hadyn = place.run()
    api = started(place, pods, "api", 2)
    place.until(lambda: place.get("/api")[1] in api.names)
    worker = place.worker()

    hadyn.kill()
    place.run()

    assert place.metric("hadyn_commands_total") == 0
    assert place.reloads() == {}
    assert place.worker() == worker
    assert api.serves()


def test_a_backend_that_nobody_wants_leaves_haproxy_without_a_reload(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    api = started(place, pods, "api", 2)
    place.run("--drift-interval", "1s")
    late = started(place, pods, "late", 2)
    place.until(lambda: place.get("/late")[1] in late.names)

    with unfailing_load(place, "/web"):
        for leaving in (api, late):
            place.remove(f"{leaving.name}.yaml")
        place.until(lambda: backends(place) == [web.backend], REMOVAL_SECONDS)

    assert place.reloads() == {}
    assert place.filed(late.backend) == {}
    assert "set right" not in place.log
    api.publish()
    place.until(lambda: place.get("/api")[1] in api.names)
    assert place.reloads() == {}


def test_a_request_under_way_keeps_its_backend_until_it_is_over(place: Ground, pods: Pods, web: Deployment) -> None:
    place.run("--drift-interval", "1s")
    slow = Deployment(place, pods, "slow", path="/slow", delay_seconds=3.0)
    slow.publish()
    slow.start(1)
    place.until(lambda: place.slots(slow.backend)["ready"] == 1)

    with ThreadPoolExecutor() as clients:
        answer = clients.submit(place.get, "/slow")
        place.until(lambda: place.slots(slow.backend)["sessions"] == 1)
        place.remove("slow.yaml")
        assert answer.result() == (200, slow.names[0])

    place.until(lambda: slow.backend not in backends(place), 2 * REMOVAL_SECONDS)
    assert place.reloads() == {}


def test_a_backend_half_added_by_a_hadyn_that_died_is_finished_by_the_next(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    place.run().kill()
    place.say("add backend shop_api_80 from hadyn;add server shop_api_80/s1 127.0.0.9:9 weight 1")
    api = started(place, pods, "api", 2)

    place.run()

    place.until(lambda: place.get("/api")[1] in api.names)
    place.until(api.serves)
    assert place.reloads() == {}
    assert place.slots(api.backend)["slots"] == 10


def test_a_backend_that_somebody_unpublished_is_published_again(place: Ground, web: Deployment) -> None:
    place.run("--drift-interval", "1s")
    place.say(f"unpublish backend {web.backend}")
    assert place.get("/web")[0] == 503

    place.until(lambda: place.get("/web")[0] == 200)
    assert place.reloads() == {}


def test_a_hadyn_killed_at_any_moment_while_backends_come_and_go_is_put_right_by_the_next(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    moments = random.Random(5)
    others = [Deployment(place, pods, f"other-{number}", path=f"/other-{number}") for number in range(4)]
    for other in others:
        other.start(1)
    wanted: set[str] = set()

    hadyn = place.run("--drift-interval", "1s")
    with unfailing_load(place, "/web"):
        for _ in range(6):
            for other in moments.sample(others, 2):
                if other.name in wanted:
                    place.remove(f"{other.name}.yaml")
                else:
                    place.write(f"{other.name}.yaml", service(other.name), ingress(other.name, f"/{other.name}"))
                wanted ^= {other.name}
            time.sleep(moments.uniform(0.0, 0.05))
            hadyn.kill()
            hadyn = place.run("--drift-interval", "1s")

    expected = {f"shop_{name}_80" for name in wanted} | {web.backend}
    place.until(lambda: set(backends(place)) == expected, 2 * REMOVAL_SECONDS)
    place.until(
        lambda: all(place.get(f"/{other.name}")[0] == (200 if other.name in wanted else 404) for other in others)
    )
    assert place.reloads() == {}
