"""Services and slices as clusters may hold them: reference/reliability.md C5."""

from __future__ import annotations

import pytest

from hadyn.model.addresses import Address
from hadyn.model.problems import ObjectRef
from tests import given
from tests.model.looks import addresses, cluster, complaints, inventory, reasons, served

INGRESS = given.ingress("shop", "web")
SERVICE = given.service("shop", "web")
FIELD = "endpointslice shop/web-1: endpoints[0].addresses[0]: "


def seen(*objects, **policy):
    """The endpoints and complaints in a cluster of one Ingress, its Service and these objects."""
    shown = cluster(INGRESS, SERVICE, *objects, **policy)
    return addresses(shown.backend("shop_web_80")), complaints(shown)


@pytest.mark.parametrize(
    ("ports", "said"),
    [
        pytest.param([], "has no port 80", id="a Service without ports"),
        pytest.param([{"port": 80, "protocol": "UDP"}], "'UDP' is not usable for HTTP", id="a UDP port"),
        pytest.param([{"port": 80, "protocol": "SCTP"}], "'SCTP' is not usable for HTTP", id="an SCTP port"),
        pytest.param([{"port": "80"}], "'80': a port from 1 to 65535 is wanted", id="a port that is text"),
        pytest.param([{"port": 80, "name": "a b"}], "'a b' is not a port name", id="a port with a wrong name"),
    ],
)
def test_a_port_that_is_not_usable_is_503_and_named(ports, said):
    shown = inventory(INGRESS, given.service("shop", "web", ports=ports))
    assert served(shown) == {"a.example/": None}
    assert said in "\n".join(complaints(shown))


def test_of_two_ports_with_one_name_the_first_counts():
    twice = given.service("shop", "web", ports=[{"port": 80, "name": "http"}, {"port": 81, "name": "http"}])
    shown = inventory(given.ingress("shop", "web", port="http"), twice)
    assert served(shown) == {"a.example/": "shop_web_80"}
    assert reasons(shown) == ["Duplicate"]


def test_slices_left_from_before_a_service_became_an_external_name_are_passed_over():
    shown = inventory(INGRESS, SERVICE, given.slice_("shop", "web", "10.0.0.1"))
    shown.apply(given.changes(given.service("shop", "web", type="ExternalName", externalName="x.example")))
    assert served(shown) == {"a.example/": None}
    shown.apply(given.changes(SERVICE))
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]


@pytest.mark.parametrize("address_type", ["FQDN", None, "ipv4", 4, ["IPv4"]])
def test_a_slice_that_is_not_of_ip_addresses_is_refused_whole(address_type):
    found, wrong = seen(given.slice_("shop", "web", "10.0.0.9", address_type=address_type, name="other"))
    assert found == []
    assert len(wrong) == 1
    assert wrong[0].startswith("endpointslice shop/other: addressType: ")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("0.0.0.0", "the unspecified address", id="0.0.0.0 is unspecified"),
        pytest.param("255.255.255.255", "the broadcast address", id="all ones is broadcast"),
        pytest.param("*", "not an IP address", id="a star is no address"),
        pytest.param("169.254.169.254", "a link-local address", id="the metadata service is link-local"),
        pytest.param("224.0.0.1", "a multicast address", id="224.0.0.1 is multicast"),
        pytest.param("10.0.0.1;disable server b/s3", "not an IP address", id="a second command is no address"),
        pytest.param("10.0.0.1\nshow info", "not an IP address", id="a line feed is no address"),
        pytest.param("10.0.0.1 port 1", "not an IP address", id="words are no address"),
        pytest.param("010.0.0.1", "not an IP address", id="leading zeros are no address"),
        pytest.param("10.1", "not an IP address", id="two numbers are no address"),
        pytest.param("0x0a000001", "not an IP address", id="a hexadecimal number is no address"),
        pytest.param("167772161", "not an IP address", id="a decimal number is no address"),
        pytest.param("10.0.0.1 ", "not an IP address", id="a trailing blank is no address"),
        pytest.param(167772161, "167772161 is not an IP address", id="a JSON number is no address"),
        pytest.param("\uff11\uff10.0.0.1", "not an IP address", id="full-width digits are no address"),
        pytest.param(None, "nothing is not an IP address", id="null is no address"),
        pytest.param({"ip": "10.0.0.1"}, "a mapping is not an IP address", id="a mapping is no address"),
        pytest.param("fd00::1", "does not fit addressType", id="IPv6 does not fit an IPv4 slice"),
        pytest.param("::ffff:10.0.0.1", "does not fit addressType", id="not even where it wraps an IPv4 address"),
    ],
)
def test_a_wrong_address_is_left_out_alone(address, said):
    found, wrong = seen(given.slice_("shop", "web", given.endpoint(address), "10.0.0.2"))
    assert found == ["10.0.0.2:80"]
    assert len(wrong) == 1
    assert wrong[0].startswith(FIELD)
    assert said in wrong[0]
    assert wrong[0].isprintable()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        pytest.param("::", "the unspecified address", id="two colons are unspecified"),
        pytest.param("fe80::1", "a link-local address", id="fe80::1 is link-local"),
        pytest.param("fe80::1%eth0", "not an IP address", id="a zone is no address"),
        pytest.param("::ffff:a9fe:a9fe", "a link-local address", id="the metadata service wrapped is link-local"),
        pytest.param("ff02::1", "a multicast address", id="ff02::1 is multicast"),
        pytest.param("10.0.0.1", "does not fit addressType", id="IPv4 does not fit an IPv6 slice"),
    ],
)
def test_a_wrong_ipv6_address_is_left_out_alone(address, said):
    found, wrong = seen(given.slice_("shop", "web", given.endpoint(address), "fd00::2", address_type="IPv6"))
    assert found == ["[fd00::2]:80"]
    assert len(wrong) == 1
    assert said in wrong[0]


@pytest.mark.parametrize(
    ("address", "address_type"),
    [("127.0.0.1", "IPv4"), ("127.9.9.9", "IPv4"), ("::1", "IPv6"), ("::ffff:127.0.0.1", "IPv6")],
)
def test_a_loopback_address_is_for_the_operators_own_folder_only(address, address_type):
    listed = given.slice_("shop", "web", address, address_type=address_type)
    found, wrong = seen(listed)
    assert found == []
    assert wrong[0].endswith("is a loopback address")
    own = inventory(INGRESS, SERVICE, listed)
    assert len(addresses(own.backend("shop_web_80"))) == 1
    assert complaints(own) == []


def test_an_address_in_two_spellings_is_one_endpoint():
    found, wrong = seen(
        given.slice_("shop", "web", "10.0.0.1"),
        given.slice_("shop", "web", "::ffff:10.0.0.1", address_type="IPv6", name="mapped"),
        given.slice_("shop", "web", "2001:db8::1", "2001:DB8:0::1", address_type="IPv6", name="six"),
    )
    assert found == ["10.0.0.1:80", "[2001:db8::1]:80"]
    assert wrong == []


def test_where_haproxy_itself_listens_is_no_endpoint():
    own = frozenset({Address("10.0.0.1", 80)})
    found, wrong = seen(given.slice_("shop", "web", "10.0.0.1", "10.0.0.2"), own_addresses=own)
    assert found == ["10.0.0.2:80"]
    assert len(wrong) == 1
    assert "requests would go round in circles" in wrong[0]


def test_the_same_address_with_another_port_than_haproxys_is_an_endpoint():
    found, wrong = seen(given.slice_("shop", "web", "10.0.0.1"), own_addresses=frozenset({Address("10.0.0.1", 81)}))
    assert (found, wrong) == (["10.0.0.1:80"], [])


@pytest.mark.parametrize("port", [None, 0, -1, 65536, "http", 80.5, True, [80]])
def test_a_wrong_port_of_a_slice_is_left_out_alone(port):
    found, wrong = seen(
        given.slice_("shop", "web", "10.0.0.1", port=port), given.slice_("shop", "web", "10.0.0.2", name="good")
    )
    assert found == ["10.0.0.2:80"]
    assert len(wrong) == 1
    assert wrong[0].startswith("endpointslice shop/web-1: ports[0].port: ")
    assert wrong[0].endswith("a port from 1 to 65535 is wanted")


@pytest.mark.parametrize("endpoints", [None, []])
def test_a_slice_without_endpoints_is_empty_and_nothing_is_wrong(endpoints):
    document = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": "shop", "name": "web-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": None,
    }
    assert seen(given.decoded(document)) == ([], [])


@pytest.mark.parametrize("listed", [None, []])
def test_an_endpoint_without_address_is_left_out_alone(listed):
    found, wrong = seen(given.slice_("shop", "web", {"addresses": listed}, "10.0.0.2"))
    assert found == ["10.0.0.2:80"]
    assert wrong == ["endpointslice shop/web-1: endpoints[0].addresses: there is no address"]


def test_of_two_addresses_in_one_endpoint_the_first_counts():
    assert seen(given.slice_("shop", "web", {"addresses": ["10.0.0.1", "10.0.0.2"]})) == (["10.0.0.1:80"], [])


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param(None, ["10.0.0.1:80"], id="no conditions mean ready"),
        pytest.param({}, ["10.0.0.1:80"], id="empty conditions mean ready"),
        pytest.param({"ready": None}, ["10.0.0.1:80"], id="ready null means ready"),
        pytest.param({"ready": True, "serving": None, "terminating": None}, ["10.0.0.1:80"], id="nulls change nothing"),
        pytest.param({"ready": False}, [], id="serving null means as ready"),
        pytest.param(
            {"ready": False, "serving": True, "terminating": True}, ["10.0.0.1:80"], id="the last ones serve on"
        ),
        pytest.param({"ready": True, "terminating": True}, ["10.0.0.1:80"], id="terminating ones too, if alone"),
        pytest.param({"ready": False, "serving": False, "terminating": True}, [], id="who does not serve is out"),
    ],
)
def test_conditions_of_a_lone_endpoint_say_whether_it_serves(conditions, expected):
    assert seen(given.slice_("shop", "web", {"addresses": ["10.0.0.1"], "conditions": conditions})) == (expected, [])


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param({"ready": False, "serving": True, "terminating": True}, ["10.0.0.1:80 draining"], id="it drains"),
        pytest.param(
            {"ready": True, "terminating": True}, ["10.0.0.1:80 draining"], id="even if it claims to be ready"
        ),
        pytest.param({"ready": False, "serving": False, "terminating": True}, [], id="unless it no longer serves"),
        pytest.param({"ready": False, "serving": False}, [], id="one that never was ready is out"),
    ],
)
def test_a_terminating_endpoint_beside_a_ready_one_drains(conditions, expected):
    found, _ = seen(given.slice_("shop", "web", given.endpoint("10.0.0.1", **conditions), "10.0.0.2"))
    assert found == [*expected, "10.0.0.2:80"]


@pytest.mark.parametrize("condition", ["ready", "serving", "terminating"])
@pytest.mark.parametrize("value", ["true", 1, 0, [], {}, "\x1b[2J"])
def test_a_condition_of_a_wrong_type_leaves_that_endpoint_out(condition, value):
    found, wrong = seen(given.slice_("shop", "web", given.endpoint("10.0.0.1", **{condition: value}), "10.0.0.2"))
    assert found == ["10.0.0.2:80"]
    assert wrong[0].startswith(f"endpointslice shop/web-1: endpoints[0].conditions.{condition}: ")
    assert wrong[0].isprintable()


def slice_of_pod(name: str, created: str, uid: str, **conditions):
    endpoint = given.endpoint("10.0.0.1", pod="web-0", uid=uid, **conditions)
    return given.slice_("shop", "web", endpoint, name=name, created=created)


def test_the_same_pod_in_two_slices_is_as_the_newer_slice_says():
    older = slice_of_pod("older", "2026-01-01T00:00:00Z", "one", ready=True)
    newer = slice_of_pod("newer", "2026-01-02T00:00:00Z", "one", ready=False)
    assert seen(older, newer) == ([], [])
    assert seen(newer, older) == ([], [])


def test_the_same_address_of_two_pods_is_that_of_the_ready_one():
    ghost = slice_of_pod("newer", "2026-01-02T00:00:00Z", "ghost", ready=False, serving=True, terminating=True)
    real = slice_of_pod("older", "2026-01-01T00:00:00Z", "real", ready=True)
    assert seen(ghost, real) == (["10.0.0.1:80"], [])


def test_five_thousand_endpoints_are_five_thousand_endpoints():
    many = [f"10.0.{number // 250}.{number % 250 + 1}" for number in range(5_000)]
    assert len(seen(given.slice_("shop", "web", *many))[0]) == 5_000


@pytest.mark.parametrize("labels", [{}, {"kubernetes.io/service-name": "other"}, {"kubernetes.io/service-name": 7}])
def test_a_slice_without_the_label_of_a_service_belongs_nowhere(labels):
    assert seen(given.slice_("shop", "web", "10.0.0.1", labels=labels)) == ([], [])


def test_a_slice_without_label_in_the_operators_folder_is_named():
    shown = inventory(INGRESS, SERVICE, given.slice_("shop", "web", "10.0.0.1", labels={}))
    assert complaints(shown) == [
        (
            "endpointslice shop/web-1: metadata.labels: "
            "the label kubernetes.io/service-name is nothing, so it belongs to no Service"
        )
    ]


def test_a_label_that_moves_takes_the_endpoints_along():
    other = (given.ingress("shop", "other", host="b.example"), given.service("shop", "other"))
    shown = inventory(INGRESS, SERVICE, *other, given.slice_("shop", "web", "10.0.0.1", name="moving"))
    touched = shown.apply(given.changes(given.slice_("shop", "other", "10.0.0.1", name="moving")))
    assert touched.backends == {"shop_web_80", "shop_other_80"}
    assert addresses(shown.backend("shop_web_80")) == []
    assert addresses(shown.backend("shop_other_80")) == ["10.0.0.1:80"]


def test_a_slice_of_another_namespace_is_never_mixed_in():
    assert seen(given.slice_("blog", "web", "10.0.0.1")) == ([], [])


def test_a_slice_that_comes_back_under_another_name_makes_the_same_backend():
    before = given.slice_("shop", "web", "10.0.0.1", name="one")
    shown = inventory(INGRESS, SERVICE, before)
    backend = shown.backend("shop_web_80")
    shown.apply(given.changes(given.slice_("shop", "web", "10.0.0.1", name="two"), deletes=(before.ref,)))
    assert shown.backend("shop_web_80") == backend


def test_an_endpoint_without_pod_node_and_zone_is_served():
    bare = {"addresses": ["10.0.0.1"], "targetRef": None, "nodeName": None, "zone": 7, "hints": {"forZones": None}}
    assert seen(given.slice_("shop", "web", bare)) == (["10.0.0.1:80"], [])


def test_an_endpoint_is_called_like_its_pod():
    shown = cluster(INGRESS, SERVICE, given.slice_("shop", "web", given.endpoint("10.0.0.1", pod="web-0")))
    assert [endpoint.name for endpoint in shown.backend("shop_web_80").endpoints] == ["shop/web-0"]


def test_a_service_that_publishes_addresses_that_are_not_ready_has_them_all():
    unready = given.endpoint("10.0.0.1", ready=False, serving=False)
    terminating = given.endpoint("10.0.0.2", ready=True, serving=False, terminating=True)
    shown = cluster(
        INGRESS,
        given.service("shop", "web", publishNotReadyAddresses=True, clusterIP="None"),
        given.slice_("shop", "web", unready, terminating),
        headless="endpoints",
    )
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80", "10.0.0.2:80"]


def test_endpoints_count_where_a_service_has_no_slice():
    listed = given.endpoints("shop", "web", "10.0.0.1", "fd00::1", not_ready=("10.0.0.3",))
    assert seen(listed) == (["10.0.0.1:80", "[fd00::1]:80"], [])
    assert seen(listed, given.slice_("shop", "web", "10.0.0.2")) == (["10.0.0.2:80"], [])


def test_endpoints_take_over_when_the_last_slice_goes():
    listed = given.slice_("shop", "web", "10.0.0.2")
    shown = cluster(INGRESS, SERVICE, listed, given.endpoints("shop", "web", "10.0.0.1"))
    touched = shown.apply(given.changes(source="kubernetes", deletes=(listed.ref,)))
    assert touched.backends == {"shop_web_80"}
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]


def test_a_wrong_address_of_endpoints_is_left_out_alone():
    found, wrong = seen(given.endpoints("shop", "web", "169.254.169.254", "10.0.0.1"))
    assert found == ["10.0.0.1:80"]
    assert wrong == ["endpoints shop/web: subsets[0].addresses[0].ip: '169.254.169.254' is a link-local address"]


def test_a_service_port_that_no_slice_knows_is_named_instead_of_silently_empty():
    named = given.service("shop", "web", ports=[{"name": "http", "port": 80}])
    shown = inventory(INGRESS, named, given.slice_("shop", "web", "10.0.0.1"))
    assert complaints(shown) == [
        "service shop/web: spec.ports: no EndpointSlice of the Service has a port named http, so port 80 has no endpoints"
    ]
    shown.apply(given.changes(given.slice_("shop", "web", "10.0.0.1", ports=[{"name": "http", "port": 80}])))
    assert complaints(shown) == []


def test_what_is_wrong_with_services_that_no_route_leads_to_is_their_owners_business():
    foreign = given.slice_("blog", "db", "10.0.0.1;x", name="db-1")
    assert complaints(cluster(given.service("blog", "db"), foreign)) == []
    assert len(complaints(inventory(given.service("blog", "db"), foreign))) == 1


def test_an_object_of_fifty_faults_and_more_counts_the_rest():
    shown = inventory(given.slice_("shop", "web", *["x"] * 60))
    assert len(complaints(shown)) == 51
    assert "endpointslice shop/web-1: : 10 further faults" in complaints(shown)


def test_a_slice_is_found_by_its_name_and_kind():
    shown = inventory(SERVICE)
    assert shown.object(ObjectRef("Service", "shop", "web")) == SERVICE
    assert shown.object(ObjectRef("Service", "shop", "api")) is None


def test_what_is_wrong_with_a_service_is_told_once_a_route_leads_to_it():
    shown = cluster(SERVICE, given.slice_("shop", "web", "10.0.0.1;x"))
    assert complaints(shown) == []
    shown.apply(given.changes(INGRESS, source="kubernetes", is_operators_own=False))
    assert complaints(shown) == [FIELD + "'10.0.0.1;x' is not an IP address"]
    shown.apply(given.changes(source="kubernetes", deletes=(INGRESS.ref,)))
    assert complaints(shown) == []
