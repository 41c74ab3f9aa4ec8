"""Where clients reach HAProxy, as a cluster knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hadyn.announce.whereabouts import NODE_SECONDS, NodeWhereabouts, addresses_of, nodes_of
from hadyn.cluster.api import KubeApi
from tests.cluster.apiserver import ApiServer, Json

PODS = "/api/v1/namespaces/hadyn/pods"
NODES = "/api/v1/nodes"


def pod(node: str = "", ready: str = "True") -> Json:
    return {"spec": {"nodeName": node}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def node(**addresses: str) -> Json:
    listed = [{"type": kind, "address": address} for kind, address in addresses.items()]
    return {"status": {"addresses": listed}}


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture
def api(server: ApiServer, tmp_path: Path) -> KubeApi:
    return server.api(tmp_path)


def test_only_nodes_of_ready_pods_count_each_once():
    pods = [pod("a"), pod("a"), pod("b", ready="False"), pod(), pod("c"), {"spec": {}, "status": {}}]
    assert nodes_of(encoded({"items": pods})) == {"a", "c"}


@pytest.mark.parametrize(
    ("listed", "addresses"),
    [
        pytest.param({"InternalIP": "10.0.0.1", "ExternalIP": "192.0.2.1"}, ("192.0.2.1",), id="external ones first"),
        pytest.param({"InternalIP": "10.0.0.1", "Hostname": "a"}, ("10.0.0.1",), id="else internal ones"),
        pytest.param({"Hostname": "a"}, (), id="a name is no address"),
    ],
)
def test_the_best_addresses_of_a_node_are_published(listed: dict[str, str], addresses: tuple[str, ...]):
    assert addresses_of(encoded(node(**listed))) == addresses


def test_nodes_are_asked_for_once_in_a_while_and_pods_each_time(server: ApiServer, api: KubeApi):
    where = NodeWhereabouts("hadyn", "app=hadyn")
    server.will_answer(PODS, {"items": [pod("b"), pod("a")]})
    server.will_answer(f"{NODES}/a", node(InternalIP="10.0.0.10"))
    server.will_answer(f"{NODES}/b", node(InternalIP="10.0.0.9"))
    assert where.addresses(api, 0.0) == ("10.0.0.9", "10.0.0.10")
    assert server.asked(PODS).query == {"labelSelector": "app=hadyn"}

    server.will_answer(PODS, {"items": [pod("a")]})
    assert where.addresses(api, 10.0) == ("10.0.0.10",)

    server.will_answer(PODS, {"items": [pod("a")]})
    server.will_answer(f"{NODES}/a", node(InternalIP="10.0.0.11"))
    assert where.addresses(api, NODE_SECONDS) == ("10.0.0.11",)


def test_a_node_that_is_gone_has_no_address(server: ApiServer, api: KubeApi):
    server.will_answer(PODS, {"items": [pod("a")]})
    server.will_answer(f"{NODES}/a", {"code": 404}, 404)
    assert NodeWhereabouts("hadyn", "app=hadyn").addresses(api, 0.0) == ()
