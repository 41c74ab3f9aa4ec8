"""Hosts whose TLS goes to the pods as it is: what the maps say of them, and what their backends are."""

from __future__ import annotations

import pytest

from hadyn.model.desired import MapName
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from hadyn.model.route_entries import entries
from hadyn.planner.map_entries import plan_entries
from tests.given import changes, ingress, service

PASSING = {"hadyn.io/ssl-passthrough": "true"}


def stocked(*objects):
    inventory = Inventory(Policy())
    inventory.apply(changes(*objects, service("shop", "web"), service("shop", "vault")))
    return inventory


def passing(inventory, host="a.example"):
    found = entries(inventory.routes(host))
    return {key[1]: value for key, value in found.items() if key[0] is MapName.PASSTHROUGH}


@pytest.mark.parametrize(
    "annotation",
    [
        "hadyn.io/ssl-passthrough",
        "nginx.ingress.kubernetes.io/ssl-passthrough",
        "haproxy-ingress.github.io/ssl-passthrough",
        "haproxy.org/ssl-passthrough",
    ],
)
def test_connections_for_its_host_lead_to_a_backend_in_tcp_mode(annotation):
    inventory = stocked(ingress("shop", "vault", annotations={annotation: "true"}))

    assert passing(inventory) == {"a.example": "shop_vault_80"}
    assert "mode tcp" in map(str, inventory.backend("shop_vault_80").directives)
    assert inventory.problems() == ()


def test_no_request_over_http_reaches_its_backend():
    found = entries(stocked(ingress("shop", "vault", annotations=PASSING)).routes("a.example"))

    assert found[MapName.PREFIX, "a.example/"].startswith("_503|")


def test_an_ingress_that_says_no_is_like_all_others():
    inventory = stocked(ingress("shop", "vault", annotations={"hadyn.io/ssl-passthrough": "false"}))

    assert passing(inventory) == {}
    assert inventory.backend("shop_vault_80").directives == ()
    assert not inventory.certificates.has_passthrough


def test_the_host_of_another_namespace_cannot_be_taken():
    inventory = stocked(
        ingress("shop", "web", created="2026-01-01T00:00:00Z"),
        ingress("other", "vault", annotations=PASSING, created="2026-02-01T00:00:00Z"),
        service("other", "vault"),
    )

    assert passing(inventory) == {}


def test_the_main_file_is_touched_by_the_first_and_by_the_last_of_them():
    inventory = stocked(ingress("shop", "web", host="b.example"))
    steps = [
        inventory.apply(changes(ingress("shop", "vault", annotations=PASSING))),
        inventory.apply(changes(ingress("shop", "more", host="c.example", service="vault", annotations=PASSING))),
        inventory.apply(changes(deletes=(ObjectRef("Ingress", "shop", "vault"),))),
        inventory.apply(changes(deletes=(ObjectRef("Ingress", "shop", "more"),))),
    ]

    assert [touched.main_file for touched in steps] == [True, False, False, True]


def test_a_connection_waits_for_its_backend_as_a_request_does():
    wanted = {(MapName.PASSTHROUGH, "a.example"): "shop_vault_80"}

    assert plan_entries(wanted, {}, {"shop_web_80"}) == ()
    assert list(map(str, plan_entries(wanted, {}, {"shop_vault_80"}))) == [
        "add map passthrough.map a.example shop_vault_80"
    ]
    assert list(map(str, plan_entries(dict.fromkeys(wanted), wanted, set()))) == ["del map passthrough.map a.example"]


TWO_PORTS = [{"name": "https", "port": 443}, {"name": "http", "port": 80}]


def with_plain(port, **more):
    inventory = Inventory(Policy())
    said = PASSING | {"hadyn.io/ssl-passthrough-http-port": port}
    leading = ingress("shop", "both", port=443, annotations=said, **more)
    inventory.apply(changes(service("shop", "both", ports=TWO_PORTS), leading))
    return inventory


@pytest.mark.parametrize("port", ["80", "http"])
def test_requests_without_tls_go_to_the_port_that_is_said_for_them(port):
    inventory = with_plain(port)
    assert passing(inventory) == {"a.example": "shop_both_443"}
    assert entries(inventory.routes("a.example"))[MapName.PREFIX, "a.example/"] == "shop_both_80"
    assert "mode tcp" in map(str, inventory.backend("shop_both_443").directives)
    assert inventory.backend("shop_both_80").directives == ()
    assert inventory.problems() == ()


@pytest.mark.parametrize(("port", "said"), [("81", "has no port 81"), ("443", "is where TLS goes")])
def test_a_port_that_cannot_have_requests_without_tls_is_told(port, said):
    inventory = with_plain(port)
    (problem,) = inventory.problems()
    assert said in problem.said
    assert entries(inventory.routes("a.example"))[MapName.PREFIX, "a.example/"].startswith("_503")
