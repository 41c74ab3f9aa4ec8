"""The apiserver stops, dies, forgets, is cut off: what serves goes on serving, and nothing is lost.

``HADYN_OUTAGE_SECONDS=60`` makes the outages as long as the issue asks for; CI has shorter ones.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hadyn.demo.pods import Pods
from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.loads import unfailing_load

pytestmark = [pytest.mark.root, pytest.mark.timeout(300), pytest.mark.usefixtures("outages")]

NAMES = (f"faults-{number}" for number in itertools.count(1))
PORT = 9000
OUTAGE_SECONDS = float(os.environ.get("HADYN_OUTAGE_SECONDS", "8"))
"""Long enough for hadyn's pauses to have grown to their longest."""
ETCD = "http://127.0.0.1:2379/v3"
ANSWER_SECONDS = 30.0
HALF_OPEN_SECONDS = 60.0
MUTE_SECONDS = 90.0
KINDS = 4
"""Ingresses, classes, Services, slices: as many watches."""


class Shop:
    """One Service whose endpoints the test writes, and pods that listen there."""

    def __init__(self, namespace: Namespace, pods: Pods, ground: ClusterGround) -> None:
        self.namespace = namespace
        self.cluster = namespace.cluster
        self.ground = ground
        self.host = f"{namespace.name}.example"
        self._pods = pods
        self._network = int(namespace.name.rpartition("-")[2])
        self.cluster.apply(namespace.bare_service("web"), namespace.ingress("web", self.host))
        self.write(1)

    def address(self, number: int) -> str:
        return f"10.99.{200 + self._network}.{number}"

    def write(self, *numbers: int) -> None:
        """Have exactly these pods be the endpoints."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace.name}/endpointslices"
        document = self.namespace.slice("web", *map(self.address, numbers), port=PORT)
        names = [item["metadata"]["name"] for item in self.cluster.get(path)["items"]]
        method, target = ("PATCH", f"{path}/web-1") if "web-1" in names else ("POST", path)
        self.cluster.put(method, target, document)

    def start_pods(self, *numbers: int) -> None:
        for number in numbers:
            self._pods.start(f"pod-{number}", self.address(number), PORT)

    def serves(self, *numbers: int) -> bool:
        wanted = sorted(f"{self.address(number)}:{PORT}" for number in numbers)
        return sorted(self.ground.ready(f"{self.namespace.name}_web_80").values()) == wanted

    def stale_seconds(self) -> list[float]:
        return [source["stale_seconds"] for source in self.ground.status()["sources"]]

    def run(self, *flags: str) -> None:
        # What goes in the namespaces of tests before is none of this one's business.
        self.ground.run("--namespace", self.namespace.name, *flags)
        self.ground.until(lambda: self.serves(1))


first, *_, newest = find_haproxies()
on_the_newest_too = pytest.mark.parametrize("binary", [first, newest], ids=lambda each: each.branch, indirect=True)


@pytest.fixture
def binary(request: pytest.FixtureRequest) -> HAProxyBinary:
    """The first HAProxy at hand, or the one that a test asks for."""
    return getattr(request, "param", first)


@pytest.fixture
def shop(cluster: ControlPlane, binary: HAProxyBinary) -> Iterator[Shop]:
    with (
        Pods() as pods,
        Namespace(cluster, next(NAMES)) as namespace,
        ClusterGround(binary.path, kubeconfig=cluster.kubeconfig) as ground,
    ):
        shop = Shop(namespace, pods, ground)
        shop.start_pods(1, 2, 3)
        yield shop


@contextmanager
def no_request_fails(shop: Shop) -> Iterator[None]:
    with unfailing_load(shop.ground, host=shop.host, rate=200.0):
        yield


@contextmanager
def nothing_is_said_to_haproxy(shop: Shop) -> Iterator[None]:
    worker, commands = shop.ground.worker(), shop.ground.metric("hadyn_commands_total")
    yield
    assert shop.ground.worker() == worker
    assert shop.ground.metric("hadyn_commands_total") == commands


@on_the_newest_too
def test_an_apiserver_that_hangs_changes_nothing_and_is_caught_up_with(shop: Shop) -> None:
    shop.run()
    with no_request_fails(shop), nothing_is_said_to_haproxy(shop):
        shop.cluster.signal("kube-apiserver", signal.SIGSTOP)
        time.sleep(OUTAGE_SECONDS)
        shop.cluster.signal("kube-apiserver", signal.SIGCONT)
    shop.write(2, 3)
    shop.ground.until(lambda: shop.serves(2, 3))


@on_the_newest_too
def test_an_apiserver_that_is_killed_changes_nothing_and_is_caught_up_with(shop: Shop) -> None:
    shop.run()
    with no_request_fails(shop), nothing_is_said_to_haproxy(shop):
        shop.cluster.signal("kube-apiserver", signal.SIGKILL)
        time.sleep(OUTAGE_SECONDS)
        shop.ground.until(lambda: min(shop.stale_seconds()) > OUTAGE_SECONDS / 2)
        shop.cluster.up("kube-apiserver")
    shop.write(2, 3)
    shop.ground.until(lambda: shop.serves(2, 3))
    shop.ground.until(lambda: max(shop.stale_seconds()) == 0)
    said = shop.ground.log
    assert said.count("Connection refused") == 1
    assert "in touch with the apiserver again" in said


def compact_store() -> None:
    """Have etcd forget everything but the present: whoever resumes from before gets a 410."""
    range_ = {"key": "AA==", "range_end": "AA==", "limit": 1}
    revision = asked_of_store("kv/range", range_)["header"]["revision"]
    asked_of_store("kv/compaction", {"revision": revision, "physical": True})


def asked_of_store(act: str, question: dict[str, object]) -> dict[str, dict[str, str]]:
    request = urllib.request.Request(f"{ETCD}/{act}", json.dumps(question).encode())
    with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
        return json.load(answer)  # type: ignore[no-any-return]


@on_the_newest_too
def test_a_compacted_store_changes_nothing_and_what_went_meanwhile_is_found_when_all_is_listed_anew(
    shop: Shop,
) -> None:
    shop.cluster.apply(shop.namespace.bare_service("old"), shop.namespace.ingress("old", "old.example"))
    hadyn = shop.ground.run("--log-level", "debug")
    shop.ground.until(lambda: shop.ground.get(host="old.example")[0] == 503)

    shop.cluster.down("kube-apiserver")
    shop.ground.until(lambda: "Connection refused" in shop.ground.log)
    hadyn.signal(signal.SIGSTOP)
    shop.cluster.up("kube-apiserver")
    shop.write(3)
    shop.namespace.kubectl("delete", "ingress,service", "old")
    # The one that comes up now knows nothing of the time before, and cannot ask for it.
    shop.cluster.down("kube-apiserver")
    compact_store()
    shop.cluster.up("kube-apiserver")
    with no_request_fails(shop):
        hadyn.signal(signal.SIGCONT)
        shop.ground.until(lambda: shop.ground.log.count("no longer knows where watch") >= KINDS)

    shop.ground.until(lambda: shop.serves(3))
    shop.ground.until(lambda: shop.ground.get(host="old.example")[0] == 404)


def test_a_store_that_comes_up_empty_takes_no_endpoint_away(shop: Shop) -> None:
    others = [f"other-{number}" for number in range(12)]
    for name in others:
        shop.cluster.apply(
            shop.namespace.bare_service(name),
            shop.namespace.slice(name, shop.address(1), port=PORT),
            shop.namespace.ingress(name, f"{name}.example"),
        )
    shop.run()
    etcd, kept = shop.cluster.folder / "etcd", shop.cluster.folder / "etcd.kept"
    shop.cluster.down("kube-apiserver", "etcd")
    etcd.rename(kept)
    try:
        with no_request_fails(shop), nothing_is_said_to_haproxy(shop):
            shop.cluster.up("etcd", "kube-apiserver")
            shop.ground.until(lambda: "lists hardly anything" in shop.ground.log, MUTE_SECONDS)
            assert max(shop.stale_seconds()) > 0
    finally:
        shop.cluster.down("kube-apiserver", "etcd")
        shutil.rmtree(etcd)
        kept.rename(etcd)
        shop.cluster.up("etcd", "kube-apiserver")
    shop.write(2)
    shop.ground.until(lambda: shop.serves(2), MUTE_SECONDS)


def test_a_connection_that_leads_nowhere_is_found_within_a_minute(shop: Shop) -> None:
    shop.run()
    with no_request_fails(shop):
        ip_route("add", "blackhole")
        try:
            shop.ground.until(lambda: min(shop.stale_seconds()) > 0, HALF_OPEN_SECONDS)
        finally:
            ip_route("del", "blackhole")
        shop.write(2)
        shop.ground.until(lambda: shop.serves(2))


def ip_route(act: str, kind: str) -> None:
    """Swallow every packet from and to the apiserver, or no longer."""
    subprocess.run(["ip", "route", act, kind, "10.99.255.100/32", "table", "local"], check=True)


def test_hadyn_starts_before_its_apiserver_and_serves_when_that_comes(shop: Shop) -> None:
    shop.cluster.down("kube-apiserver")
    try:
        hadyn = shop.ground.start()
        shop.ground.until(lambda: "Connection refused" in shop.ground.log)
        shop.ground.until(lambda: shop.ground.healthz() == (200, 503))
    finally:
        shop.cluster.up("kube-apiserver")
    hadyn.wait_until_ready()
    shop.ground.until(lambda: shop.serves(1))


def test_a_hadyn_that_waits_for_its_apiserver_can_be_stopped(shop: Shop) -> None:
    shop.cluster.down("kube-apiserver")
    try:
        hadyn = shop.ground.start()
        shop.ground.until(lambda: "Connection refused" in shop.ground.log)
        assert hadyn.terminate() == 0
    finally:
        shop.cluster.up("kube-apiserver")


def test_what_served_last_serves_again_while_the_apiserver_is_away(shop: Shop) -> None:
    hadyn = shop.ground.run()
    shop.ground.until(lambda: shop.serves(1))
    hadyn.terminate()
    shop.cluster.down("kube-apiserver")
    try:
        hadyn = shop.ground.start()
        shop.ground.until(lambda: shop.ground.get(host=shop.host) == (200, "pod-1"))
        # What served last is a full state (docs/decisions/0008): ready, and said to be old.
        shop.ground.until(lambda: shop.ground.healthz() == (200, 200))
        shop.ground.until(lambda: "HAProxy serves what it did before" in shop.ground.log)
    finally:
        shop.cluster.up("kube-apiserver")
    shop.write(2)
    hadyn.wait_until_ready()
    shop.ground.until(lambda: shop.serves(2))
