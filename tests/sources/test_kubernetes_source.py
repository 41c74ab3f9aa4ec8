"""A whole cluster as a source, played by a server."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import NoCredentials, NotAllowed, NotKubernetes, NotServed
from hadyn.cluster.login import Login
from hadyn.errors import HadynError
from hadyn.model.changes import Changes
from hadyn.sources.kubernetes import KubernetesSource, Scope
from tests.cluster.apiserver import WAIT_SECONDS, ApiServer, Json

NETWORKING = "/apis/networking.k8s.io"
DISCOVERY = "/apis/discovery.k8s.io"
CLASSES = f"{NETWORKING}/v1/ingressclasses"
INGRESSES = f"{NETWORKING}/v1/ingresses"
SERVICES = "/api/v1/services"
SLICES = f"{DISCOVERY}/v1/endpointslices"
KINDS = (CLASSES, SERVICES, SLICES, INGRESSES)
EMPTY: Json = {"metadata": {"resourceVersion": "1"}, "items": []}


class Cluster:
    """A server that plays an apiserver, and the source that follows it."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self.kubeconfig = server.kubeconfig(folder)
        self.deliveries: queue.SimpleQueue[Changes] = queue.SimpleQueue()
        self.sources: list[KubernetesSource] = []

    def has_groups(self, networking: tuple[str, ...] = ("v1",), discovery: tuple[str, ...] = ("v1",)) -> None:
        for path, versions in ((NETWORKING, networking), (DISCOVERY, discovery)):
            self.server.will_answer(path, {"versions": [{"version": version} for version in versions]})

    def will_list(self, *paths: str) -> None:
        """Answer with an empty list and then a watch without events."""
        for path in paths:
            self.server.will_answer(path, EMPTY)
            self.server.will_stream(path)

    def follow(self, *namespaces: str) -> KubernetesSource:
        return self._following(Scope(namespaces))

    def follow_selected(self, namespace_selector: str) -> KubernetesSource:
        return self._following(Scope(namespace_selector=namespace_selector))

    def _following(self, scope: Scope) -> KubernetesSource:
        source = KubernetesSource(KubeApi(Login(self.kubeconfig)), scope)
        self.sources.append(source)
        source.start(self.deliveries.put)
        return source

    def delivered(self, count: int) -> list[str]:
        deliveries = [self.deliveries.get(timeout=WAIT_SECONDS) for _ in range(count)]
        assert all(each.is_complete and not each.is_operators_own for each in deliveries)
        return [each.source for each in deliveries]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ApiServer() as server:
        cluster = Cluster(server, tmp_path)
        yield cluster
        for source in cluster.sources:
            source.stop()


def test_nothing_is_delivered_before_everything_was_listed_and_routes_come_last(cluster: Cluster):
    cluster.has_groups()
    cluster.will_list(INGRESSES, SLICES, SERVICES)
    source = cluster.follow()
    cluster.server.asked(CLASSES)
    assert not source.wait(0.05)
    assert cluster.deliveries.empty()
    cluster.will_list(CLASSES)
    assert source.wait(WAIT_SECONDS)
    kinds = ["ingressclasses", "services", "endpointslices", "ingresses"]
    assert cluster.delivered(4) == [f"kubernetes/{kind}" for kind in kinds]
    assert [part.name for part in source.parts()] == [f"kubernetes/{kind}" for kind in kinds]


def test_what_changes_before_the_others_were_listed_waits_for_them(cluster: Cluster):
    cluster.has_groups()
    cluster.will_list(INGRESSES, SLICES)
    cluster.server.will_answer(SERVICES, EMPTY)
    stream = cluster.server.will_stream(SERVICES)
    source = cluster.follow()
    metadata = {"name": "web", "namespace": "shop", "resourceVersion": "2"}
    stream.send({"type": "ADDED", "object": {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {}}})
    cluster.will_list(CLASSES)
    assert source.wait(WAIT_SECONDS)
    sources = [cluster.deliveries.get(timeout=WAIT_SECONDS).source for _ in range(5)]
    assert sources.count("kubernetes/services") == 2


def test_only_namespaces_that_are_named_are_looked_into(cluster: Cluster):
    cluster.has_groups()
    for namespace in ("shop", "blog"):
        cluster.server.will_answer(f"/api/v1/namespaces/{namespace}", {})
        for path in (INGRESSES, SLICES, SERVICES):
            root, _, plural = path.rpartition("/")
            cluster.will_list(f"{root}/namespaces/{namespace}/{plural}")
    cluster.will_list(CLASSES)
    assert cluster.follow("shop", "blog", "shop").wait(WAIT_SECONDS)
    assert sorted(cluster.delivered(7)) == [
        "kubernetes/blog/endpointslices",
        "kubernetes/blog/ingresses",
        "kubernetes/blog/services",
        "kubernetes/ingressclasses",
        "kubernetes/shop/endpointslices",
        "kubernetes/shop/ingresses",
        "kubernetes/shop/services",
    ]


def test_namespaces_are_selected_by_their_labels_before_any_ingress_counts(cluster: Cluster):
    cluster.has_groups()
    cluster.will_list("/api/v1/namespaces", *KINDS)
    source = cluster.follow_selected("tier=front")
    assert source.wait(WAIT_SECONDS)
    assert cluster.server.asked("/api/v1/namespaces").query["labelSelector"] == "tier=front"
    assert "labelSelector" not in cluster.server.asked(INGRESSES).query
    assert cluster.delivered(5)[0] == "kubernetes/namespaces"


def test_whoever_may_only_look_into_namespaces_does_without_classes(cluster: Cluster):
    cluster.has_groups()
    cluster.server.will_answer("/api/v1/namespaces/shop", {}, 403)
    cluster.server.will_answer(CLASSES, {"code": 403, "message": "no"}, 403)
    cluster.will_list(
        "/api/v1/namespaces/shop/services",
        f"{DISCOVERY}/v1/namespaces/shop/endpointslices",
        f"{NETWORKING}/v1/namespaces/shop/ingresses",
    )
    assert cluster.follow("shop").wait(WAIT_SECONDS)
    assert cluster.delivered(3) == [f"kubernetes/shop/{kind}" for kind in ("services", "endpointslices", "ingresses")]


def test_an_old_cluster_is_read_by_its_older_kinds(cluster: Cluster):
    older = f"{NETWORKING}/v1beta1/ingresses"
    cluster.server.will_answer(NETWORKING, {"versions": [{"version": "v1beta1"}]})
    cluster.server.will_answer(NETWORKING, {"versions": [{"version": "v1beta1"}]})
    cluster.server.will_answer(DISCOVERY, {}, 404)
    cluster.will_list(older, SERVICES, "/api/v1/endpoints")
    source = cluster.follow()
    assert source.wait(WAIT_SECONDS)
    assert cluster.delivered(3) == ["kubernetes/services", "kubernetes/endpoints", "kubernetes/ingresses"]
    assert source.ingresses.api_version == "networking.k8s.io/v1beta1"


def test_a_server_that_does_not_say_what_it_serves_is_taken_for_a_present_one(cluster: Cluster):
    for path in (NETWORKING, DISCOVERY):
        cluster.server.will_answer(path, {"message": "no discovery"}, 403)
    cluster.will_list(*KINDS)
    assert cluster.follow().wait(WAIT_SECONDS)


@pytest.mark.parametrize(("status", "sort"), [(401, NoCredentials), (403, NotAllowed), (404, NotServed)])
def test_a_refusal_of_an_apiserver_that_is_ready_ends_the_start(cluster: Cluster, status: int, sort: type[HadynError]):
    cluster.has_groups()
    cluster.will_list(INGRESSES, SLICES, CLASSES)
    for _ in range(2):
        cluster.server.will_answer(SERVICES, {"code": status}, status)
        cluster.server.will_answer("/readyz", b"ok")
    source = cluster.follow()
    with pytest.raises(sort):
        source.wait(WAIT_SECONDS)
    assert cluster.deliveries.empty()


def test_an_apiserver_that_comes_up_may_refuse_first(cluster: Cluster):
    cluster.has_groups()
    cluster.will_list(INGRESSES, SLICES, CLASSES)
    cluster.server.will_answer(SERVICES, {"code": 403}, 403)
    cluster.server.will_answer("/readyz", b"not yet", 500)
    cluster.will_list(SERVICES)
    assert cluster.follow().wait(WAIT_SECONDS)


def test_an_apiserver_that_fails_at_first_is_waited_for(cluster: Cluster):
    cluster.server.will_answer(NETWORKING, b"warming up", 503)
    cluster.has_groups()
    cluster.will_list(*KINDS)
    assert cluster.follow().wait(WAIT_SECONDS)


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"", b'{"ok": true}'])
def test_a_server_that_is_no_apiserver_ends_the_start(cluster: Cluster, body: bytes):
    cluster.server.will_answer(NETWORKING, body)
    with pytest.raises(NotKubernetes):
        cluster.follow().wait(WAIT_SECONDS)


def test_a_source_that_waits_can_be_stopped(cluster: Cluster):
    source = cluster.follow()
    cluster.server.asked(NETWORKING)
    cluster.server.will_answer(NETWORKING, b"", 503)
    source.stop()
    assert cluster.deliveries.empty()
