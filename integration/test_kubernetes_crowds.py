"""Many objects and many changes of a real cluster; pods that leave without a word; objects that mean harm."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import pytest

from hadyn.cluster.requests import Resource
from hadyn.demo.generator import Order
from hadyn.demo.load import Load
from hadyn.demo.pods import Pods
from hadyn.errors import HadynError
from integration.bench.cluster import memory
from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.hostile import EVIL, hostile_documents
from integration.loads import unfailing_load

pytestmark = [pytest.mark.root, pytest.mark.timeout(300)]

NAMES = (f"crowd-{number}" for number in itertools.count(1))
SERVICES = 1000
ENDPOINTS = 5
CHANGES = int(os.environ.get("HADYN_STORM_CHANGES", "800"))
"""With 6000 the storm lasts the minute that the issue asks for."""
MOST_MEMORY = 90_000_000
"""Bytes that a thousand Services take; `make bench` has ten thousand."""
RATE = 100.0
WRITERS = 4
CREATORS = 8
POSTERS = 20
PORT = 9000
SETTLED_SECONDS = 30.0


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    with Namespace(cluster, next(NAMES)) as namespace:
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground


class Crowd:
    """Services whose endpoints are written straight to the API, none of them with a pod behind."""

    def __init__(self, shop: Namespace) -> None:
        self._shop = shop
        self._locks = [threading.Lock() for _ in range(SERVICES)]
        self.written: dict[int, list[str]] = {}

    @property
    def namespace(self) -> str:
        return self._shop.name

    def create(self) -> None:
        with ThreadPoolExecutor(CREATORS) as writers:
            list(writers.map(self._create, range(SERVICES)))

    def change(self, number: int, addresses: list[str]) -> None:
        """Have a Service have exactly these endpoints."""
        with self._locks[number]:
            path = f"{self._path('discovery.k8s.io/v1', 'endpointslices')}/s{number}-1"
            self._shop.cluster.put("PATCH", path, self._shop.slice(f"s{number}", *addresses, port=PORT))
            self.written[number] = addresses

    def is_served_by(self, ground: ClusterGround) -> bool:
        """Whether each backend has exactly the endpoints written last."""
        found = {
            each["backend"]: sorted(slot["address"] for slot in each["entries"] if slot["state"] == "ready")
            for each in ground.ask("/api/slots")
        }
        return all(
            found[f"{self._shop.name}_s{number}_80"] == sorted(f"{address}:{PORT}" for address in addresses)
            for number, addresses in self.written.items()
        )

    def _create(self, number: int) -> None:
        name = f"s{number}"
        put = self._shop.cluster.put
        self.written[number] = [f"10.200.{number % 250}.{each + 1}" for each in range(ENDPOINTS)]
        put("POST", f"/api/v1/namespaces/{self._shop.name}/services", self._shop.bare_service(name))
        slice_ = self._shop.slice(name, *self.written[number], port=PORT)
        put("POST", self._path("discovery.k8s.io/v1", "endpointslices"), slice_)
        put("POST", self._path("networking.k8s.io/v1", "ingresses"), self._shop.ingress(name, f"{name}.example"))

    def _path(self, group: str, plural: str) -> str:
        return f"/apis/{group}/namespaces/{self._shop.name}/{plural}"


@pytest.fixture(scope="module")
def crowd(cluster: ControlPlane) -> Iterator[Crowd]:
    with Namespace(cluster, next(NAMES)) as namespace:
        crowd = Crowd(namespace)
        crowd.create()
        yield crowd


@pytest.mark.parametrize("binary", [find_haproxies()[0], find_haproxies()[-1]], ids=lambda each: each.branch)
def test_a_storm_of_changes_on_a_thousand_services_ends_in_exactly_what_was_written_last(
    cluster: ControlPlane, crowd: Crowd, binary: HAProxyBinary
) -> None:
    with ClusterGround(binary.path, kubeconfig=cluster.kubeconfig) as ground:
        hadyn = ground.run("--namespace", crowd.namespace)
        storm(crowd, ground)
        assert memory(hadyn.pid) <= MOST_MEMORY


def storm(crowd: Crowd, ground: ClusterGround) -> None:
    dice = random.Random(5)
    reloads = ground.status()["reloads"]["total"]
    began = time.monotonic()

    def write(number: int) -> None:
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        addresses = {f"10.201.{dice.randrange(250)}.{dice.randrange(1, 250)}" for _ in range(dice.randrange(8))}
        crowd.change(dice.randrange(SERVICES), sorted(addresses))

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, range(CHANGES)))

    ground.until(lambda: crowd.is_served_by(ground), SETTLED_SECONDS + CHANGES / RATE)
    assert ground.status()["reloads"]["total"] == reloads
    assert ground.problems() == []


def test_pods_that_leave_without_a_word_cost_no_reload_and_their_failures_are_connections(
    ground: ClusterGround, shop: Namespace
) -> None:
    host = f"web.{shop.name}.example"
    shop.cluster.apply(
        shop.deployment("web", 6, drain="0s", start="300ms"), shop.service("web", slots="20"), shop.ingress("web", host)
    )
    ground.run("--namespace", shop.name)
    ground.until(lambda: len(ground.ready(f"{shop.name}_web_80")) == 6, SETTLED_SECONDS)
    reloads = ground.status()["reloads"]["total"]

    order = Order("127.0.0.1", ground.http_port, host, ("/pod", "/pod?sleep=200ms"), rate=500.0, most_connections=2500)
    with (
        Load(order) as requests,
        Posts(ground.http_port, host) as posts,
    ):
        assert requests.wait_for(shop.pods("web"), SETTLED_SECONDS)
        shop.kubectl("rollout", "restart", "deployment", "web")
        shop.kubectl("rollout", "status", "deployment", "web", "--timeout=60s")
        newcomers = shop.pods("web")
        assert requests.wait_for(newcomers, SETTLED_SECONDS)
    results = requests.stop()

    print(f"careless pods: {dict(results.failures)} of {results.sent} GETs, {dict(posts.statuses)} of POSTs")
    assert ground.status()["reloads"]["total"] == reloads
    # HAProxy tries another pod where a connection is refused, and sends a GET again that a pod had taken in
    # when it ended; a POST may have been carried out, so that one is lost. (docs/kubernetes.md#careless-pods)
    assert set(results.failures) <= {"status 502", "status 503"}
    assert results.failed < results.sent / 100
    assert set(posts.statuses) <= {200, 502, 503}
    assert posts.statuses[200] > 0


class Posts:
    """Sends slow POSTs, several at a time, and counts the statuses that come back."""

    def __init__(self, port: int, host: str) -> None:
        self.statuses: Counter[int] = Counter()
        self._port = port
        self._host = host
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(POSTERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        while not self._is_over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SETTLED_SECONDS)
            with contextlib.closing(connection):
                connection.request("POST", "/pod?sleep=200ms", body=b"{}", headers={"Host": self._host})
                self.statuses[connection.getresponse().status] += 1


RESOURCES = {
    "Ingress": Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
    "Service": Resource("", "v1", "services", "Service"),
    "EndpointSlice": Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
}


def written(cluster: ControlPlane) -> tuple[int, int]:
    """Write everything that is wrong; return how much of it the apiserver took, and how much it refused."""
    taken = refused = 0
    for document in hostile_documents():
        try:
            cluster.put("POST", RESOURCES[document["kind"]].path(EVIL), document)
        except HadynError:
            refused += 1
        else:
            taken += 1
    return taken, refused


def test_what_the_apiserver_lets_pass_harms_only_its_own_object(ground: ClusterGround, shop: Namespace) -> None:
    host = "good-0.example"
    shop.cluster.apply(shop.bare_service("web"), shop.ingress("web", host), shop.slice("web", "10.99.249.1", port=PORT))
    with Pods() as pods, Namespace(shop.cluster, EVIL):
        pods.start("good", "10.99.249.1", PORT)
        ground.run("--namespace", shop.name, "--namespace", EVIL)
        ground.until(lambda: ground.get(host=host) == (200, "good"))

        with unfailing_load(ground, host=host, rate=100.0):
            taken, refused = written(shop.cluster)
            ground.until(lambda: len(ground.problems()) > 20, SETTLED_SECONDS)

        print(f"of what is wrong the apiserver took {taken} objects and refused {refused}")
        assert ground.judged() == ""
        assert ground.ready(f"{shop.name}_web_80") == {"s1": f"10.99.249.1:{PORT}"}
        assert [each for each in ground.problems() if f" {EVIL}/" not in each] == []
        assert taken > 20
