"""The main job: pods come and go under load, HAProxy is told and never reloaded."""

from __future__ import annotations

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment
from integration.loads import RATE, unfailing_load
from integration.manifests import ingress, service, slice_
from integration.running import Ground

THINKING_SECONDS = 0.004


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods take a moment to answer, so that requests are under way at any time."""
    web = Deployment(ground, pods, "web", delay_seconds=THINKING_SECONDS)
    web.publish()
    return web


def test_a_rolling_update_under_load_fails_no_request_and_needs_no_reload(ground: Ground, web: Deployment) -> None:
    web.publish(slots="20")
    veterans = web.start(10)
    ground.run()
    worker = ground.worker()

    with unfailing_load(ground) as requests:
        assert requests.wait_for(veterans, 5)
        for veteran in veterans:
            newcomers = web.start(1)
            assert requests.wait_for(newcomers, 5), f"{newcomers} answer nothing"
            web.terminate([veteran])
            ground.until(lambda: ground.slots(web.backend)["ready"] == 10)
            web.retire([veteran])

    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == 0
    ground.until(web.serves)


def test_a_rolling_update_without_a_free_slot_fails_no_request_and_needs_no_reload(
    ground: Ground, web: Deployment
) -> None:
    veterans = web.start(10)
    ground.run()
    worker = ground.worker()

    with unfailing_load(ground) as requests:
        assert requests.wait_for(veterans, 5)
        for veteran in veterans:
            web.terminate([veteran])
            ground.until(web.serves)
            web.retire([veteran])
            assert requests.wait_for(web.start(1), 5)

    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == 0
    ground.until(web.serves)


def test_all_pods_replaced_in_one_change_fail_no_request(ground: Ground, web: Deployment) -> None:
    veterans = web.start(10)
    ground.run()
    worker = ground.worker()

    with unfailing_load(ground) as requests:
        assert requests.wait_for(veterans, 5)
        newcomers = web.launch(10)
        removed = web.remove(veterans)
        ground.until(web.serves)
        assert requests.wait_for(newcomers, 5)
        for pod in removed:
            pod.stop()

    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == 0


def test_nobody_is_sent_to_a_pod_that_left(ground: Ground, web: Deployment) -> None:
    leaver, *_ = web.start(3)
    ground.run()

    with unfailing_load(ground) as requests:
        assert requests.wait_for([leaver], 5)
        (pod,) = web.remove([leaver])
        ground.until(web.serves)
        answered = pod.answered
        assert requests.wait_for(web.start(1), 5)

    # Those that were under way may have counted after the slot was read.
    assert pod.answered <= answered + RATE * THINKING_SECONDS


def test_a_service_scaled_to_nothing_answers_503_and_serves_again_when_scaled_up(
    ground: Ground, web: Deployment
) -> None:
    web.start(3)
    ground.run()
    worker = ground.worker()

    web.retire(web.names)
    ground.until(lambda: web.serves([]))
    assert ground.get() == (503, "")

    newcomers = web.start(3)
    ground.until(web.serves)
    assert {ground.get()[1] for _ in range(6)} == set(newcomers)
    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == 0


def test_a_pod_that_terminates_finishes_its_requests_and_gets_no_more(ground: Ground, web: Deployment) -> None:
    leaver, stayer = web.start(2)
    (address,) = web.addresses_of([leaver])
    ground.run()

    web.terminate([leaver])

    ground.until(lambda: web.serves(web.addresses_of([stayer])))
    states = {entry["address"]: entry["state"] for entry in ground.slots(web.backend)["entries"]}
    assert states[address] == "drain"
    assert {ground.get()[1] for _ in range(6)} == {stayer}


def test_pods_that_all_terminate_serve_on_while_they_can(ground: Ground, web: Deployment) -> None:
    veterans = web.start(2)
    addresses = web.addresses
    ground.run()

    with unfailing_load(ground, rate=200) as requests:
        web.terminate(veterans)
        newcomers = web.launch(1)
        ground.stays(lambda: web.serves(addresses), 0.5)
        web.tell()
        assert requests.wait_for(newcomers, 5)
        ground.until(web.serves)


def test_files_that_say_the_same_in_other_words_cost_no_command(ground: Ground, web: Deployment) -> None:
    web.start(3)
    ground.run()
    sent = ground.metric("hadyn_commands_total")
    slots = ground.ready(web.backend)

    endpoints = slice_(web.name, *(address.partition(":")[0] for address in reversed(web.addresses)), port=web.port)
    ground.write("web-endpoints.yaml", endpoints)
    ground.write("web.yaml", ingress(web.name), service(web.name), service("nobody-asks-for-me"))

    ground.until(lambda: ground.status()["sources"][0]["objects"] == 4)
    assert ground.metric("hadyn_commands_total") == sent
    assert ground.ready(web.backend) == slots
