"""When HAProxy is reloaded, why, and that nobody notices."""

from __future__ import annotations

import time

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.manifests import ingress, service
from integration.running import Ground


def reasons(*, is_live: bool, **reloads: int) -> dict[str, int]:
    """These reloads, or none where HAProxy takes by command what they are for."""
    return {} if is_live else reloads


def test_a_new_backend_costs_one_reload_at_most_that_no_request_notices(
    ground: Ground, pods: Pods, haproxy: HAProxyBinary
) -> None:
    web = started(ground, pods, "web", 3)
    ground.run()
    worker = ground.worker()

    with unfailing_load(ground, "/web") as requests:
        assert requests.wait_for(web.names, 5)
        api = started(ground, pods, "api", 2)
        ground.until(lambda: ground.get("/api")[1] in api.names)
        time.sleep(0.3)

    is_reloaded = not haproxy.capabilities.has_dynamic_backends
    assert ground.reloads() == ({"NEW_BACKEND": 1} if is_reloaded else {})
    assert (ground.worker() != worker) == is_reloaded
    ground.until(web.serves)
    assert ("reloaded because NEW_BACKEND (shop_api_80)" in ground.log) == is_reloaded


@with_every_haproxy
def test_several_new_backends_at_once_cost_one_reload_at_most(ground: Ground, pods: Pods) -> None:
    started(ground, pods, "web", 1)
    ground.run()
    newcomers = [Deployment(ground, pods, f"new-{number}", path=f"/new-{number}") for number in range(5)]
    for newcomer in newcomers:
        newcomer.launch(1)

    with unfailing_load(ground, "/web", rate=100):
        for newcomer in newcomers:
            newcomer.tell()
        ingresses = [ingress(newcomer.name, f"/{newcomer.name}") for newcomer in newcomers]
        ground.write("new.yaml", *ingresses, *(service(newcomer.name) for newcomer in newcomers))
        ground.until(lambda: all(ground.get(f"/{new.name}")[1] in new.names for new in newcomers))

    assert ground.reloads() == reasons(is_live=ground.capabilities.has_dynamic_backends, NEW_BACKEND=1)


@with_every_haproxy
def test_a_new_backend_serves_no_host_before_it_is_there(ground: Ground, pods: Pods) -> None:
    started(ground, pods, "web", 1)
    ground.run("--reload-interval", "3s")
    # A line of its own in the backend: a reload in every version.
    started(ground, pods, "api", 1, timeout_server="31s")
    ground.until(lambda: ground.reloads() == {"NEW_BACKEND": 1})

    late = Deployment(ground, pods, "late")
    late.start(1)
    ground.write("late.yaml", service("late", timeout_server="31s"), ingress("late", host="late.example"))
    ground.until(lambda: ground.status()["reloads"]["pending"] == ["NEW_BACKEND"])
    assert ground.get(host="late.example")[0] == 404

    ground.until(lambda: ground.get(host="late.example") == (200, late.names[0]))
    assert ground.reloads() == {"NEW_BACKEND": 2}


def test_another_ingress_for_a_known_service_needs_no_reload_and_leaves_without_one(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 1)
    ground.run()
    worker = ground.worker()
    assert ground.get(host="second.example")[0] == 404

    ground.write("second.yaml", ingress("second", to="web", host="second.example"))
    ground.until(lambda: ground.get(host="second.example") == (200, web.names[0]))

    ground.remove("second.yaml")
    ground.until(lambda: ground.get(host="second.example")[0] == 404)
    assert ground.get("/web")[0] == 200
    assert ground.worker() == worker
    assert ground.reloads() == {}


def test_a_route_to_a_missing_service_answers_503_until_the_service_comes(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 1)
    ground.run()
    missing = Deployment(ground, pods, "missing", path="/missing")
    ground.write("early.yaml", ingress("early", "/missing", to="missing"))
    ground.until(lambda: ground.get("/missing")[0] == 503)
    assert ground.problems() == ["ingress shop/early: NotFound"]
    assert ground.reloads() == {}

    missing.start(1)
    ground.write("missing.yaml", service("missing"))

    ground.until(lambda: ground.get("/missing") == (200, missing.names[0]))
    assert ground.problems() == []
    assert ground.get("/web")[1] in web.names


def test_a_service_that_goes_leaves_503_and_comes_back_without_a_reload(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 2)
    ground.run()
    worker = ground.worker()
    ground.write("web.yaml", ingress("web", "/web"))
    ground.until(lambda: ground.get("/web")[0] == 503)
    ground.until(lambda: ground.filed(web.backend) == {})

    web.publish()

    ground.until(lambda: ground.get("/web")[1] in web.names)
    ground.until(lambda: len(ground.filed(web.backend)) == 2)
    assert ground.worker() == worker
    assert ground.reloads() == {}


def test_an_endpoint_beyond_the_slots_brings_twice_as_many_at_one_reload_at_most(
    ground: Ground, pods: Pods, haproxy: HAProxyBinary
) -> None:
    web = started(ground, pods, "web", 10)
    ground.run()
    seats = ground.ready(web.backend)

    with unfailing_load(ground, "/web") as requests:
        assert requests.wait_for(web.names, 5)
        newcomers = web.start(1)
        assert requests.wait_for(newcomers, 5)

    is_reloaded = not haproxy.capabilities.has_dynamic_servers
    assert ground.reloads() == ({"NO_FREE_SLOT": 1} if is_reloaded else {})
    assert ground.slots(web.backend)["slots"] == 20
    assert ground.ready(web.backend).items() > seats.items()
    assert ("NO_FREE_SLOT (shop_web_80: 11 endpoints, 10 slots)" in ground.log) == is_reloaded


@with_every_haproxy
def test_endpoints_beyond_slots_max_are_a_problem_and_no_outage(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 4, slots="4", slots_max="4")
    ground.run()
    seated = web.addresses

    with unfailing_load(ground, "/web", rate=100):
        extra = web.start(2)
        ground.until(lambda: ground.problems() == ["service shop/web: TooMany"])

    assert web.serves(seated)
    assert ground.reloads() == {}
    web.remove(extra)
    ground.until(lambda: ground.problems() == [])


@with_every_haproxy
def test_slots_shrink_only_with_a_reload_that_happens_anyway(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 3)
    ground.run()
    surge = web.start(8)
    ground.until(lambda: ground.slots(web.backend)["slots"] == 20)
    web.retire(surge)
    ground.until(web.serves)
    assert ground.slots(web.backend)["slots"] == 20
    grown = reasons(is_live=ground.capabilities.has_dynamic_servers, NO_FREE_SLOT=1)
    assert ground.reloads() == grown

    web.publish(timeout_server="31s")

    ground.until(lambda: ground.reloads() == grown | {"BACKEND_CHANGED": 1})
    ground.until(lambda: ground.slots(web.backend)["slots"] == 10)
    ground.until(web.serves)


@with_every_haproxy
def test_more_slots_by_annotation_cost_one_reload_at_most(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 2)
    ground.run()
    seats = ground.ready(web.backend)

    web.publish(slots="30")

    ground.until(lambda: ground.slots(web.backend)["slots"] == 30)
    assert ground.reloads() == reasons(is_live=ground.capabilities.has_dynamic_servers, SLOTS_CHANGED=1)
    assert ground.ready(web.backend) == seats


@with_every_haproxy
def test_reloads_keep_their_pace_while_endpoints_do_not_wait(ground: Ground, pods: Pods) -> None:
    web, *others = (started(ground, pods, name, 1) for name in ("web", "first", "second", "third"))
    ground.run("--reload-interval", "4s")
    others[0].publish(timeout_server="31s")
    ground.until(lambda: ground.reloads() == {"BACKEND_CHANGED": 1})

    for other in others:
        other.publish(timeout_server="32s")
    web.start(1)
    web.retire(web.names[:1])
    ground.until(web.serves)
    ground.until(lambda: ground.status()["reloads"]["pending"] == ["BACKEND_CHANGED"])
    assert ground.reloads() == {"BACKEND_CHANGED": 1}

    ground.until(lambda: ground.reloads() == {"BACKEND_CHANGED": 2})
    assert all("timeout server 32000ms" in ground.section(other.backend) for other in others)
    assert ground.status()["reloads"]["pending"] == []
    assert web.serves()
