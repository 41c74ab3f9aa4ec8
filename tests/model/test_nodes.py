"""Services that are reached on every node of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from hadyn.model.addresses import Address
from hadyn.model.changes import Changes
from hadyn.model.desired import Discovery
from hadyn.model.inventory import Inventory
from hadyn.model.objects import Node
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from tests import given
from tests.model.looks import addresses, cluster, complaints, inventory, reasons

INGRESS = given.ingress("shop", "web")
ALL = ObjectRef(Node.kind, "", "")
BY_NODES = {"hadyn.io/discovery": "nodes"}


def node_port(port: Any = 30080, **spec: Any) -> Any:
    ports = [{"port": 80, "nodePort": port}]
    return given.service("shop", "web", type="NodePort", ports=ports, annotations=BY_NODES, **spec)


def seats(shown: Inventory) -> list[str]:
    return addresses(shown.backend("shop_web_80"))


def test_the_port_of_a_service_is_reached_on_every_node():
    shown = cluster(node_port(), INGRESS, given.node("b", "10.0.0.2"), given.node("a", "10.0.0.1"))
    assert seats(shown) == ["10.0.0.1:30080", "10.0.0.2:30080"]
    found = shown.backend("shop_web_80")
    assert (found.discovery, [each.name for each in found.endpoints]) == (Discovery.NODES, ["a", "b"])
    assert complaints(shown) == []


def test_nodes_come_and_go_and_touch_the_backends_that_are_reached_by_them_alone():
    shown = cluster(
        node_port(), INGRESS, given.service("shop", "api"), given.ingress("shop", "api", host="api.example")
    )
    assert not shown.backend("shop_web_80").knows_endpoints
    node = given.node("a", "10.0.0.1")
    assert shown.apply(given.changes(node, source="kubernetes")).backends == {"shop_web_80"}
    assert seats(shown) == ["10.0.0.1:30080"]
    gone = Changes("kubernetes", deletes=(node.ref,))
    assert shown.apply(gone).backends == {"shop_web_80"}
    assert not shown.backend("shop_web_80").knows_endpoints


def test_a_node_that_is_not_ready_takes_no_requests_while_another_is():
    broken, whole = given.node("a", "10.0.0.1", ready="False"), given.node("b", "10.0.0.2")
    assert seats(cluster(node_port(), INGRESS, broken, whole)) == ["10.0.0.2:30080"]
    assert seats(cluster(node_port(), INGRESS, broken, given.node("b", "10.0.0.2", ready="Unknown"))) == [
        "10.0.0.1:30080",
        "10.0.0.2:30080",
    ]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([("Hostname", "a"), ("ExternalIP", "192.0.2.1"), ("InternalIP", "10.0.0.1")], ["10.0.0.1:30080"]),
        ([("Hostname", "a"), ("ExternalIP", "192.0.2.1")], ["192.0.2.1:30080"]),
        ([("InternalIP", "fd00::1"), ("InternalIP", "10.0.0.1")], ["[fd00::1]:30080"]),
        ([("InternalIP", "169.254.1.1"), ("InternalIP", "10.0.0.1")], ["10.0.0.1:30080"]),
        ([("InternalIP", "127.0.0.1")], []),
        ([("InternalIP", "10.0.0.9")], []),
        ([("InternalIP", "10.0.0.1;x"), ("Hostname", "a")], []),
        ([], []),
    ],
)
def test_a_node_has_one_address_the_best_that_it_names(listed, expected):
    node = given.node("a", addresses=listed)
    own = frozenset({Address("10.0.0.9", 30080)})
    assert seats(cluster(node_port(), INGRESS, node, own_addresses=own)) == expected


def test_nodes_that_name_one_address_are_one_endpoint():
    shown = cluster(node_port(), INGRESS, given.node("b", "10.0.0.1"), given.node("a", "10.0.0.1", ready="False"))
    assert [each.name for each in shown.backend("shop_web_80").endpoints] == ["b"]


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        (node_port(None), "InvalidValue"),
        (node_port(True), "InvalidValue"),
        (node_port(65536), "InvalidValue"),
        (node_port(externalTrafficPolicy="Local"), "NotSupported"),
    ],
)
def test_a_service_that_nodes_cannot_be_asked_for_is_served_by_its_endpoints(service, reason):
    listing = given.slice_("shop", "web", "10.0.1.1", port=8080)
    shown = cluster(service, INGRESS, listing, given.node("a", "10.0.0.1"))
    assert (seats(shown), reasons(shown)) == (["10.0.1.1:8080"], [reason])


def test_nodes_are_asked_for_while_a_service_is_reached_by_them():
    shown = Inventory(Policy(), secrets_are_brought=True)
    shown.apply(given.changes(node_port(), INGRESS, source="kubernetes", is_operators_own=False))
    assert shown.secrets.taken_changes().added == {ALL}
    assert shown.secrets.awaits_answers
    shown.apply(Changes("kubernetes/nodes", (given.node("a", "10.0.0.1"),), (ALL,)))
    assert not shown.secrets.awaits_answers
    shown.apply(given.changes(given.service("shop", "web"), source="kubernetes", is_operators_own=False))
    assert shown.secrets.taken_changes().dropped == {ALL}


def test_a_missing_right_to_nodes_is_a_problem_of_the_service():
    shown = cluster(node_port(), INGRESS)
    refusal = Problem(ALL, "", Reason.NOT_ALLOWED, "the account may not list nodes", "Add a rule")
    shown.apply(Changes("kubernetes/nodes", problems=(refusal,)))
    field = "metadata.annotations[hadyn.io/discovery]"
    assert complaints(shown) == [f"service shop/web: {field}: nodes cannot be read: the account may not list nodes"]


def test_no_node_at_all_is_said_of_the_service_once_that_is_known():
    folder = inventory(node_port(), INGRESS)
    field = "metadata.annotations[hadyn.io/discovery]"
    said = [f"service shop/web: {field}: no node is known, so no request gets anywhere"]
    assert complaints(folder) == said
    folder.apply(given.changes(given.node("a", "10.0.0.1")))
    assert complaints(folder) == []

    brought = Inventory(Policy(), secrets_are_brought=True)
    brought.apply(given.changes(node_port(), INGRESS, source="kubernetes", is_operators_own=False))
    assert complaints(brought) == []
    brought.apply(Changes("kubernetes/nodes", deletes=(ALL,)))
    assert complaints(brought) == said
