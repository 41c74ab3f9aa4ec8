"""Services (SRV) whose slots HAProxy fills: what it is asked to ask for, and what it cannot be asked."""

from __future__ import annotations

from typing import Any

import pytest

from hadyn.model.addresses import Address
from hadyn.model.desired import ByName, Discovery
from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType, Remark, ResolvedName, ResolvedRecord
from tests import given
from tests.model.looks import addresses, asked, by_name, complaints, external, inventory, reasons, resolve, to_api

INGRESS = given.ingress("shop", "web")


def services(discovery: str = "fqdn", host: str = "_api._tcp.Example") -> Any:
    return given.backend("default", "api", discovery=discovery, host=host, type="SRV")


def test_a_backend_without_kubernetes_can_leave_a_service_to_haproxy():
    shown = inventory(to_api(), services())
    assert by_name(shown, "default_api") == ByName("_api._tcp.example", 0)
    assert asked(shown) == ["_api._tcp.example. SRV"]
    assert complaints(shown) == []


def test_haproxy_has_slots_for_services_of_every_priority():
    shown = inventory(to_api(), services(), own_addresses=frozenset({Address("10.0.0.9", 8080)}))
    question = DnsQuestion("_api._tcp.example.", RecordType.SRV)
    near, far = ResolvedRecord("10.0.0.2", 81), ResolvedRecord("10.0.0.1", 80)
    resolve(shown, ResolvedName(question, (near,), standby=(far,)))
    assert by_name(shown, "default_api").addresses == (Address("10.0.0.1", 80), Address("10.0.0.2", 81))
    resolve(shown, ResolvedName(question, (near,), standby=(ResolvedRecord("10.0.0.9", 8080),)))
    assert by_name(shown, "default_api").is_refused
    shown = inventory(to_api(), services("dns", "_api._tcp.example."))
    resolve(shown, ResolvedName(question, (near,), standby=(far,)))
    assert addresses(shown.backend("default_api")) == ["10.0.0.2:81"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"host": "api.example", "type": "SRV"}, "only for a name that begins with _"),
        ({"host": "_api.example", "port": 80}, "for every name that begins with _"),
    ],
)
def test_what_haproxy_would_take_for_another_question_is_asked_by_hadyn(spec, said):
    shown = inventory(to_api(), given.backend("default", "api", discovery="fqdn", **spec))
    assert complaints(shown)[0].startswith("backend default/api: spec.discovery: HAProxy asks for SRV records " + said)
    assert (shown.backend("default_api").by_name, shown.backend("default_api").discovery) == (None, Discovery.DNS)
    assert asked(shown)[0].startswith(spec["host"])


@pytest.mark.parametrize(("wish", "expected"), [({}, []), ({"hadyn.io/discovery": "fqdn"}, ["NotSupported"])])
def test_an_external_name_that_looks_like_a_service_is_asked_by_hadyn(wish, expected):
    shown = inventory(external("_http._tcp.example.org", annotations=wish), INGRESS, allow_external_name=True)
    assert (shown.backend("shop_web_80").by_name, reasons(shown)) == (None, expected)
    assert asked(shown) == ["_http._tcp.example.org. A", "_http._tcp.example.org. AAAA"]


@pytest.mark.parametrize(
    ("reason", "is_refused"),
    [(Reason.FORBIDDEN_ADDRESS, True), (Reason.INVALID_VALUE, False), (Reason.TOO_MANY, False)],
)
def test_only_an_address_that_must_not_be_used_takes_the_others_out_of_service(reason, is_refused):
    shown = inventory(to_api(), services())
    question = DnsQuestion("_api._tcp.example.", RecordType.SRV)
    remark = Remark(reason, "_api._tcp.example. SRV: something about a record", "Correct it in DNS")
    resolve(shown, ResolvedName(question, (ResolvedRecord("10.0.0.2", 81),), (remark,)))
    assert by_name(shown, "default_api").is_refused == is_refused
    assert reasons(shown) == [reason.value]
