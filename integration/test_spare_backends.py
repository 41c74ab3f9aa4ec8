"""New Services take spare backends where HAProxy reads backends from its files only: no reload while any is left."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from hadyn.cli.slot_rows import backend_rows
from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.manifests import ingress, service
from integration.running import Ground

SPARE = ("--spare-backends", "2")


@pytest.fixture
def place(haproxy: HAProxyBinary, pods: Pods) -> Iterator[Ground]:
    """Where ``hadyn run`` runs with a HAProxy that takes no backends by command."""
    if haproxy.capabilities.has_dynamic_backends:
        pytest.skip("this HAProxy takes backends by command")
    with Ground(haproxy.path) as ground:
        yield ground


@pytest.fixture
def web(place: Ground, pods: Pods) -> Deployment:
    return started(place, pods, "web", 2)


def places(place: Ground) -> dict[str, str]:
    """Which backend runs in which spare one, as ``hadyn slots`` says."""
    documents = place.ask("/api/backends")
    return {document["backend"]: document["runs_in"] for document in documents if document["runs_in"]}


def test_a_new_service_takes_a_spare_backend_under_load_without_a_reload(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    place.run(*SPARE)
    worker = place.worker()

    with unfailing_load(place, "/web"):
        api = started(place, pods, "api", 2)
        place.until(lambda: place.get("/api")[1] in api.names)
        place.until(api.serves)
        leaver = api.names[0]
        api.start(1)
        api.retire([leaver])
        place.until(api.serves)

    assert place.worker() == worker
    assert place.reloads() == {}
    assert places(place) == {api.backend: "_spare_1"}
    assert place.slots(api.backend)["service"] == "shop/api:80"
    assert f"{api.backend} (_spare_1)" in [row[0] for row in backend_rows(place.ask("/api/backends"))]
    assert sorted(place.filed(api.backend).values()) == sorted(api.addresses)
    assert place.judged() == ""


def test_the_service_that_finds_none_left_brings_all_their_own_by_one_reload_that_no_request_notices(
    place: Ground, pods: Pods, web: Deployment
) -> None:
    place.run(*SPARE)
    first, second = started(place, pods, "first", 2), started(place, pods, "second", 2)
    place.until(lambda: places(place) == {first.backend: "_spare_1", second.backend: "_spare_2"})

    with unfailing_load(place, "/web", "/first", "/second"):
        third = started(place, pods, "third", 2)
        place.until(lambda: place.get("/third")[1] in third.names)
        time.sleep(0.3)

    assert place.reloads() == {"NEW_BACKEND": 1}
    assert places(place) == {}
    assert all(deployment.serves() for deployment in (web, first, second, third))
    fourth = started(place, pods, "fourth", 1)
    place.until(lambda: place.get("/fourth") == (200, fourth.names[0]))
    assert place.reloads() == {"NEW_BACKEND": 1}


def test_a_crash_of_haproxy_brings_a_backend_in_a_spare_one_its_own(place: Ground, pods: Pods, web: Deployment) -> None:
    place.run(*SPARE)
    api = started(place, pods, "api", 2)
    place.until(lambda: places(place) == {api.backend: "_spare_1"})
    time.sleep(1.5)

    os.kill(place.worker(), signal.SIGKILL)
    place.until(lambda: place.get("/web")[0] == 200)

    assert {place.get("/api")[1] for _ in range(10)} == set(api.names)
    place.until(lambda: places(place) == {})
    assert place.reloads() == {}


def test_a_restarted_hadyn_finds_who_runs_in_which_spare_backend(place: Ground, pods: Pods, web: Deployment) -> None:
    hadyn = place.run(*SPARE)
    api = started(place, pods, "api", 2)
    place.until(lambda: places(place) == {api.backend: "_spare_1"})
    time.sleep(1.5)

    hadyn.kill()
    place.run(*SPARE)

    assert place.metric("hadyn_commands_total") == 0
    assert places(place) == {api.backend: "_spare_1"}
    api.start(1)
    place.until(api.serves)
    assert place.reloads() == {}


def test_a_hadyn_killed_at_any_moment_misleads_no_request(place: Ground, pods: Pods, web: Deployment) -> None:
    moments = random.Random(7)
    others = [Deployment(place, pods, f"other-{number}", path=f"/other-{number}") for number in range(3)]
    for other in others:
        other.start(2)
    wanted: set[str] = set()
    hadyn = place.run(*SPARE)

    with unfailing_load(place, "/web"):
        for _ in range(6):
            other = moments.choice(others)
            if other.name in wanted:
                place.remove(f"{other.name}.yaml")
            else:
                place.write(f"{other.name}.yaml", service(other.name), ingress(other.name, f"/{other.name}"))
            wanted ^= {other.name}
            time.sleep(moments.uniform(0.0, 0.05))
            hadyn.kill()
            hadyn = place.run(*SPARE)

    for other in others:
        expected = set(other.names) if other.name in wanted else {""}
        place.until(lambda path=f"/{other.name}", names=expected: {place.get(path)[1] for _ in range(6)} == names)
    assert place.problems() == []
