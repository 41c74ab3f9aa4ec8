"""Certificates beside a HAProxy that somebody else starts, and out of a real cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.handshakes import Shaking, served
from integration.haproxies import free_port
from integration.sidecars import SidecarGround
from integration.test_certificates import SHOP, prepared, secret_of, serves, write_site
from tests.pairs import pair

pytestmark = pytest.mark.root

OWN = "hadyn default certificate"


@pytest.fixture
def beside(pods: Pods) -> Iterator[SidecarGround]:
    with SidecarGround() as ground:
        prepared(ground, pods)
        yield ground
    print(ground.said)


@pytest.fixture
def following(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        ground.https_port = free_port()
        yield ground
    print(ground.said)


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    with Namespace(cluster, "certificates") as namespace:
        cluster.apply(namespace.bare_service("web"))
        yield namespace


def test_a_sidecar_begins_with_a_certificate_and_gets_the_others_live(beside: SidecarGround) -> None:
    beside.bootstrap()
    beside.start_haproxy()
    first = served(beside.https_port, SHOP)
    beside.run()
    beside.until(lambda: serves(beside, SHOP, pair(SHOP)))
    write_site(beside, "late", ["late.example"], pair("late.example"))
    beside.until(lambda: serves(beside, "late.example", pair("late.example")))
    reloads = beside.reloads()

    beside.end_hadyn()
    beside.end_haproxy()
    beside.start_haproxy()
    again = served(beside.https_port, SHOP), served(beside.https_port, "late.example")

    assert first == OWN
    assert set(reloads) <= {"NEW_BACKEND"}
    assert again == (SHOP, "late.example")


def test_a_secret_of_a_cluster_is_served_renewed_and_missed(shop: Namespace, following: ClusterGround) -> None:
    host = f"web.{shop.name}.example"
    ingress = shop.ingress("web", host)
    ingress["spec"]["tls"] = [{"hosts": [host], "secretName": "web-tls"}]
    shop.cluster.apply(ingress, secret_of(shop.name, "web-tls", pair(host)))
    following.run()
    following.until(lambda: serves(following, host, pair(host)))

    with Shaking(following.https_port, host) as hands:
        shop.cluster.apply(secret_of(shop.name, "web-tls", pair(host, issue=2)))
        following.until(lambda: serves(following, host, pair(host, issue=2)))

    assert hands.failures == 0
    assert hands.seen.keys() <= {pair(host).fingerprint, pair(host, issue=2).fingerprint}
    assert following.reloads() == {}
