"""Labels of pods in a real cluster: read where a Service divides by them, with a right of their own, and else not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from integration.cluster import ClusterGround, ControlPlane, Document, Namespace
from integration.grants import Right, component, revoke_everything, rights, run_with_component

pytestmark = pytest.mark.root

NAMES = (f"labels-{number}" for number in itertools.count(1))
GROUPS = {"blue-1": "10.99.7.1", "blue-2": "10.99.7.2", "green-1": "10.99.7.3"}
COMPONENT = "podlabels"
BALANCE = "group=blue=1,group=green=1"


def pod(shop: Namespace, name: str, group: str) -> Document:
    metadata = {"name": name, "namespace": shop.name, "labels": {"group": group}}
    spec = {"containers": [{"name": "web", "image": "web"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def listing(shop: Namespace) -> Document:
    found = shop.slice("web", *GROUPS.values(), port=80)
    for each, name in zip(found["endpoints"], GROUPS, strict=True):
        each["targetRef"] = {"kind": "Pod", "namespace": shop.name, "name": name}
    return found


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """Two blue pods and a green one, divided by group."""
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(
            namespace.bare_service("web", blue_green_balance=BALANCE),
            namespace.ingress("web", f"{namespace.name}.example"),
            listing(namespace),
            *(pod(namespace, name, name.partition("-")[0]) for name in GROUPS),
        )
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground
    revoke_everything(cluster)


def weights(ground: ClusterGround, shop: Namespace) -> list[int]:
    return [each["weight"] for each in ground.slots(f"{shop.name}_web_80")["entries"] if each["state"] == "ready"]


def complaints(ground: ClusterGround, shop: Namespace) -> list[tuple[str, str]]:
    """What the Service web has to say of labels, field by field; namespaces of tests before may be about to go."""
    found = [each for each in ground.status()["problems"] if each["object"] == f"service {shop.name}/web"]
    return [(each["field"], each["said"]) for each in found]


def followed(ground: ClusterGround, shop: Namespace) -> bool:
    return f"kubernetes/{shop.name}/pods" in [each["name"] for each in ground.status()["sources"]]


def test_labels_of_pods_make_weights_while_the_service_says_so(shop: Namespace, ground: ClusterGround) -> None:
    ground.run("--namespace", shop.name)
    assert weights(ground, shop) == [1, 1, 2]
    worker = ground.worker()

    shop.kubectl("label", "pod", "blue-2", "group=green", "--overwrite")
    ground.until(lambda: weights(ground, shop) == [2, 1, 1])
    shop.cluster.apply(shop.bare_service("web"))
    ground.until(lambda: weights(ground, shop) == [1, 1, 1])
    ground.until(lambda: not followed(ground, shop))
    assert ground.worker() == worker


def test_exactly_the_rules_of_the_component_are_enough_to_read_labels(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    run_with_component(ground, cluster, COMPONENT)
    assert weights(ground, shop) == [1, 1, 2]
    assert "may not" not in ground.log


@pytest.mark.parametrize("right", rights(of=component(COMPONENT)), ids=str)
def test_a_right_to_labels_that_is_missing_is_named_at_the_service_and_all_pods_serve(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround, right: Right
) -> None:
    run_with_component(ground, cluster, COMPONENT, but=right)
    ground.until(lambda: complaints(ground, shop))
    ((field, said),) = complaints(ground, shop)
    assert field == "metadata.annotations[hadyn.io/blue-green-balance]"
    assert said.startswith(f"pods of namespace {shop.name} cannot be read: ")
    assert f"may not {right.verb} pods" in said
    assert all(weight > 0 for weight in weights(ground, shop))
