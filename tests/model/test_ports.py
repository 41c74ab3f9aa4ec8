"""Ports of their own for Services without HTTP: who has one, where it leads, what its backend is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.route_entries import entries
from tests.given import backend_of, changes, config_map, ingress, rule, service, tls

PORT = "hadyn.io/tcp-service-port"
OWN = Policy(own_addresses=frozenset({Address("127.0.0.1", 8443)}))


def stocked(*objects, policy=OWN):
    inventory = Inventory(policy)
    inventory.apply(changes(*objects, service("shop", "db"), service("shop", "web")))
    return inventory


def of_port(name, port="5432", *, to="db", **more):
    annotations = {PORT: port, **more.pop("annotations", {})}
    return ingress("shop", name, rules=[], default=backend_of(to), annotations=annotations, **more)


def leading(inventory):
    return {
        key: value
        for host in inventory.hosts()
        for (name, key), value in entries(inventory.routes(host)).items()
        if name is MapName.PORTS
    }


def said(inventory):
    return [(problem.object.name, problem.field, problem.reason.value) for problem in inventory.problems()]


@pytest.mark.parametrize(
    "annotation", [PORT, "haproxy-ingress.github.io/tcp-service-port", "ingress.kubernetes.io/tcp-service-port"]
)
def test_a_port_leads_to_a_backend_in_tcp_mode(annotation):
    inventory = stocked(ingress("shop", "db", host=None, annotations={annotation: "5432"}))

    assert leading(inventory) == {":5432": "shop_db_80_tcp"}
    assert [str(line) for line in inventory.backend("shop_db_80_tcp").directives] == ["mode tcp"]
    assert [port.number for port in inventory.main_wish.ports] == [5432]
    assert said(inventory) == []


def test_an_ingress_for_a_port_has_no_host_and_no_catch_all():
    inventory = stocked(of_port("db"), ingress("shop", "web"))
    assert inventory.hosts() == {":5432", "a.example"}


def test_a_port_is_given_up_with_its_ingress_and_follows_its_target():
    inventory = stocked(of_port("db"))
    inventory.apply(changes(of_port("db", to="web")))
    assert leading(inventory) == {":5432": "shop_web_80_tcp"}
    assert inventory.backend("shop_db_80_tcp") is None

    inventory.apply(changes(deletes=(of_port("db").ref,)))
    assert leading(inventory) == {}
    assert inventory.main_wish.ports == ()


def test_the_oldest_has_a_port_whichever_namespace_it_is_in_and_the_next_has_it_after():
    older, younger = of_port("older", created="2026-01-01T00:00:00Z"), of_port("younger", to="web")
    inventory = stocked(younger, older)
    assert leading(inventory) == {":5432": "shop_db_80_tcp"}
    assert said(inventory) == [("younger", f"metadata.annotations[{PORT}]", "Claimed")]

    inventory.apply(changes(deletes=(older.ref,)))
    assert leading(inventory) == {":5432": "shop_web_80_tcp"}
    assert said(inventory) == []


def test_a_port_of_hadyns_own_is_refused():
    inventory = stocked(of_port("db", "8443"))
    assert leading(inventory) == {}
    assert inventory.main_wish.ports == ()
    assert said(inventory) == [("db", f"metadata.annotations[{PORT}]", "NotAllowed")]


def test_a_port_without_service_listens_and_leads_nowhere_until_it_comes():
    inventory = stocked(of_port("db", to="late"))
    assert leading(inventory) == {}
    assert len(inventory.main_wish.ports) == 1
    assert said(inventory) == [("db", "spec.defaultBackend", "NotFound")]

    inventory.apply(changes(service("shop", "late")))
    assert leading(inventory) == {":5432": "shop_late_80_tcp"}
    assert said(inventory) == []


def test_what_an_ingress_for_a_port_says_of_hosts_targets_and_tls_is_named():
    objects = ingress(
        "shop",
        "db",
        rules=[rule("db.example", "/", "db"), rule("db.example", "/web", "web")],
        annotations={PORT: "5432"},
        tls=[tls("cert", "db.example")],
    )
    inventory = stocked(objects)
    assert leading(inventory) == {":5432": "shop_db_80_tcp"}
    fields = {field for _, field, reason in said(inventory) if reason == "NotSupported"}
    assert fields == {"spec", "spec.tls", "spec.rules[0].host"}


@pytest.mark.parametrize("value", ["0", "65536", "http", "-1", " 80", "8e3", "\uff18\uff10"])
def test_what_is_no_port_is_a_fault_and_the_ingress_is_about_http(value):
    inventory = stocked(of_port("db", value))
    assert leading(inventory) == {}
    assert said(inventory) == [("db", f"metadata.annotations[{PORT}]", "InvalidValue")]


@pytest.mark.parametrize("value", ["%[src]", "%ST", "a\nb", "%", "%cix", "%{+Q}ci", ""])
def test_a_log_format_that_haproxy_could_refuse_is_a_fault(value):
    inventory = stocked(of_port("db", annotations={"hadyn.io/tcp-service-log-format": value}))
    assert said(inventory) == [("db", "metadata.annotations[hadyn.io/tcp-service-log-format]", "InvalidValue")]


def test_the_lines_of_a_backend_that_are_about_requests_are_left_out_on_its_port_alone():
    annotations = {"hadyn.io/response-set-headers": "X-A: b", "hadyn.io/backend-protocol": "h2", PORT: "5432"}
    of_web = {name: value for name, value in annotations.items() if name != PORT}
    inventory = stocked(
        ingress("shop", "port", host=None, service="db", annotations=annotations),
        ingress("shop", "web", service="db", annotations=of_web),
    )
    of_connections, of_requests = inventory.backend("shop_db_80_tcp"), inventory.backend("shop_db_80")
    assert [str(line) for line in of_connections.directives] == ["mode tcp"]
    assert of_connections.server_directives == ()
    assert [line.words[0] for line in of_requests.directives] == ["http-response"]
    assert [str(line) for line in of_requests.server_directives] == ["proto h2"]


LIST = "hadyn/ports"
LISTED = Policy(own_addresses=OWN.own_addresses, tcp_services_configmap=LIST)


def list_of(created=None, **entries):
    listed = config_map("hadyn", "ports", **{key.removeprefix("port"): value for key, value in entries.items()})
    return replace(listed, created=created) if created else listed


def test_a_list_of_the_operator_leads_ports_to_services_of_any_namespace():
    listed = list_of(port5432="shop/db:80", port5433="blog/db:http:PROXY", port5434="shop/web:80::")
    inventory = stocked(listed, service("blog", "db", ports=[{"port": 81, "name": "http"}]), policy=LISTED)

    assert leading(inventory) == {
        ":5432": "shop_db_80_tcp",
        ":5433": "blog_db_81_tcp",
        ":5434": "shop_web_80_tcp",
    }
    assert [(port.number, port.takes_header) for port in inventory.main_wish.ports] == [
        (5432, False),
        (5433, True),
        (5434, False),
    ]
    assert said(inventory) == []
    assert inventory.ingress_count() == 0


def test_a_list_that_changes_or_goes_gives_its_ports_up_and_another_list_is_nobodys():
    inventory = stocked(list_of(port5432="shop/db:80", port5433="shop/web:80"), policy=LISTED)
    inventory.apply(changes(list_of(port5432="shop/web:80"), config_map("shop", "ports", **{"5434": "shop/db:80"})))
    assert leading(inventory) == {":5432": "shop_web_80_tcp"}

    inventory.apply(changes(deletes=(list_of().ref,)))
    assert leading(inventory) == {}
    assert inventory.main_wish.ports == ()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"port0": "shop/db:80"}, "InvalidValue"),
        ({"port65536": "shop/db:80"}, "InvalidValue"),
        ({"portx": "shop/db:80"}, "InvalidValue"),
        ({"port5432": ""}, "InvalidValue"),
        ({"port5432": "db:80"}, "InvalidValue"),
        ({"port5432": "shop/db"}, "InvalidValue"),
        ({"port5432": "shop/d b:80"}, "InvalidValue"),
        ({"port5432": "shop/db:80:PROXY:PROXY"}, "NotSupported"),
        ({"port5432": "shop/db:80:ssl"}, "NotSupported"),
        ({"port8443": "shop/db:80"}, "NotAllowed"),
        ({"port5432": "shop/late:80"}, "NotFound"),
    ],
)
def test_what_is_wrong_with_an_entry_is_a_problem_of_the_list(entry, reason):
    inventory = stocked(list_of(**entry), policy=LISTED)
    assert leading(inventory) == {}
    (number,) = (key.removeprefix("port") for key in entry)
    assert said(inventory) == [("ports", f"data[{number}]", reason)]


def test_list_and_ingress_who_want_one_port_are_told_apart_by_age():
    old, young = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    inventory = stocked(list_of(young, port5432="shop/web:80"), of_port("db", created=old), policy=LISTED)
    assert leading(inventory) == {":5432": "shop_db_80_tcp"}
    assert said(inventory) == [("ports", "data[5432]", "Claimed")]

    inventory.apply(changes(of_port("db", created=young), list_of(old, port5432="shop/web:80")))
    assert leading(inventory) == {":5432": "shop_web_80_tcp"}
    assert said(inventory) == [("db", f"metadata.annotations[{PORT}]", "Claimed")]


def test_pods_that_speak_no_http_are_said_so_with_a_port_alone():
    annotations = {"hadyn.io/backend-protocol": "tcp"}
    inventory = stocked(of_port("db", annotations=annotations), ingress("shop", "web", annotations=annotations))
    assert inventory.backend("shop_db_80_tcp").server_directives == ()
    assert said(inventory) == [("web", "metadata.annotations[hadyn.io/backend-protocol]", "NotSupported")]
