"""Which Ingresses have to be told where they are served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hadyn.announce.statuses import Addresses, Due, Statuses, read_published, status_patch
from hadyn.model.problems import ObjectRef

WEB = ObjectRef("Ingress", "shop", "web")
API = ObjectRef("Ingress", "shop", "api")
HERE = ("192.0.2.7", "lb.example")
ADDRESSES = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}


def all_due(statuses: Statuses) -> list[Due]:
    """What is written, in order, if each write succeeds."""
    written: list[Due] = []
    while (due := statuses.next_due()) is not None:
        written.append(due)
        statuses.done(due)
    return written


@pytest.fixture
def statuses() -> Statuses:
    statuses = Statuses()
    statuses.publish(HERE)
    return statuses


def test_an_ingress_of_ours_has_to_say_where_it_is_served_once(statuses: Statuses):
    statuses.saw(WEB, (), is_ours=True)
    assert all_due(statuses) == [Due(WEB, HERE, instead=None)]
    statuses.saw(WEB, HERE, is_ours=True)
    assert all_due(statuses) == []


def test_what_says_so_already_is_not_written(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=True)
    assert statuses.next_due() is None


def test_what_somebody_else_wrote_over_it_is_set_right(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=True)
    statuses.saw(WEB, ("198.51.100.1",), is_ours=True)
    assert statuses.next_due() == Due(WEB, HERE, instead=None)


def test_an_ingress_that_moves_to_another_controller_says_so_no_more(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=True)
    statuses.saw(WEB, HERE, is_ours=False)
    assert all_due(statuses) == [Due(WEB, (), instead=HERE)]


@pytest.mark.parametrize("said", [(), ("198.51.100.1",)])
def test_an_ingress_that_moves_and_never_said_so_is_left_alone(statuses: Statuses, said: Addresses):
    statuses.saw(WEB, said, is_ours=True)
    statuses.saw(WEB, said, is_ours=False)
    assert statuses.next_due() is None


def test_what_its_next_controller_wrote_is_left_alone(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=True)
    statuses.saw(WEB, HERE, is_ours=False)
    statuses.saw(WEB, ("198.51.100.1",), is_ours=False)
    assert statuses.next_due() is None


def test_somebody_elses_ingress_that_says_our_addresses_is_asked_once_whether_we_wrote_them(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=False)
    assert all_due(statuses) == [Due(WEB, (), instead=HERE, needs_proof=True)]
    statuses.saw(WEB, HERE, is_ours=False)
    assert all_due(statuses) == []


def test_somebody_elses_ingress_that_says_anything_else_is_never_touched(statuses: Statuses):
    statuses.saw(WEB, ("198.51.100.1",), is_ours=False)
    statuses.saw(API, (), is_ours=False)
    assert statuses.next_due() is None


def test_somebody_elses_ingress_is_looked_at_once_our_addresses_are_known():
    statuses = Statuses()
    statuses.saw(WEB, HERE, is_ours=False)
    statuses.saw(API, ("198.51.100.1",), is_ours=False)
    statuses.publish(HERE)
    assert all_due(statuses) == [Due(WEB, (), instead=HERE, needs_proof=True)]


@pytest.mark.parametrize(
    ("managed", "was_us"),
    [
        pytest.param({"manager": "us", "subresource": "status", "fieldsV1": ADDRESSES}, True, id="by us"),
        pytest.param({"manager": "them", "subresource": "status", "fieldsV1": ADDRESSES}, False, id="by others"),
        pytest.param({"manager": "us", "fieldsV1": ADDRESSES}, False, id="another part of it"),
        pytest.param({"manager": "us", "subresource": "status", "fieldsV1": {"f:status": {}}}, False, id="no address"),
        pytest.param({"manager": "us", "subresource": "status"}, False, id="nothing"),
    ],
)
def test_the_apiserver_has_noted_who_wrote_the_addresses(managed: Any, was_us: bool):
    found = read_published(json.dumps({"metadata": {"resourceVersion": "1", "managedFields": [managed]}}).encode())
    assert found.was_written_by("us") is was_us


def test_an_ingress_that_is_gone_is_told_nothing(statuses: Statuses):
    statuses.saw(WEB, (), is_ours=True)
    statuses.saw(WEB, None, is_ours=False)
    assert statuses.next_due() is None


def test_nothing_is_written_before_the_addresses_are_known():
    statuses = Statuses()
    statuses.saw(WEB, (), is_ours=True)
    assert statuses.next_due() is None
    statuses.publish(HERE)
    assert statuses.next_due() == Due(WEB, HERE, instead=None)


def test_other_addresses_are_told_to_all(statuses: Statuses):
    statuses.saw(WEB, HERE, is_ours=True)
    statuses.saw(API, HERE, is_ours=True)
    statuses.publish(("192.0.2.8",))
    assert [due.ingress for due in all_due(statuses)] == [WEB, API]


def test_a_write_that_fails_comes_last(statuses: Statuses):
    statuses.saw(WEB, (), is_ours=True)
    statuses.saw(API, (), is_ours=True)
    first = statuses.next_due()
    assert first is not None
    statuses.later(first)
    assert [due.ingress for due in all_due(statuses)] == [API, WEB]


def test_a_patch_says_addresses_and_names_for_what_they_are():
    patch = json.loads(status_patch(("192.0.2.7", "2001:db8::1", "lb.example"), "41"))
    assert patch["metadata"] == {"resourceVersion": "41"}
    assert patch["status"]["loadBalancer"]["ingress"] == [
        {"ip": "192.0.2.7"},
        {"ip": "2001:db8::1"},
        {"hostname": "lb.example"},
    ]


def test_a_patch_without_addresses_takes_the_list_away():
    assert json.loads(status_patch((), "41"))["status"] == {"loadBalancer": {"ingress": None}}


@pytest.mark.parametrize(
    ("spec", "status", "addresses"),
    [
        ({"clusterIP": "10.0.0.1"}, {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}, ("192.0.2.7",)),
        ({"clusterIP": "10.0.0.1"}, {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}, ("lb.example",)),
        ({"clusterIP": "10.0.0.1", "externalIPs": ["192.0.2.8"]}, {"loadBalancer": {}}, ("192.0.2.8",)),
        ({"clusterIP": "10.0.0.1"}, {}, ("10.0.0.1",)),
        ({"clusterIP": "None"}, {}, ()),
        ({"externalName": "lb.example"}, {}, ("lb.example",)),
        (None, None, ()),
    ],
)
def test_a_published_service_tells_where_clients_reach_it(spec: Any, status: Any, addresses: Addresses):
    body = json.dumps({"metadata": {"resourceVersion": "1"}, "spec": spec, "status": status}).encode()
    assert read_published(body).service_addresses == addresses
