"""The sentence that a cycle leaves in the log."""

from __future__ import annotations

import pytest

from hadyn.controller.sentences import cycle_sentence, reload_words
from hadyn.model.desired import MapName
from hadyn.planner.commands import AddBackend, AddMapEntry, AddSlot, PublishBackend, SetFqdn
from hadyn.planner.plan import BackendPlan, Plan, Seating
from hadyn.planner.reasons import Reload, ReloadReason
from tests.planner.texts import backend, plan, slots

SERVICES = {"web": "shop/web:80"}


def sentence(*plans, pending=()):
    return cycle_sentence(plans, SERVICES, pending)


@pytest.mark.parametrize(
    ("wanted", "observed", "expected"),
    [
        pytest.param(
            ["10.0.0.1:80", "10.0.0.2:80"],
            {"s1": "10.0.0.1:80 ready", "s2": "free"},
            "shop/web:80: 1 endpoint came; slot s2 set; no reload",
            id="one endpoint came",
        ),
        pytest.param(
            ["10.0.0.2:80", "10.0.0.3:80"],
            {"s1": "10.0.0.1:80 ready", "s2": "10.0.0.2:80 ready", "s3": "free"},
            "shop/web:80: 1 endpoint came, 1 left; slot s3 set, slot s1 in maint; no reload",
            id="one endpoint came and one left",
        ),
        pytest.param(
            ["10.0.0.1:80 draining", "10.0.0.2:80"],
            {"s1": "10.0.0.1:80 ready", "s2": "10.0.0.2:80 ready"},
            "shop/web:80: 1 endpoint left; slot s1 draining; no reload",
            id="one endpoint drains",
        ),
        pytest.param(
            ["10.0.0.1:80 weight=3"],
            {"s1": "10.0.0.1:80 ready"},
            "shop/web:80: weight of slot s1 changed; no reload",
            id="a weight changed",
        ),
        pytest.param(["10.0.0.1:80"], {"s1": "10.0.0.1:80 ready"}, "", id="nothing changed"),
    ],
)
def test_a_cycle_says_what_it_did(wanted, observed, expected):
    assert sentence(Plan((plan(backend(*wanted), slots(**observed)),))) == expected


def test_a_backend_that_comes_without_endpoints_is_said_to_be_new():
    made = Plan((BackendPlan("web", Seating(10), (AddBackend("web"), PublishBackend("web"))),))
    assert sentence(made) == "shop/web:80: new backend; no reload"


def test_slots_that_come_without_endpoints_are_counted():
    grown = Plan((BackendPlan("web", Seating(3), (AddSlot("web", "s2", ""), AddSlot("web", "s3", ""))),))
    assert sentence(grown) == "shop/web:80: 2 slots added; no reload"


def test_a_name_that_haproxy_resolves_is_said_to_change():
    renamed = Plan((BackendPlan("web", Seating(1), (SetFqdn("web", "s1", "web.example"),)),))
    assert sentence(renamed) == "shop/web:80: name of slot s1 changed; no reload"


def test_a_cycle_says_why_a_reload_waits():
    pending = [Reload(ReloadReason.NO_FREE_SLOT, "web", "11 endpoints, 10 slots")]
    entries = (AddMapEntry(MapName.HOSTS, "a.example", "x"),)
    assert sentence(Plan(entries=entries), pending=pending) == (
        "1 map entry set; a reload waits because NO_FREE_SLOT (web: 11 endpoints, 10 slots)"
    )


def test_many_reasons_are_counted_not_listed():
    reloads = [Reload(ReloadReason.NEW_BACKEND, f"shop_web{number}_80") for number in range(10)]
    assert reload_words(reloads) == "NEW_BACKEND (shop_web0_80, shop_web1_80, shop_web2_80 and 7 more)"
