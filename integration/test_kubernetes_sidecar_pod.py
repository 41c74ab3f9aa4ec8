"""The pod that the Helm chart makes, run container by container beside a real control plane."""

from __future__ import annotations

import itertools
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.charts import BASE, Document, chart
from integration.cluster import ControlPlane, Namespace
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.kubelet import Pod

pytestmark = pytest.mark.root

FIRST_AND_LTS = ("2.8", "3.2")
HOST = "sidecar-pod.example"
ROUNDS = itertools.count(1)
VALUES = {"drain": {"waitSeconds": 1}}


def binaries() -> list[HAProxyBinary]:
    return [binary for binary in find_haproxies() if binary.branch in FIRST_AND_LTS]


@pytest.fixture(scope="module")
def documents(cluster: ControlPlane) -> list[Document]:
    """What the chart makes of these values; all of it but the pods is in the cluster."""
    documents = chart(VALUES)
    cluster.kubectl("apply", "-f", str(BASE / "namespace.yaml"))
    cluster.apply(*(each for each in documents if each["kind"] != "Deployment"))
    address = '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.10"}]}}}'
    cluster.kubectl("-n", "hadyn", "patch", "service", "hadyn", "--subresource=status", "--type=merge", "-p", address)
    return documents


@pytest.fixture(params=binaries(), ids=lambda binary: binary.branch)
def pod(request: pytest.FixtureRequest, cluster: ControlPlane, documents: list[Document]) -> Iterator[Pod]:
    with Pod(cluster, documents, request.param.path) as pod:
        yield pod


@pytest.fixture(scope="module")
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """Three pods behind an Ingress."""
    with Namespace(cluster, "sidecar-pod") as namespace:
        cluster.apply(namespace.deployment("web", 3), namespace.service("web"), namespace.ingress("web", HOST))
        namespace.kubectl("rollout", "status", "deployment/web")
        yield namespace


def replace_pods(shop: Namespace) -> None:
    shop.kubectl("set", "env", "deployment/web", f"ROUND={next(ROUNDS)}")
    shop.kubectl("rollout", "status", "deployment/web")


def names(pod: Pod) -> set[str]:
    """The pods that answer."""
    return {pod.get("/pod", HOST)[1] for _ in range(12)}


def test_the_pod_is_ready_when_it_serves_and_not_before(cluster: ControlPlane, pod: Pod, shop: Namespace) -> None:
    cluster.signal("kube-apiserver", signal.SIGSTOP)
    try:
        pod.start_all()
        pod.until(lambda: pod.is_alive("hadyn"))
        pod.until(lambda: pod.get("/", HOST)[0] == 404)
        assert not pod.is_ready()
    finally:
        cluster.signal("kube-apiserver", signal.SIGCONT)

    pod.until(pod.is_ready)
    assert names(pod) == set(shop.pods("web"))

    assert "ready" in pod.execute("hadyn", "hadyn", "slots", "sidecar-pod_web_80")
    pod.until(lambda: "192.0.2.10" in shop.kubectl("get", "ingress", "web", "-o", "yaml"))
    assert "may not" not in pod.log


def test_either_container_may_die_and_the_other_goes_on(pod: Pod, shop: Namespace) -> None:
    pod.start_all()
    pod.until(pod.is_ready)

    pod.kill("hadyn")
    assert names(pod) == set(shop.pods("web"))
    replace_pods(shop)
    pod.start("hadyn")
    pod.until(lambda: pod.is_ready() and names(pod) == set(shop.pods("web")))

    pod.kill("haproxy")
    replace_pods(shop)
    assert pod.is_alive("hadyn")
    assert not pod.is_ready()
    pod.start("haproxy")
    pod.until(lambda: pod.is_ready() and names(pod) == set(shop.pods("web")))


@pytest.mark.parametrize("first", ["hadyn", "haproxy"])
def test_when_both_died_either_may_come_back_first(pod: Pod, shop: Namespace, first: str) -> None:
    pod.start_all()
    pod.until(pod.is_ready)
    for name in ("hadyn", "haproxy"):
        pod.kill(name)

    pod.start(first)
    assert not pod.is_ready()
    pod.start({"hadyn": "haproxy", "haproxy": "hadyn"}[first])
    pod.until(pod.is_ready)
    assert names(pod) == set(shop.pods("web"))


def test_a_pod_that_goes_finishes_its_requests_and_hadyn_ends_last(pod: Pod, shop: Namespace) -> None:
    pod.start_all()
    pod.until(pod.is_ready)
    with ThreadPoolExecutor() as client:
        answer = client.submit(pod.get, "/?sleep=4s", HOST)
        pod.until(lambda: '"sessions":1' in pod.get("/api/slots", port="status")[1])
        assert pod.stop() == {"haproxy": 0, "hadyn": 0}
        assert answer.result()[0] == 200


def test_a_pod_may_listen_below_1024_and_its_containers_may_be_plain_ones(
    cluster: ControlPlane, documents: list[Document], shop: Namespace
) -> None:
    special = chart({"ports": {"http": 80, "https": 443}, "nativeSidecar": False, "drain": {"waitSeconds": 0}})
    with Pod(cluster, special, binaries()[-1].path) as pod:
        pod.start_all()
        pod.until(pod.is_ready)
        assert names(pod) == set(shop.pods("web"))
        assert re.search(r"^CapEff:\s+0+$", pod.execute("haproxy", "cat", "/proc/1/status"), re.MULTILINE)
        assert set(pod.stop().values()) == {0}


def test_no_container_has_more_than_it_needs(pod: Pod, shop: Namespace) -> None:
    pod.start_all()
    pod.until(pod.is_ready)
    for name in ("hadyn", "haproxy"):
        status = pod.execute(name, "cat", "/proc/1/status")
        assert re.search(r"^Uid:\s+99\s+99\s+99\s+99$", status, re.MULTILINE)
        assert set(re.findall(r"^Cap(?:Prm|Eff|Bnd|Amb):\s+(\w+)$", status, re.MULTILINE)) == {16 * "0"}
    assert "token" not in pod.execute("haproxy", "ls", "/", "/hadyn", "/hadyn/state")
