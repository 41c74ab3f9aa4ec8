"""HAProxy lets a pod have its replica's part of the requests, and another one when replicas come."""

from __future__ import annotations

from hadyn.demo.pods import Pods
from integration.deployments import started
from integration.manifests import slice_
from integration.running import Ground

SLIM = 6
"""The column of ``show stat`` with the limit of a slot."""


def limits(ground: Ground, backend: str) -> set[str]:
    _, *rows = ground.say(f"show stat {backend} 4 -1").strip().split("\n")
    return {row.split(",")[SLIM] for row in rows}


def tell_of_replicas(ground: Ground, count: int) -> None:
    ips = [f"10.99.0.{number}" for number in range(1, count + 1)]
    ground.write("peers.yaml", slice_("peers", *ips, port=10000, namespace="hadyn"))


def test_a_pod_gets_fewer_requests_from_each_replica_the_more_there_are(any_ground: Ground, pods: Pods) -> None:
    web = started(any_ground, pods, "web", 1, maxconn_server="10", maxconn_divided="true")
    tell_of_replicas(any_ground, 2)
    any_ground.run("--peers-service", "hadyn/peers", "--reload-interval", "100ms")
    any_ground.until(web.serves)
    of_two = limits(any_ground, web.backend)
    tell_of_replicas(any_ground, 4)
    any_ground.until(lambda: limits(any_ground, web.backend) == {"3"})

    assert of_two == {"5"}
    assert any_ground.problems() == []
