"""A real cluster: what happens in it reaches a real HAProxy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.loads import unfailing_load

pytestmark = pytest.mark.root

NAMES = (f"shop-{number}" for number in itertools.count(1))
SETTLED_SECONDS = 30.0
"""Deployments take their time: pods start and go one after the other."""


def wheel_and_newest() -> list[HAProxyBinary]:
    first, *others = find_haproxies()
    return [first, *others[-1:]]


@pytest.fixture(params=wheel_and_newest(), ids=lambda binary: binary.branch)
def binary(request: pytest.FixtureRequest) -> HAProxyBinary:
    found: HAProxyBinary = request.param
    return found


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """A namespace of the test's own."""
    with Namespace(cluster, next(NAMES)) as namespace:
        yield namespace


@pytest.fixture
def ground(binary: HAProxyBinary, cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(binary.path, kubeconfig=cluster.kubeconfig) as ground:
        yield ground


def publish(shop: Namespace, name: str, replicas: int, **annotations: str) -> str:
    """Create Deployment, Service and Ingress; return the host."""
    host = f"{name}.{shop.name}.example"
    shop.cluster.apply(
        shop.deployment(name, replicas, start="300ms"), shop.service(name, **annotations), shop.ingress(name, host)
    )
    return host


def ready(ground: ClusterGround, shop: Namespace, name: str = "web") -> int:
    """How many slots of a Service are ready."""
    return len(ground.ready(f"{shop.name}_{name}_80"))


def test_a_deployment_rolled_over_under_load_fails_no_request_and_needs_no_reload(
    ground: ClusterGround, shop: Namespace
) -> None:
    host = publish(shop, "web", 10, slots="20")
    ground.run("--namespace", shop.name)
    ground.until(lambda: ready(ground, shop) == 10, SETTLED_SECONDS)
    veterans, worker = shop.pods("web"), ground.worker()
    reloads = ground.status()["reloads"]["total"]

    with unfailing_load(ground, "/pod", host=host) as requests:
        assert requests.wait_for(veterans, SETTLED_SECONDS)
        shop.kubectl("rollout", "restart", "deployment", "web")
        shop.kubectl("rollout", "status", "deployment", "web", "--timeout=60s")
        newcomers = shop.pods("web")
        assert not set(newcomers) & set(veterans)
        assert requests.wait_for(newcomers, SETTLED_SECONDS)
        ground.until(lambda: ready(ground, shop) == 10, SETTLED_SECONDS)

    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == reloads


def test_scaling_reloads_for_slots_alone_and_answers_503_at_none(ground: ClusterGround, shop: Namespace) -> None:
    host = publish(shop, "web", 1)
    ground.run("--namespace", shop.name)
    ground.until(lambda: ready(ground, shop) == 1, SETTLED_SECONDS)
    before = ground.reloads()

    for replicas in (40, 1, 0, 12):
        shop.kubectl("scale", "deployment", "web", f"--replicas={replicas}")
        ground.until(lambda: ready(ground, shop) == replicas, SETTLED_SECONDS)  # noqa: B023 - used at once
        ground.until(lambda: ground.get("/pod", host)[0] == (200 if replicas else 503))  # noqa: B023

    gained = {reason: count - before.get(reason, 0) for reason, count in ground.reloads().items()}
    assert {reason for reason, count in gained.items() if count} <= {"NO_FREE_SLOT"}


def test_an_ingress_comes_moves_to_another_class_and_goes(ground: ClusterGround, shop: Namespace) -> None:
    host = publish(shop, "web", 1)
    ground.run("--namespace", shop.name)
    ground.until(lambda: ground.get("/pod", host)[0] == 200, SETTLED_SECONDS)

    shop.cluster.apply(shop.ingress("web", host, class_name="nginx"))
    ground.until(lambda: ground.get("/pod", host)[0] == 404)
    shop.cluster.apply(shop.ingress("web", host))
    ground.until(lambda: ground.get("/pod", host)[0] == 200)
    shop.kubectl("delete", "ingress", "web")
    ground.until(lambda: ground.get("/pod", host)[0] == 404)


def test_endpoints_that_somebody_wrote_by_hand_are_served_by_the_copy_that_the_cluster_makes_of_them(
    ground: ClusterGround, shop: Namespace
) -> None:
    # Whoever wrote Endpoints before there were slices writes them still; the controller manager copies them.
    written = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "legacy", "namespace": shop.name},
        "subsets": [{"addresses": [{"ip": "10.99.250.9"}], "ports": [{"port": 8080}]}],
    }
    shop.cluster.apply(shop.bare_service("legacy"), shop.ingress("legacy", f"legacy.{shop.name}.example"), written)
    ground.run("--namespace", shop.name)
    ground.until(
        lambda: [*ground.ready(f"{shop.name}_legacy_80").values()] == ["10.99.250.9:8080"],
        SETTLED_SECONDS,
    )


def test_a_class_is_ours_by_its_controller(ground: ClusterGround, shop: Namespace) -> None:
    host = f"web.{shop.name}.example"
    name = f"edge-{shop.name}"
    shop.cluster.apply(shop.deployment("web", 1), shop.service("web"), shop.ingress("web", host, class_name=name))
    ground.run("--namespace", shop.name)
    assert ground.get("/pod", host)[0] == 404

    shop.cluster.apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": name},
            "spec": {"controller": "hadyn.io/ingress"},
        }
    )
    ground.until(lambda: ground.get("/pod", host)[0] == 200, SETTLED_SECONDS)
    shop.cluster.kubectl("delete", "ingressclass", name)
    ground.until(lambda: ground.get("/pod", host)[0] == 404)


def test_only_ingresses_with_the_labels_asked_for_count(ground: ClusterGround, shop: Namespace) -> None:
    host = publish(shop, "web", 1)
    ground.run("--namespace", shop.name, "--ingress-label-selector", "tier=front")
    assert ground.get("/pod", host)[0] == 404

    shop.cluster.apply(shop.ingress("web", host, labels={"tier": "front"}))
    ground.until(lambda: ground.get("/pod", host)[0] == 200, SETTLED_SECONDS)
    shop.cluster.apply(shop.ingress("web", host))
    ground.until(lambda: ground.get("/pod", host)[0] == 404)


def test_only_namespaces_with_the_labels_asked_for_count(ground: ClusterGround, shop: Namespace) -> None:
    host = publish(shop, "web", 1)
    ground.run("--namespace-selector", f"tier={shop.name}")
    assert ground.get("/pod", host)[0] == 404

    shop.cluster.kubectl("label", "namespace", shop.name, f"tier={shop.name}")
    ground.until(lambda: ground.get("/pod", host)[0] == 200, SETTLED_SECONDS)
    shop.cluster.kubectl("label", "namespace", shop.name, "tier-")
    ground.until(lambda: ground.get("/pod", host)[0] == 404)


def test_addresses_that_the_apiserver_lets_pass_and_no_pod_has_are_refused(
    ground: ClusterGround, shop: Namespace
) -> None:
    own, good = "10.99.250.1", "10.99.250.2"
    shop.cluster.apply(shop.bare_service("web"), shop.ingress("web", f"web.{shop.name}.example"))
    ground.run("--namespace", shop.name, "--bind", "127.0.0.1", "--bind", own)

    shop.cluster.apply(shop.slice("web", good, own, "239.1.1.1", "255.255.255.255", port=ground.http_port))

    ground.until(lambda: ready(ground, shop) == 1)
    assert list(ground.ready(f"{shop.name}_web_80").values()) == [f"{good}:{ground.http_port}"]
    assert ground.problems() == [f"endpointslice {shop.name}/web-1: ForbiddenAddress"] * 3
