"""Services of a real cluster that are reached on its nodes: these are read while a Service says so, with a right of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.cluster import ClusterGround, ControlPlane, Document, Namespace
from integration.grants import Right, component, revoke_everything, rights, run_with_component

pytestmark = pytest.mark.root

NAMES = (f"nodes-{number}" for number in itertools.count(1))
NODES = {"node-a": "10.99.255.1", "node-b": "10.99.255.2", "node-c": "10.99.255.3"}
COMPONENT = "nodeports"


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(reached_on_nodes(namespace), namespace.ingress("web", f"{namespace.name}.example"))
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground
    revoke_everything(cluster)


def reached_on_nodes(shop: Namespace, **annotations: str) -> Document:
    service = shop.bare_service("web", **(annotations or {"discovery": "nodes"}))
    service["spec"]["type"] = "NodePort"
    return service


def node_port(shop: Namespace) -> int:
    return int(shop.kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}"))


def is_followed(ground: ClusterGround) -> bool:
    return "kubernetes/nodes" in [each["name"] for each in ground.status()["sources"]]


def says_ready(cluster: ControlPlane, node: str, status: str) -> None:
    condition = {"type": "Ready", "status": status, "reason": "Test", "message": "a test says so"}
    cluster.put("PATCH", f"/api/v1/nodes/{node}/status", {"status": {"conditions": [condition]}})


def test_a_service_is_reached_on_the_nodes_that_are_ready_while_it_says_so(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround, pods: Pods
) -> None:
    port, backend = node_port(shop), f"{shop.name}_web_80"
    for name, ip in NODES.items():
        pods.start(name, ip, port)
    ground.run("--namespace", shop.name)
    assert sorted(ground.ready(backend).values()) == [f"{ip}:{port}" for ip in NODES.values()]
    assert {entry["endpoint"] for entry in ground.slots(backend)["entries"] if entry["address"]} == set(NODES)
    assert ground.get(host=f"{shop.name}.example")[1] in NODES
    assert ground.problems() == []

    try:
        says_ready(cluster, "node-b", "False")
        ground.until(lambda: f"10.99.255.2:{port}" not in ground.ready(backend).values())
    finally:
        says_ready(cluster, "node-b", "True")
    ground.until(lambda: len(ground.ready(backend)) == len(NODES))

    cluster.apply(reached_on_nodes(shop, discovery="endpoints"))
    ground.until(lambda: not is_followed(ground))


def test_exactly_the_rules_of_the_component_are_enough_to_read_nodes(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    run_with_component(ground, cluster, COMPONENT)
    assert len(ground.ready(f"{shop.name}_web_80")) == len(NODES)
    assert "may not" not in ground.log


@pytest.mark.parametrize("right", rights(of=component(COMPONENT)), ids=str)
def test_a_right_to_nodes_that_is_missing_is_named_at_the_service(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround, right: Right
) -> None:
    run_with_component(ground, cluster, COMPONENT, but=right)

    def complaints() -> list[str]:
        found = ground.status()["problems"]
        return [each["said"] for each in found if each["object"] == f"service {shop.name}/web"]

    ground.until(complaints)
    (said,) = complaints()
    assert said.startswith("nodes cannot be read: ")
    assert f"may not {right.verb} nodes" in said
