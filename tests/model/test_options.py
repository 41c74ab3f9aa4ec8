"""Annotations as options: strict values, aliases, who is heard."""

from __future__ import annotations

import pytest

from hadyn.model.desired import Capacity, Discovery
from hadyn.model.options.table import BY_ALIAS, OPTIONS
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons

WEB = given.service("shop", "web")
SLOTS = "hadyn.io/slots"


def capacity_of(*objects) -> Capacity:
    return inventory(*objects).backend("shop_web_80").capacity


def test_capacity_comes_from_five_annotations():
    annotations = {
        SLOTS: "20",
        "hadyn.io/slots-min-free": "0",
        "hadyn.io/slots-increment": "5",
        "hadyn.io/slots-max": "200",
        "hadyn.io/drain-time": "90s",
    }
    service = given.service("shop", "web", annotations=annotations)
    assert capacity_of(service, given.ingress("shop", "web")) == Capacity(20, 0, 5, 200, 90.0)


def test_without_annotations_the_operators_flags_hold():
    shown = inventory(WEB, given.ingress("shop", "web"), capacity=Capacity(slots=4))
    assert shown.backend("shop_web_80").capacity == Capacity(slots=4)


def test_a_maximum_below_the_operators_slots_lowers_them():
    service = given.service("shop", "web", annotations={"hadyn.io/slots-max": "5"})
    assert capacity_of(service, given.ingress("shop", "web")).slots == 5


def test_more_slots_than_the_maximum_are_a_problem():
    service = given.service("shop", "web", annotations={"hadyn.io/slots-max": "5", SLOTS: "6"})
    shown = inventory(service, given.ingress("shop", "web"))
    assert shown.backend("shop_web_80").capacity.slots == 5
    assert complaints(shown) == [
        "service shop/web: metadata.annotations[hadyn.io/slots]: 6 slots are more than 5, the most this backend may have"
    ]


def test_a_service_is_heard_before_its_ingress():
    service = given.service("shop", "web", annotations={SLOTS: "20"})
    ingress = given.ingress("shop", "web", annotations={SLOTS: "30"})
    assert capacity_of(service, ingress).slots == 20
    assert complaints(inventory(service, ingress)) == []


def test_of_several_ingresses_the_oldest_that_says_something_is_heard():
    silent = given.ingress("shop", "a", service="web", host="a.example", created="2026-01-01T00:00:00Z")
    older = given.ingress(
        "shop", "b", service="web", host="b.example", created="2026-01-02T00:00:00Z", annotations={SLOTS: "20"}
    )
    younger = given.ingress(
        "shop", "c", service="web", host="c.example", created="2026-01-03T00:00:00Z", annotations={SLOTS: "30"}
    )
    assert capacity_of(WEB, younger, older, silent).slots == 20
    assert complaints(inventory(WEB, younger, older, silent)) == [
        (
            "ingress shop/c: metadata.annotations[hadyn.io/slots]: "
            "backend shop_web_80 has another value from ingress shop/b, which is older"
        )
    ]


def test_an_annotation_that_changes_touches_only_its_backend():
    rules = [given.rule("a.example", "/", "web"), given.rule("a.example", "/api", "api")]
    shown = inventory(WEB, given.service("shop", "api"), given.ingress("shop", "web", rules=rules))
    touched = shown.apply(given.changes(given.service("shop", "web", annotations={SLOTS: "20"})))
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, set())
    assert shown.backend("shop_web_80").capacity.slots == 20


@pytest.mark.parametrize(
    "value", ["0", "-5", "1000000", "1e3", "0x10", "", "\uff11\uff10", "1_0", "10\n", " 10", "+10", "010"]
)
def test_a_number_that_is_not_exactly_one_is_named_and_the_default_holds(value):
    service = given.service("shop", "web", annotations={SLOTS: value})
    shown = inventory(service, given.ingress("shop", "web"))
    assert shown.backend("shop_web_80").capacity == Capacity()
    assert reasons(shown) == ["InvalidValue"]
    assert complaints(shown)[0].endswith(
        ": a whole number from 1 to 10000 is wanted; the default (what --slots says) applies"
    )
    assert complaints(shown)[0].isprintable()


@pytest.mark.parametrize("value", [10, True, None, ["10"], {"a": 1}])
def test_a_value_that_is_not_text_is_named(value):
    shown = inventory(given.service("shop", "web", annotations={SLOTS: value}), given.ingress("shop", "web"))
    assert reasons(shown) == ["InvalidValue"]
    assert shown.problems()[0].remedy == "Put the value in quotes"


@pytest.mark.parametrize("value", ["yes", "True", "on", "1", "true ", "TRUE\n", ""])
def test_a_boolean_is_exactly_true_or_false(value):
    shown = inventory(WEB, given.ingress("shop", "web", annotations={"hadyn.io/canary": value}))
    assert reasons(shown) == ["InvalidValue"]


def test_an_unknown_annotation_is_named_with_its_closest_neighbour():
    shown = inventory(given.service("shop", "web", annotations={"hadyn.io/slot-max": "5"}))
    assert reasons(shown) == ["UnknownAnnotation"]
    assert shown.problems()[0].remedy == "Did you mean hadyn.io/slots-max?"


def test_two_thousand_unknown_annotations_are_counted_not_printed():
    annotations = {f"hadyn.io/x{number}": "y" * 100_000 for number in range(2_000)}
    shown = inventory(given.service("shop", "web", annotations=annotations))
    assert len(complaints(shown)) == 6
    assert "1,995 further annotations of hadyn.io are unknown" in "".join(complaints(shown))
    assert max(map(len, complaints(shown))) < 200


@pytest.mark.parametrize("name", ["hadyn.io/\x1b[31m", "hadyn.io/" + "x" * 5_000, "hadyn.io/\u202eevil"])
def test_a_hostile_annotation_name_is_shown_escaped_and_cut(name):
    shown = inventory(given.service("shop", "web", annotations={name: "1"}))
    assert complaints(shown)[0].isprintable()
    assert len(complaints(shown)[0]) < 300


def test_annotations_of_others_are_their_business():
    assert complaints(inventory(given.service("shop", "web", annotations={"example.com/slots": "x"}))) == []


def test_an_annotation_on_the_wrong_kind_of_object_is_named():
    shown = inventory(given.service("shop", "web", annotations={"hadyn.io/canary": "true"}))
    assert reasons(shown) == ["NotSupported"]
    assert complaints(shown)[0].endswith("it belongs on Ingress")


def test_an_alias_means_the_same_and_yields_to_the_own_name():
    alias = "nginx.ingress.kubernetes.io/canary-weight"
    assert dict(given.ingress("shop", "web", annotations={alias: "30"}).options) == {"canary-weight": 30}
    both = given.ingress("shop", "web", annotations={alias: "30", "hadyn.io/canary-weight": "40"})
    assert dict(both.options) == {"canary-weight": 40}
    assert [(fault.field, fault.said) for fault in both.faults] == [
        (f"metadata.annotations[{alias}]", "says otherwise than hadyn.io/canary-weight, which counts")
    ]
    same = given.ingress("shop", "web", annotations={alias: "30", "hadyn.io/canary-weight": "30"})
    assert same.faults == ()


def test_slot_annotations_apply_to_a_backend_of_hadyn():
    rules = [{"http": {"paths": [given.path_of() | {"backend": given.resource_of("api")}]}}]
    shown = inventory(
        given.ingress("shop", "web", rules=rules), given.backend("shop", "api", annotations={SLOTS: "20"})
    )
    assert shown.backend("shop_api").capacity.slots == 20


def test_the_cluster_ip_is_the_only_endpoint_where_that_is_asked_for():
    service = given.service("shop", "web", clusterIP="10.96.0.1", annotations={"hadyn.io/discovery": "clusterip"})
    shown = inventory(service, given.ingress("shop", "web"), given.slice_("shop", "web", "10.0.0.1", port=8080))
    assert addresses(shown.backend("shop_web_80")) == ["10.96.0.1:80"]
    assert shown.backend("shop_web_80").discovery is Discovery.CLUSTERIP


@pytest.mark.parametrize("cluster_ip", [None, "", "None"])
def test_a_service_without_cluster_ip_falls_back_to_its_endpoints(cluster_ip):
    service = given.service("shop", "web", clusterIP=cluster_ip, annotations={"hadyn.io/discovery": "clusterip"})
    shown = inventory(service, given.ingress("shop", "web"), given.slice_("shop", "web", "10.0.0.1"))
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80"]
    assert reasons(shown) == ["InvalidValue"]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_example_of_every_option_is_one_of_its_values(option):
    option.parse(option.example)
    assert option.sentence.endswith(".")
    assert option.accepted
    assert option.default_text
    assert all(BY_ALIAS[alias] is option for alias in option.alias_names)
