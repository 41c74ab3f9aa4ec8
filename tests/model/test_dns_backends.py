"""Backends filled from DNS: which names are asked for, what their answers come to."""

from __future__ import annotations

from typing import Any

import pytest

from hadyn.model.addresses import Address
from hadyn.model.desired import ByName, Discovery
from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType, Remark, ResolvedName, ResolvedRecord
from tests import given
from tests.model.looks import (
    addresses,
    asked,
    by_name,
    cluster,
    complaints,
    external,
    inventory,
    reasons,
    resolve,
    to_api,
)

WEB = "web.shop.svc.cluster.local."
HEADLESS = given.service("shop", "web", clusterIP="None")
INGRESS = given.ingress("shop", "web")
API = given.backend("default", "api", discovery="dns", host="Api.Service.Example", port=8080)


def answer(name: str, *records: Any, kind: str = "A", remarks: tuple[Remark, ...] = ()) -> ResolvedName:
    """What DNS says: addresses, or records; None alone for nothing known."""
    made = tuple(ResolvedRecord(each) if isinstance(each, str) else each for each in records)
    return ResolvedName(DnsQuestion(name, RecordType(kind)), None if records == (None,) else made, remarks)


def test_a_headless_service_of_a_cluster_asks_for_its_name():
    assert asked(cluster(HEADLESS, INGRESS)) == [f"{WEB} A", f"{WEB} AAAA"]


def test_a_named_port_is_asked_for_as_a_service():
    headless = given.service("shop", "web", ports=[{"name": "HTTP", "port": 80, "targetPort": "web"}], clusterIP="None")
    assert asked(cluster(headless, INGRESS)) == [f"_http._tcp.{WEB} SRV"]


@pytest.mark.parametrize(
    ("port", "used"),
    [({"port": 80}, 80), ({"port": 80, "targetPort": 8080}, 8080), ({"port": 80, "targetPort": "web"}, 80)],
)
def test_addresses_of_a_headless_service_get_the_port_of_its_pods(port, used):
    shown = cluster(given.service("shop", "web", ports=[port], clusterIP="None"), INGRESS)
    resolve(shown, answer(WEB, "10.0.0.1"))
    assert addresses(shown.backend("shop_web_80")) == [f"10.0.0.1:{used}"]


def test_the_cluster_domain_can_be_another():
    assert asked(cluster(HEADLESS, INGRESS, cluster_domain="k8s.example"))[0] == "web.shop.svc.k8s.example. A"


def test_a_flag_says_that_headless_services_use_their_endpoints():
    shown = cluster(HEADLESS, INGRESS, given.slice_("shop", "web", "10.0.0.1"), headless="endpoints")
    assert (asked(shown), addresses(shown.backend("shop_web_80"))) == ([], ["10.0.0.1:80"])


def test_endpoints_in_the_operators_own_folder_are_meant():
    shown = inventory(HEADLESS, INGRESS)
    assert len(asked(shown)) == 2
    shown.apply(given.changes(given.slice_("shop", "web", "10.0.0.1")))
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]
    assert len(shown.taken_name_changes().dropped) == 2
    shown.apply(given.changes(deletes=(given.slice_("shop", "web").ref,)))
    assert len(asked(shown)) == 2


def test_where_endpoint_slices_are_not_read_dns_and_cluster_ips_stand_in():
    headless, usual = (
        cluster(each, INGRESS, no_endpoint_slices=True)
        for each in (HEADLESS, given.service("shop", "web", clusterIP="10.96.0.7"))
    )
    assert asked(headless) == [f"{WEB} A", f"{WEB} AAAA"]
    assert usual.backend("shop_web_80").discovery is Discovery.CLUSTERIP
    assert addresses(usual.backend("shop_web_80")) == ["10.96.0.7:80"]
    assert (complaints(headless), complaints(usual)) == ([], [])


@pytest.mark.parametrize(("cluster_ip", "said"), [("None", "from DNS"), ("10.96.0.7", "by its clusterIP")])
def test_who_asks_for_endpoints_where_they_are_not_read_is_told(cluster_ip, said):
    service = given.service("shop", "web", clusterIP=cluster_ip, annotations={"hadyn.io/discovery": "endpoints"})
    shown = cluster(service, INGRESS, no_endpoint_slices=True)
    assert reasons(shown) == ["NotSupported"]
    assert f"EndpointSlices are not read, so service shop/web is served {said}" in complaints(shown)[0]


def test_endpoints_in_the_operators_own_folder_count_where_those_of_the_cluster_are_not_read():
    shown = inventory(HEADLESS, INGRESS, given.slice_("shop", "web", "10.0.0.1"), no_endpoint_slices=True)
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]


def test_an_annotation_asks_dns_for_any_service():
    service = given.service("shop", "web", clusterIP="10.96.0.1", annotations={"hadyn.io/discovery": "dns"})
    shown = cluster(service, INGRESS)
    resolve(shown, answer(WEB, "10.96.0.1"))
    assert addresses(shown.backend("shop_web_80")) == ["10.96.0.1:80"]


def test_a_port_name_too_long_for_dns_is_named_and_endpoints_are_used():
    headless = given.service("shop", "web", ports=[{"name": "a" * 63, "port": 80}], clusterIP="None")
    shown = cluster(
        headless, INGRESS, given.slice_("shop", "web", "10.0.0.1", ports=[{"name": "a" * 63, "port": 8080}])
    )
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:8080"]
    assert "more than 63 characters" in complaints(shown)[0]


def test_a_backend_without_kubernetes_asks_for_its_host():
    shown = inventory(to_api(), API)
    assert asked(shown) == ["api.service.example A", "api.service.example AAAA"]
    assert resolve(shown, answer("api.service.example", "10.0.0.2", "10.0.0.1")) == {"default_api"}
    assert addresses(shown.backend("default_api")) == ["10.0.0.1:8080", "10.0.0.2:8080"]
    assert complaints(shown) == []


def test_a_backend_by_services_has_ports_weights_and_hosts():
    shown = inventory(to_api(), given.backend("default", "api", discovery="dns", host="_api._tcp.example.", type="SRV"))
    records = ResolvedRecord("10.0.0.1", 80, 2, name="api-0.example"), ResolvedRecord("10.0.0.2", 81, draining=True)
    resolve(shown, answer("_api._tcp.example.", *records, kind="SRV"))
    assert addresses(shown.backend("default_api")) == ["10.0.0.1:80 weight=2", "10.0.0.2:81 draining"]
    assert [endpoint.name for endpoint in shown.backend("default_api").endpoints] == ["api-0.example", None]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"host": "a" * 254, "port": 80}, "spec.host"),
        ({"host": "a;b", "port": 80}, "spec.host"),
        ({"host": "10.0.0.1", "port": 80}, "spec.host"),
        ({"port": 80}, "spec.host"),
        ({"host": "api.example"}, "spec.port"),
        ({"host": "api.example", "port": 0}, "spec.port"),
        ({"host": "api.example", "port": "http"}, "spec.port"),
    ],
)
def test_a_backend_that_cannot_be_asked_for_says_which_field_is_wrong(spec, field):
    shown = inventory(to_api(), given.backend("default", "api", discovery="dns", **spec))
    assert complaints(shown)[0].startswith(f"backend default/api: {field}: ")
    assert asked(shown) == []
    assert addresses(shown.backend("default_api")) == []


@pytest.mark.parametrize(
    ("spec", "field"), [({"type": "TXT", "port": 80}, "spec.type"), ({"type": "SRV", "port": 80}, "spec.port")]
)
def test_a_detail_that_is_wrong_is_named_and_passed_over(spec, field):
    shown = inventory(to_api(), given.backend("default", "api", discovery="dns", host="api.example", **spec))
    assert complaints(shown)[0].startswith(f"backend default/api: {field}: ")
    assert len(asked(shown)) > 0


def test_until_dns_has_answered_nothing_is_known_of_the_endpoints():
    shown = inventory(to_api(), API)
    assert not shown.backend("default_api").knows_endpoints
    resolve(shown, answer("api.service.example", kind="AAAA"))
    assert not shown.backend("default_api").knows_endpoints
    resolve(shown, answer("api.service.example"))
    assert shown.backend("default_api").knows_endpoints


def test_one_family_suffices_to_know_the_endpoints():
    shown = inventory(to_api(), API)
    resolve(shown, answer("api.service.example", "10.0.0.1"))
    assert shown.backend("default_api").knows_endpoints
    resolve(shown, answer("api.service.example", "fd00::1", kind="AAAA"))
    assert addresses(shown.backend("default_api")) == ["10.0.0.1:8080", "[fd00::1]:8080"]


def test_records_that_all_drain_serve_on():
    shown = inventory(to_api(), API)
    resolve(shown, answer("api.service.example", ResolvedRecord("10.0.0.1", draining=True)))
    assert addresses(shown.backend("default_api")) == ["10.0.0.1:8080"]


def test_an_answer_touches_the_backends_that_use_the_name_alone():
    other = given.backend("default", "other", discovery="dns", host="other.example", port=80)
    again = given.backend("default", "again", discovery="dns", host="api.service.example", port=81)
    path = [
        {"path": f"/{name}", "pathType": "Prefix", "backend": given.resource_of(name)} for name in ("other", "again")
    ]
    shown = inventory(
        to_api(),
        API,
        other,
        again,
        given.ingress("default", "two", rules=[{"host": "b.example", "http": {"paths": path}}]),
    )
    assert len(asked(shown)) == 4
    assert resolve(shown, answer("api.service.example", "10.0.0.1")) == {"default_api", "default_again"}
    assert resolve(shown, answer("other.example", "10.0.0.1")) == {"default_other"}
    assert resolve(shown, answer("unknown.example", "10.0.0.1")) == frozenset()


def test_a_name_that_no_backend_uses_any_more_is_dropped_and_forgotten():
    shown = inventory(to_api(), API)
    resolve(shown, answer("api.service.example", "10.0.0.1"))
    shown.taken_name_changes()
    shown.apply(given.changes(deletes=(to_api().ref,)))
    assert len(shown.taken_name_changes().dropped) == 2
    shown.apply(given.changes(to_api()))
    assert len(asked(shown)) == 2
    assert not shown.backend("default_api").knows_endpoints


def test_another_host_is_asked_for_at_once():
    shown = inventory(to_api(), API)
    shown.taken_name_changes()
    shown.apply(given.changes(given.backend("default", "api", discovery="dns", host="new.example", port=80)))
    changes = shown.taken_name_changes()
    assert sorted(map(str, changes.added)) == ["new.example A", "new.example AAAA"]
    assert len(changes.dropped) == 2


def test_what_is_wrong_with_a_name_is_a_problem_of_each_object_that_uses_it():
    shown = inventory(to_api(), API)
    remark = Remark(Reason.NOT_RESOLVED, "api.service.example A does not exist", "Correct it")
    resolve(shown, answer("api.service.example", None, remarks=(remark,)))
    assert complaints(shown) == ["backend default/api: spec.host: api.service.example A does not exist"]
    resolve(shown, answer("api.service.example", "10.0.0.1"))
    assert complaints(shown) == []


def test_a_host_without_addresses_of_one_family_is_no_problem():
    shown = inventory(to_api(), API)
    remark = Remark(Reason.NOT_RESOLVED, "has no records of this type", "Correct it")
    resolve(shown, answer("api.service.example", kind="AAAA", remarks=(remark,)))
    assert reasons(shown) == ["NotResolved"]
    resolve(shown, answer("api.service.example", "10.0.0.1"))
    assert complaints(shown) == []


def test_a_name_that_leads_to_our_own_listener_is_refused():
    shown = inventory(to_api(), API, own_addresses=frozenset({Address("10.0.0.9", 8080)}))
    resolve(shown, answer("api.service.example", "10.0.0.1", "10.0.0.9"))
    assert addresses(shown.backend("default_api")) == ["10.0.0.1:8080"]
    assert reasons(shown) == ["ForbiddenAddress"]


def test_an_external_name_is_left_to_the_resolver_of_haproxy_where_it_is_allowed():
    shown = inventory(external(), INGRESS, allow_external_name=True)
    assert by_name(shown) == ByName("api.example.org", 80)
    assert asked(shown) == ["api.example.org. A", "api.example.org. AAAA"]


def test_hadyn_checks_the_addresses_of_an_external_name_of_a_cluster_before_any_slot_has_them():
    shown = cluster(external(), INGRESS, allow_external_name=True)
    assert asked(shown) == ["api.example.org. A", "api.example.org. AAAA"]
    resolve(shown, answer("api.example.org.", "10.0.0.1"))
    assert shown.backend("shop_web_80").by_name is None
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]
    assert complaints(shown) == []


def test_nobody_in_a_cluster_can_have_haproxy_resolve_an_external_name():
    shown = cluster(external(annotations={"hadyn.io/discovery": "fqdn"}), INGRESS, allow_external_name=True)
    assert (shown.backend("shop_web_80").by_name, reasons(shown)) == (None, ["NotSupported"])
    assert "its addresses are checked first" in complaints(shown)[0]


@pytest.mark.parametrize("ports", [[], [{"port": 8443}]])
def test_an_external_host_need_not_list_the_port_that_an_ingress_names(ports):
    shown = inventory(external(ports=ports), INGRESS, allow_external_name=True)
    assert by_name(shown).port == 80


def test_an_external_name_can_be_resolved_by_hadyn():
    shown = cluster(external(annotations={"hadyn.io/discovery": "dns"}), INGRESS, allow_external_name=True)
    resolve(shown, answer("api.example.org.", "10.0.0.1"))
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]


@pytest.mark.parametrize("discovery", ["endpoints", "clusterip", "nodes"])
def test_an_external_name_has_nothing_but_its_name(discovery):
    shown = inventory(external(annotations={"hadyn.io/discovery": discovery}), INGRESS, allow_external_name=True)
    assert by_name(shown).host == "api.example.org"
    assert "has a name alone" in complaints(shown)[0]


@pytest.mark.parametrize("name", ["10.0.0.1", "a b", "", None, 7])
def test_an_external_name_that_is_none_leads_nowhere(name):
    shown = cluster(external(name), INGRESS, allow_external_name=True)
    assert shown.backend("shop_web_80") is None
    assert any("names no host that can be asked for" in complaint for complaint in complaints(shown))


def test_a_name_that_leads_to_a_forbidden_address_is_refused_after_resolution():
    shown = inventory(external("localtest.example"), INGRESS, allow_external_name=True)
    remark = Remark(Reason.FORBIDDEN_ADDRESS, "127.0.0.1 is a loopback address", "Correct it")
    resolve(shown, answer("localtest.example.", "10.0.0.1", remarks=(remark,)))
    assert by_name(shown).is_refused
    assert complaints(shown) == ["service shop/web: spec.externalName: 127.0.0.1 is a loopback address"]
    resolve(shown, answer("localtest.example.", "10.0.0.1"))
    assert not by_name(shown).is_refused


def test_a_name_that_leads_to_our_own_listener_is_refused_after_resolution():
    shown = inventory(external(), INGRESS, allow_external_name=True, own_addresses=frozenset({Address("10.0.0.9", 80)}))
    resolve(shown, answer("api.example.org.", "10.0.0.9"))
    assert by_name(shown).is_refused


def test_records_beyond_the_slots_that_a_backend_may_have_are_a_problem():
    shown = inventory(external(annotations={"hadyn.io/slots-max": "2"}), INGRESS, allow_external_name=True)
    resolve(
        shown, answer("api.example.org.", "10.0.0.1", "10.0.0.2"), answer("api.example.org.", "fd00::1", kind="AAAA")
    )
    assert len(by_name(shown).addresses) == 3
    assert reasons(shown) == ["TooMany"]


def test_a_backend_without_kubernetes_can_leave_its_host_to_haproxy():
    shown = inventory(to_api(), given.backend("default", "api", discovery="fqdn", host="Api.Example.", port=8080))
    assert by_name(shown, "default_api") == ByName("api.example", 8080)
    assert asked(shown) == ["api.example. A", "api.example. AAAA"]


def test_a_headless_service_can_be_left_to_haproxy():
    headless = given.service(
        "shop",
        "web",
        ports=[{"port": 80, "targetPort": 8080}],
        clusterIP="None",
        annotations={"hadyn.io/discovery": "fqdn"},
    )
    assert by_name(cluster(headless, INGRESS)) == ByName("web.shop.svc.cluster.local", 8080)


def test_beside_a_canary_hadyn_resolves_what_haproxy_would():
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "50"}
    shown = inventory(
        external(),
        INGRESS,
        given.service("shop", "next", type="ExternalName", externalName="next.example.org"),
        given.ingress("shop", "next", annotations=annotations),
        allow_external_name=True,
    )
    resolve(shown, answer("api.example.org.", "10.0.0.1"), answer("next.example.org.", "10.0.1.1"))
    assert shown.backend("shop_web_80").by_name is None
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80", "10.0.1.1:80"]


def test_another_external_name_is_another_host_of_the_same_backend():
    shown = inventory(external(), INGRESS, allow_external_name=True)
    shown.apply(given.changes(external("new.example.org")))
    assert by_name(shown).host == "new.example.org"


def test_a_canary_of_unknown_endpoints_leaves_all_seats_alone():
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "50"}
    shown = cluster(
        given.service("shop", "web", clusterIP="10.96.0.1"),
        INGRESS,
        given.slice_("shop", "web", "10.0.0.1"),
        given.service("shop", "next", clusterIP="None"),
        given.ingress("shop", "next", annotations=annotations),
    )
    assert not shown.backend("shop_web_80").knows_endpoints
    resolve(shown, answer("next.shop.svc.cluster.local.", "10.0.1.1"))
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80", "10.0.1.1:80"]
