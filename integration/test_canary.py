"""A canary takes the share of requests that its annotation says, measured by requests."""

from __future__ import annotations

import http.client
import os
import signal
from collections import Counter

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.loads import unfailing_load
from integration.manifests import HOST, ingress
from integration.running import Ground

REQUESTS = 2000
TOLERANCE = 0.02


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/")


@pytest.fixture
def canary(ground: Ground, pods: Pods) -> Deployment:
    canary = Deployment(ground, pods, "canary")
    canary.start(2)
    return canary


def ask_for_share(ground: Ground, percent: int) -> None:
    """Let the Service canary take so many percent of the requests to web."""
    ground.write("canary.yaml", _service(), ingress("canary", canary="true", canary_weight=str(percent)))


def let_ask(ground: Ground, percent: int, **asked: str) -> None:
    """As ``ask_for_share``; requests may ask for the canary, too."""
    said = {f"canary_{name}": value for name, value in asked.items()}
    document = ingress("canary", canary="true", canary_weight=str(percent), **said)
    ground.write("canary.yaml", _service(), document)


def _service() -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "canary", "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    }


def share(ground: Ground, canary: Deployment, *, requests: int = REQUESTS, **headers: str) -> float:
    """The share of requests, with these headers, that the canary's pods answer; none fails."""
    answered: Counter[str] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", ground.http_port, timeout=10)
    names = set(canary.names)
    for _ in range(requests):
        connection.request(
            "GET", "/", headers={"Host": HOST, **{key.replace("_", "-"): headers[key] for key in headers}}
        )
        response = connection.getresponse()
        assert response.status == 200, response.status
        answered[response.read().decode().strip()] += 1
    connection.close()
    return sum(answered[name] for name in names) / requests


def weights(ground: Ground) -> list[int]:
    return [entry["weight"] for entry in ground.slots("shop_web_80")["entries"] if entry["state"] == "ready"]


@pytest.mark.parametrize("percent", [1, 10, 33, 50, 90, 100])
def test_a_canary_takes_its_share(ground: Ground, pods: Pods, percent: int) -> None:
    web, canary = Deployment(ground, pods, "web"), Deployment(ground, pods, "canary")
    web.publish()
    web.start(3)
    canary.start(2)
    ask_for_share(ground, percent)
    ground.run()

    assert abs(share(ground, canary) - percent / 100) <= TOLERANCE
    assert max(weights(ground)) <= 200


def test_a_share_changes_live_and_fails_no_request(ground: Ground, web: Deployment, canary: Deployment) -> None:
    ask_for_share(ground, 0)
    ground.run()
    worker = ground.worker()
    assert share(ground, canary) == 0

    with unfailing_load(ground, rate=300):
        ask_for_share(ground, 20)
        ground.until(lambda: min(weights(ground)) > 0)
        assert abs(share(ground, canary) - 0.2) <= TOLERANCE
        ask_for_share(ground, 0)
        ground.until(lambda: sorted(weights(ground))[:2] == [0, 0])
        assert share(ground, canary) == 0

    assert ground.worker() == worker
    assert ground.reloads() == {}


def test_what_asks_for_a_canary_changes_live_and_its_last_pod_fails_no_request(
    ground: Ground, web: Deployment, canary: Deployment
) -> None:
    let_ask(ground, 0, by_header="X-Canary")
    ground.run()
    worker = ground.worker()
    assert share(ground, canary, requests=20, X_Canary="always") == 1
    assert share(ground, canary, requests=20, X_Canary="never") == 0

    with unfailing_load(ground, rate=200):
        let_ask(ground, 50, by_header="X-Version", by_header_pattern="^v[23]", by_cookie="canary")
        ground.until(lambda: share(ground, canary, requests=20, X_Version="v3") == 1)
        assert abs(share(ground, canary, X_Canary="always") - 0.5) <= TOLERANCE
        assert share(ground, canary, requests=20, Cookie="canary=never") == 0
        canary.remove(canary.names)
        ground.until(lambda: len(ground.ready(web.backend)) == 3)
        assert share(ground, web, requests=20, X_Version="v2") == 1
        canary.start(1)
        ground.until(lambda: share(ground, canary, requests=20, X_Version="v2") == 1)

    assert ground.worker() == worker
    assert ground.reloads() == {}


def test_a_canary_comes_and_goes_without_a_reload(ground: Ground, web: Deployment, canary: Deployment) -> None:
    ground.run()
    worker = ground.worker()

    ask_for_share(ground, 50)
    ground.until(lambda: len(ground.ready(web.backend)) == 5)
    assert abs(share(ground, canary) - 0.5) <= TOLERANCE

    ground.remove("canary.yaml")
    ground.until(web.serves)
    assert share(ground, canary) == 0
    assert ground.worker() == worker
    assert ground.reloads() == {}


def test_a_reload_and_a_crash_of_haproxy_keep_the_share(
    ground: Ground, pods: Pods, web: Deployment, canary: Deployment
) -> None:
    ask_for_share(ground, 10)
    ground.run()
    ask_for_share(ground, 25)
    ground.until(lambda: abs(share(ground, canary) - 0.25) <= TOLERANCE)
    before = weights(ground)

    started(ground, pods, "newcomer", 1)
    ground.until(lambda: ground.get("/newcomer")[0] == 200)
    assert abs(share(ground, canary) - 0.25) <= TOLERANCE

    worker = ground.worker()
    os.kill(worker, signal.SIGKILL)
    ground.until(lambda: ground.worker() not in (0, worker) and ground.get()[0] == 200)
    assert weights(ground) == before
    assert abs(share(ground, canary) - 0.25) <= TOLERANCE
