"""What a Backend of hadyn asks for; parts of it that do not go together are named, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from hadyn.model.desired import ByName
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType, Remark, Resolved, ResolvedName, ResolvedRecord
from tests import given
from tests.model.looks import addresses, complaints, inventory

PATH = {"path": "/", "pathType": "Prefix", "backend": given.resource_of("api")}
ROUTE = given.ingress("default", "api", rules=[{"host": "a.example", "http": {"paths": [PATH]}}])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"discovery": None, "host": "api.example"}, "spec.discovery: nothing is not one of static, dns, fqdn"),
        ({"discovery": "consul", "host": "api.example"}, "spec.discovery: 'consul' is not one of static, dns, fqdn"),
        ({"discovery": "static", "host": "api.example"}, "spec.host: nobody asks for the host with discovery static"),
    ],
)
def test_a_host_that_nobody_asks_for_is_a_problem_that_says_how_to_ask(spec: dict[str, Any], said: str) -> None:
    shown = inventory(ROUTE, given.backend("default", "api", **spec))
    assert complaints(shown) == [f"backend default/api: {said}"]
    assert "dns" in shown.problems()[0].remedy


@pytest.mark.parametrize("discovery", ["dns", "fqdn"])
def test_addresses_beside_a_host_are_a_problem_and_not_used(discovery: str) -> None:
    api = given.backend("default", "api", discovery=discovery, host="api.example", port=80, addresses=["10.0.0.1:80"])
    shown = inventory(ROUTE, api)
    assert complaints(shown) == [
        "backend default/api: spec.addresses: addresses count with discovery static alone: DNS says them"
    ]
    assert addresses(shown.backend("default_api")) == []


@pytest.mark.parametrize(("family", "types"), [("both", ["A", "AAAA"]), ("ipv4", ["A"]), ("ipv6", ["AAAA"])])
def test_addresses_are_asked_for_in_the_family_that_is_wanted(family: str, types: list[str]) -> None:
    api = given.backend("default", "api", discovery="dns", host="api.example", port=80)
    shown = inventory(ROUTE, api, dns_family=family)
    assert sorted(each.type for each in shown.taken_name_changes().added) == types


def test_a_name_left_to_haproxy_is_judged_in_both_families_though_it_prefers_one() -> None:
    api = given.backend("default", "api", discovery="fqdn", host="api.example", port=80)
    shown = inventory(ROUTE, api, dns_family="ipv6")
    assert sorted(each.type for each in shown.taken_name_changes().added) == ["A", "AAAA"]
    found = shown.backend("default_api")
    assert found is not None
    assert found.by_name == ByName("api.example", 80, prefers_ipv6=True)


def test_what_is_wrong_with_all_types_of_a_name_is_said_once() -> None:
    api = given.backend("default", "api", discovery="dns", host="api.example", port=80)
    shown = inventory(ROUTE, api)

    def told(**said: str) -> list[str]:
        """What is wrong when DNS has this to say of A and AAAA records."""
        names = [
            ResolvedName(
                DnsQuestion("api.example", RecordType(kind)),
                remarks=(Remark(Reason.NOT_RESOLVED, f"api.example {kind} {words}", "Correct it"),),
            )
            for kind, words in said.items()
        ]
        shown.resolve(Resolved(tuple(names)))
        return complaints(shown)

    assert told(A="does not exist") == ["backend default/api: spec.host: api.example A does not exist"]
    assert told(AAAA="does not exist") == ["backend default/api: spec.host: api.example does not exist"]
    assert told(AAAA="got SERVFAIL") == [
        "backend default/api: spec.host: api.example A does not exist",
        "backend default/api: spec.host: api.example AAAA got SERVFAIL",
    ]


def test_a_name_that_several_backends_share_is_asked_for_as_long_as_one_of_them_is_there() -> None:
    def named(name: str) -> list[KubernetesObject]:
        path = PATH | {"backend": given.resource_of(name)}
        rules = [{"host": f"{name}.example", "http": {"paths": [path]}}]
        api = given.backend("default", name, discovery="dns", host="api.example.", port=80)
        return [api, given.ingress("default", name, rules=rules)]

    one, other = named("one"), named("other")
    shown = inventory(*one)
    assert len(shown.taken_name_changes().added) == 2
    shown.apply(given.changes(*other))
    assert shown.taken_name_changes() == (frozenset(), frozenset())
    shown.apply(given.changes(deletes=[each.ref for each in one]))
    assert shown.taken_name_changes() == (frozenset(), frozenset())
    shown.apply(given.changes(deletes=[each.ref for each in other]))
    assert len(shown.taken_name_changes().dropped) == 2


@pytest.mark.parametrize(
    ("count", "said"), [(2, []), (3, ["api.example has 3 addresses, the backend may have 2 slots"])]
)
def test_as_many_addresses_as_slots_are_no_problem(count: int, said: list[str]) -> None:
    annotations = {"hadyn.io/slots": "2", "hadyn.io/slots-max": "2"}
    api = given.backend("default", "api", discovery="fqdn", host="api.example", port=80, annotations=annotations)
    shown = inventory(ROUTE, api)
    records = tuple(ResolvedRecord(f"10.0.0.{number}") for number in range(1, count + 1))
    shown.resolve(Resolved((ResolvedName(DnsQuestion("api.example.", RecordType.A), records),)))
    assert complaints(shown) == [f"backend default/api: spec.host: {each}" for each in said]
