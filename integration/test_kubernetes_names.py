"""Names of a real cluster: headless Services and ExternalNames, asked of its own CoreDNS."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from integration.cluster import ClusterGround, ControlPlane, Document, Namespace
from integration.loads import unfailing_load
from integration.scripted_dns import Asked, ScriptedDns

pytestmark = pytest.mark.root

NAMES = (f"names-{number}" for number in itertools.count(1))
RBAC = Path(__file__).parents[1] / "deploy" / "base" / "rbac.yaml"
PODS = 3
DNS_SERVER = "10.99.255.53"
DNS_FLAGS = ("--dns-server", DNS_SERVER, "--dns-hold", "valid=1s")
"""CoreDNS says TTL 5; asked every second, it tells of pods before those that go have gone."""
SETTLED_SECONDS = 40.0
ASTRAY = "astray.example"


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """A namespace of the test's own."""
    with Namespace(cluster, next(NAMES)) as namespace:
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground
    print(ground.said)


def stateful(shop: Namespace) -> Document:
    """A StatefulSet of the headless Service ``web``.

    Its pods serve on for longer than others: DNS tells of an end later than a watch does.
    """
    made = shop.deployment("web", PODS, drain="5s")
    made["kind"] = "StatefulSet"
    del made["spec"]["strategy"]
    made["spec"]["serviceName"] = "web"
    return made


def headless(shop: Namespace, name: str, *, port_name: str = "", **annotations: str) -> Document:
    """A headless Service of the pods of ``web``; with a named port it is asked for by SRV."""
    made = shop.service(name, **annotations)
    named = {"name": port_name} if port_name else {}
    made["spec"] |= {"clusterIP": "None", "selector": {"app": "web"}}
    made["spec"]["ports"] = [{"port": 80, "targetPort": 8080} | named]
    return made


def external(shop: Namespace, name: str, to: str, **annotations: str) -> Document:
    """A Service that is another name for a host."""
    made = shop.bare_service(name, **annotations)
    made["spec"] = {"type": "ExternalName", "externalName": to, "ports": [{"port": 80}]}
    return made


def leading_astray(asked: Asked) -> Iterable[bytes]:
    """What CoreDNS says, and of one name that it leads to the metadata of a cloud."""
    if asked.name == ASTRAY:
        return [asked.answer("A 169.254.169.254")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.settimeout(2.0)
        relay.sendto(asked.wire, (DNS_SERVER, 53))
        return [relay.recv(65535)]


def host(shop: Namespace, name: str) -> str:
    return f"{name}.{shop.name}.example"


def publish(shop: Namespace, *services: Document) -> None:
    """Create the StatefulSet, these Services of it, and an Ingress for each."""
    ingresses = [shop.ingress(each["metadata"]["name"], host(shop, each["metadata"]["name"])) for each in services]
    shop.cluster.apply(stateful(shop), *services, *ingresses)


def ready(ground: ClusterGround, shop: Namespace, name: str) -> list[str]:
    """The addresses of the slots of a Service that are ready."""
    return sorted(ground.ready(f"{shop.name}_{name}_80").values())


def homes(ground: ClusterGround, shop: Namespace) -> dict[str, str]:
    """Which pod sits in which slot of ``web``."""
    entries = ground.slots(f"{shop.name}_web_80")["entries"]
    return {entry["slot"]: entry["endpoint"].partition(".")[0] for entry in entries if entry["state"] == "ready"}


def test_a_statefulset_rolled_over_under_load_fails_no_request_and_every_pod_comes_home(
    ground: ClusterGround, shop: Namespace
) -> None:
    publish(shop, headless(shop, "web", port_name="http", slot_names="true"), headless(shop, "plain"))
    ground.run("--namespace", shop.name, "--headless", "dns", *DNS_FLAGS)
    ground.until(lambda: len(ready(ground, shop, "web")) == PODS == len(ready(ground, shop, "plain")), SETTLED_SECONDS)
    before, worker = homes(ground, shop), ground.worker()
    assert before == {f"s{ordinal + 1}": f"web-{ordinal}" for ordinal in range(PODS)}
    veterans = ready(ground, shop, "web")

    with (
        unfailing_load(ground, "/pod", host=host(shop, "web"), rate=250),
        unfailing_load(ground, "/pod", host=host(shop, "plain"), rate=250),
    ):
        shop.kubectl("rollout", "restart", "statefulset", "web")
        shop.kubectl("rollout", "status", "statefulset", "web", "--timeout=60s")
        # Where more than half of a name changed between two answers, those that left stay for the hold time.
        ground.until(
            lambda: not set(veterans) & {*ready(ground, shop, "web"), *ready(ground, shop, "plain")}, SETTLED_SECONDS
        )
        ground.until(
            lambda: len(ready(ground, shop, "web")) == PODS == len(ready(ground, shop, "plain")), SETTLED_SECONDS
        )

    assert homes(ground, shop) == before
    assert ground.worker() == worker


def test_an_external_name_of_a_cluster_is_resolved_and_judged_by_hadyn(ground: ClusterGround, shop: Namespace) -> None:
    inward = f"plain.{shop.name}.svc.cluster.local"
    named = {
        "outside": external(shop, "outside", inward),
        # HAProxy's own resolver is not for a cluster: it would connect wherever a name leads.
        "asking": external(shop, "asking", inward, discovery="fqdn"),
        "astray": external(shop, "astray", ASTRAY),
    }
    publish(shop, headless(shop, "plain"), *named.values())
    hadyn = ground.run("--namespace", shop.name, *DNS_FLAGS)
    ground.until(lambda: ready(ground, shop, "plain"), SETTLED_SECONDS)
    assert ground.get("/pod", host(shop, "outside"))[0] == 503
    assert f"ingress {shop.name}/outside: NotSupported" in ground.problems()
    hadyn.terminate()

    with ScriptedDns(leading_astray) as server:
        ground.run("--namespace", shop.name, "--allow-external-name", "--dns-server", str(server.address))
        ground.until(
            lambda: all(len(ready(ground, shop, name)) == PODS for name in ("outside", "asking")), SETTLED_SECONDS
        )
        assert {ground.slots(f"{shop.name}_{name}_80")["discovery"] for name in named} == {"dns"}
        ground.until(lambda: f"service {shop.name}/astray: ForbiddenAddress" in ground.problems())
        assert (ready(ground, shop, "astray"), ground.get("/pod", host(shop, "astray"))[0]) == ([], 503)
        refused = [problem for problem in ground.problems() if "NotSupported" in problem]
        assert refused == [f"service {shop.name}/asking: NotSupported"]


def test_pods_are_found_where_endpoint_slices_may_not_be_read(ground: ClusterGround, shop: Namespace) -> None:
    publish(shop, headless(shop, "web", port_name="http"), shop.service("usual"))
    shop.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hadyn"}}, *without_slices())
    ground.kubeconfig = shop.cluster.kubeconfig_of("hadyn", "hadyn", ground.place)
    refused = ground.try_to_run("--namespace", shop.name, *DNS_FLAGS)
    assert "may not list endpointslices" in refused.stderr

    ground.run("--namespace", shop.name, "--no-endpoint-slices", "--read-only", *DNS_FLAGS)
    ground.until(lambda: len(ready(ground, shop, "web")) == PODS, SETTLED_SECONDS)
    ground.until(lambda: ground.get("/pod", host(shop, "web"))[0] == 200)
    (address,) = ready(ground, shop, "usual")
    assert address.startswith("10.96.")
    assert "may not" not in ground.log


def without_slices() -> list[Document]:
    """What deploy/ grants, but for EndpointSlices."""
    documents = [each for each in yaml.safe_load_all(RBAC.read_text()) if each]
    for role in documents:
        if "rules" in role:
            role["rules"] = [rule for rule in role["rules"] if rule["resources"] != ["endpointslices"]]
    return documents
