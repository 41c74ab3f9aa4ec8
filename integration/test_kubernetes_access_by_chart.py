"""The rights that the Helm chart gives where values ask for them: in namespaces, for nodes, for labels of namespaces."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
import yaml

from integration.charts import chart, of_kind
from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.grants import ACCOUNT, Right, granted, granting, revoke_everything, rights

pytestmark = pytest.mark.root

NAMES = (f"chart-access-{number}" for number in itertools.count(1))
NARROW = {"namespaces": ["default"]}
NODES = {"publish": {"nodes": True}}
SELECTED = {"namespaceSelector": "team=shop"}
# Spelled out, because nobody needs helm to collect tests.
BESIDE_NAMESPACES = [Right("hadyn-classes", 0, verb) for verb in ("list", "watch")] + [Right("hadyn-service", 0, "get")]
TO_PUBLISH_NODES = [Right("hadyn-pods", 0, "list"), Right("hadyn-nodes", 0, "get")]
TO_SELECT_NAMESPACES = [Right("hadyn-namespaces", 0, verb) for verb in ("list", "watch")]


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """A Service without pods and an Ingress that leads to it: 503 where hadyn sees both."""
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(namespace.bare_service("web"), namespace.ingress("web", f"{namespace.name}.example"))
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground


def sees(ground: ClusterGround, namespace: Namespace) -> bool:
    return ground.get(host=f"{namespace.name}.example")[0] == 503


def test_the_rights_taken_away_here_are_all_that_the_chart_has_beyond_the_base() -> None:
    of_the_base = {right.role for right in rights()}
    for values, extra in ((NARROW, BESIDE_NAMESPACES), (NODES, TO_PUBLISH_NODES), (SELECTED, TO_SELECT_NAMESPACES)):
        found = rights(of=granting(values))
        assert {right for right in found if right.role not in of_the_base} == set(extra)


def test_roles_in_namespaces_are_enough_for_those(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    revoke_everything(cluster)
    granted(cluster, of=granting({"namespaces": [shop.name], "rbac": {"ingressClasses": False}}))
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--namespace", shop.name, "--lease", "hadyn/hadyn", "--publish-address", "192.0.2.7")
    assert sees(ground, shop)
    path = f"/apis/networking.k8s.io/v1/namespaces/{shop.name}/ingresses/web"
    ground.until(lambda: "192.0.2.7" in str(cluster.get(path)["status"]))
    assert "IngressClasses count by their name alone" in ground.log
    assert set(re.findall(r"may not \w+ (\w+)", ground.log)) == {"ingressclasses"}


@pytest.mark.parametrize("right", BESIDE_NAMESPACES, ids=str)
def test_hadyn_says_which_right_it_lacks_beside_those_in_its_namespaces(
    cluster: ControlPlane, ground: ClusterGround, right: Right
) -> None:
    revoke_everything(cluster)
    resource = granted(cluster, but=right, of=granting(NARROW))
    cluster.kubectl("-n", "hadyn", "delete", "lease", "--all")
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--namespace", "default", "--lease", "hadyn/hadyn", "--publish-service", "hadyn/hadyn")
    ground.until(lambda: f"may not {right.verb} {resource}" in ground.log)


@pytest.mark.parametrize("right", TO_PUBLISH_NODES, ids=str)
def test_hadyn_says_which_right_it_needs_to_publish_nodes(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround, right: Right
) -> None:
    resource = granted(cluster, but=right, of=granting(NODES))
    cluster.kubectl("-n", "hadyn", "delete", "lease", "--all")
    # Hadyn's own pods: they are there, whatever runs in them.
    cluster.apply(*of_kind(chart(NODES), "ConfigMap", "Deployment"))
    cluster.kubectl("-n", "hadyn", "rollout", "status", "deployment/hadyn")
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    content = yaml.safe_load(ground.kubeconfig.read_text())
    content["contexts"][0]["context"]["namespace"] = "hadyn"
    ground.kubeconfig.write_text(yaml.safe_dump(content))
    ground.run("--publish-nodes", "app.kubernetes.io/name=hadyn")
    assert sees(ground, shop)
    ground.until(lambda: f"may not {right.verb} {resource}" in ground.log)
    cluster.kubectl("-n", "hadyn", "delete", "deployment/hadyn", "configmap/hadyn-flags")


@pytest.mark.parametrize("right", TO_SELECT_NAMESPACES, ids=str)
def test_hadyn_does_not_begin_without_the_right_to_look_for_namespaces(
    cluster: ControlPlane, ground: ClusterGround, right: Right
) -> None:
    resource = granted(cluster, but=right, of=granting(SELECTED))
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ended = ground.try_to_run("--namespace-selector", "team=shop")
    assert ended.returncode == 1
    assert f"may not {right.verb} {resource}" in ended.stderr
