"""What hadyn says in a real cluster: status, Events, and who of several says it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.cluster import ClusterGround, ControlPlane, Namespace

pytestmark = pytest.mark.root

NAMES = (f"said-{number}" for number in itertools.count(1))
HERE = ("--publish-address", "192.0.2.7", "--publish-address", "lb.example")
SAID = [{"ip": "192.0.2.7"}, {"hostname": "lb.example"}]


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(namespace.bare_service("web"), namespace.ingress("web", f"{namespace.name}.example"))
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground


def flags(shop: Namespace, *more: str) -> tuple[str, ...]:
    return ("--namespace", shop.name, "--lease", f"{shop.name}/hadyn", *more)


def path_of(shop: Namespace, name: str = "web") -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{shop.name}/ingresses/{name}"


def said(shop: Namespace, name: str = "web") -> Any:
    """What the status of an Ingress says."""
    return shop.cluster.get(path_of(shop, name))["status"].get("loadBalancer", {}).get("ingress")


def version(shop: Namespace, name: str = "web") -> str:
    found: str = shop.cluster.get(path_of(shop, name))["metadata"]["resourceVersion"]
    return found


def events(shop: Namespace, name: str = "web") -> list[Any]:
    """hadyn's Events on an Ingress."""
    found = shop.cluster.get(f"/apis/events.k8s.io/v1/namespaces/{shop.name}/events")["items"]
    return [
        each
        for each in found
        if each["regarding"]["name"] == name and each["reportingController"] == "hadyn.io/ingress"
    ]


def holder(shop: Namespace) -> str:
    lease = shop.cluster.get(f"/apis/coordination.k8s.io/v1/namespaces/{shop.name}/leases/hadyn")
    return str(lease["spec"].get("holderIdentity", ""))


def test_an_ingress_says_where_it_is_served_and_is_not_written_again(ground: ClusterGround, shop: Namespace) -> None:
    ground.run(*flags(shop, *HERE))
    ground.until(lambda: said(shop) == SAID)
    written = version(shop)
    # Neither what happens elsewhere nor hadyn's next start writes it anew.
    shop.cluster.apply(shop.slice("web", "10.99.250.1", port=80))
    ground.until(lambda: len(ground.ready(f"{shop.name}_web_80")) == 1)
    shop.cluster.apply(shop.ingress("other", "other.example"))
    ground.until(lambda: said(shop, "other") == SAID)
    assert version(shop) == written


def test_a_status_that_somebody_overwrites_is_set_right(ground: ClusterGround, shop: Namespace) -> None:
    ground.run(*flags(shop, *HERE))
    ground.until(lambda: said(shop) == SAID)
    other = {"status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}]}}}
    shop.cluster.put("PATCH", f"{path_of(shop)}/status", other)
    ground.until(lambda: said(shop) == SAID)


def test_an_ingress_that_moves_to_another_controller_is_no_longer_said_to_be_here(
    ground: ClusterGround, shop: Namespace
) -> None:
    ground.run(*flags(shop, *HERE))
    ground.until(lambda: said(shop) == SAID)
    shop.cluster.apply(shop.ingress("web", f"{shop.name}.example", class_name="nginx"))
    ground.until(lambda: said(shop) is None)


def test_an_ingress_that_moved_while_hadyn_was_down_is_no_longer_said_to_be_here_if_it_was_us_who_said_so(
    ground: ClusterGround, shop: Namespace
) -> None:
    shop.cluster.apply(shop.ingress("shared", "shared.example", class_name="nginx"))
    hadyn = ground.run(*flags(shop, *HERE))
    ground.until(lambda: said(shop) == SAID)
    hadyn.terminate()
    shop.cluster.apply(shop.ingress("web", f"{shop.name}.example", class_name="nginx"))
    # Another controller behind the same load balancer says the same of what is its own.
    shop.cluster.put("PATCH", f"{path_of(shop, 'shared')}/status", {"status": {"loadBalancer": {"ingress": SAID}}})

    ground.run(*flags(shop, *HERE))
    ground.until(lambda: said(shop) is None)
    # Ingresses are written in the order in which they are met; a later one is told behind the others.
    shop.cluster.apply(shop.ingress("last", "last.example"))
    ground.until(lambda: said(shop, "last") == SAID)
    assert said(shop, "shared") == SAID


def test_the_nodes_of_pods_tell_where_clients_come_in(ground: ClusterGround, shop: Namespace) -> None:
    shop.cluster.apply(shop.deployment("edge", 3))
    shop.kubectl("rollout", "status", "deployment", "edge", "--timeout=60s")
    ground.kubeconfig = in_namespace(shop, ground)
    ground.run(*flags(shop, "--publish-nodes", "app=edge"))
    ground.until(lambda: said(shop) == external_addresses(shop) != [])


def in_namespace(shop: Namespace, ground: ClusterGround) -> Path:
    """A kubeconfig whose context is in the namespace, as that of a hadyn which runs there."""
    content = yaml.safe_load(shop.cluster.kubeconfig.read_text())
    for context in content["contexts"]:
        context["context"]["namespace"] = shop.name
    path = ground.place / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


def external_addresses(shop: Namespace) -> list[Any]:
    """The addresses of the nodes that the pods of edge run on now."""
    pods = shop.cluster.get(f"/api/v1/namespaces/{shop.name}/pods?labelSelector=app%3Dedge")["items"]
    found = {each["spec"]["nodeName"] for each in pods}
    listed = [shop.cluster.get(f"/api/v1/nodes/{name}")["status"]["addresses"] for name in found]
    external = [each["address"] for addresses in listed for each in addresses if each["type"] == "ExternalIP"]
    return [{"ip": address} for address in sorted(external)]


def test_a_published_service_tells_where_clients_come_in(ground: ClusterGround, shop: Namespace) -> None:
    service = shop.bare_service("edge")
    service["spec"]["type"] = "LoadBalancer"
    shop.cluster.apply(service)
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}}
    shop.cluster.put("PATCH", f"/api/v1/namespaces/{shop.name}/services/edge/status", address)
    ground.run(*flags(shop, "--publish-service", f"{shop.name}/edge"))
    ground.until(lambda: said(shop) == [{"ip": "192.0.2.9"}])


def test_a_problem_is_an_event_on_its_object_and_counted_up_when_it_comes_back(
    ground: ClusterGround, shop: Namespace
) -> None:
    ground.run(*flags(shop))
    assert events(shop) == []

    shop.kubectl("delete", "service", "web")
    ground.until(lambda: len(events(shop)) == 1)
    event = events(shop)[0]
    assert (event["type"], event["reason"]) == ("Warning", "NotFound")
    assert event["regarding"]["fieldPath"] == "spec.rules[0].http.paths[0].backend"
    assert f"service {shop.name}/web does not exist" in event["note"]
    assert "NotFound" in shop.kubectl("describe", "ingress", "web")

    shop.cluster.apply(shop.bare_service("web"))
    ground.until(lambda: ground.problems() == [])
    shop.kubectl("delete", "service", "web")
    ground.until(lambda: [each.get("series", {}).get("count") for each in events(shop)] == [2])


def test_of_two_hadyns_one_speaks_and_the_other_takes_over_when_it_is_killed(
    ground: ClusterGround, shop: Namespace
) -> None:
    first = ground.run(*flags(shop, *HERE))
    ground.until(lambda: holder(shop))
    speaker = holder(shop)
    with ClusterGround(kubeconfig=shop.cluster.kubeconfig) as other:
        other.run(*flags(shop, *HERE))
        other.stays(lambda: holder(shop) == speaker, 4.0)
        first.kill()
        shop.cluster.apply(shop.ingress("new", "new.example"))
        # Both serve; only who speaks changes.
        other.until(lambda: other.get(host="new.example")[0] == 503)
        other.until(lambda: holder(shop) not in ("", speaker))
        other.until(lambda: said(shop, "new") == SAID)
        assert "this hadyn holds the lease" in other.log


def test_a_hadyn_that_stops_gives_the_lease_back(ground: ClusterGround, shop: Namespace) -> None:
    hadyn = ground.run(*flags(shop))
    ground.until(lambda: holder(shop))
    hadyn.terminate()
    assert holder(shop) == ""


def test_a_hadyn_that_only_reads_writes_nothing(ground: ClusterGround, shop: Namespace) -> None:
    shop.kubectl("delete", "service", "web")
    ground.run("--namespace", shop.name, "--read-only", *HERE)
    ground.until(lambda: ground.problems() != [])
    ground.stays(lambda: said(shop) is None and events(shop) == [], 3.0)
    leases = shop.cluster.get(f"/apis/coordination.k8s.io/v1/namespaces/{shop.name}/leases")["items"]
    assert leases == []
