"""The documents of API and commands, from plain values."""

from datetime import UTC, datetime

import pytest

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Endpoint
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.observe.documents import plan_document, problem_documents, slot_counts, slots_document
from hadyn.planner.commands import SetAddress, SetMapEntry, SetState
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan, Plan, Seating
from hadyn.planner.reasons import Reload, ReloadReason

NOW = datetime(2026, 11, 22, 10, 0, 30, tzinfo=UTC)
POD = Address("10.0.0.7", 8080)
STRANGER = Address("10.0.0.99", 8080)


def backend(*endpoints):
    return Backend("shop_web_80", "shop/web:80", endpoints)


def observed(*slots):
    return ObservedBackend("shop_web_80", slots)


def document(wanted, seen):
    (only,) = slots_document({wanted.name: wanted}, {seen.name: seen}, NOW)
    return only


def test_a_backend_is_told_exactly_as_the_contract_shows_it():
    wanted = backend(Endpoint(POD, name="shop/web-6865546d4-89hn2"))
    seen = observed(
        ObservedSlot("s1", POD, SlotState.READY, sessions=4, seconds_in_state=30),
        ObservedSlot("s2", seconds_in_state=90),
    )

    assert document(wanted, seen) == {
        "backend": "shop_web_80",
        "service": "shop/web:80",
        "discovery": "endpoints",
        "slots": 2,
        "ready": 1,
        "draining": 0,
        "maint": 0,
        "free": 1,
        "sessions": 4,
        "entries": [
            {
                "slot": "s1",
                "state": "ready",
                "address": "10.0.0.7:8080",
                "fqdn": None,
                "weight": 1,
                "endpoint": "shop/web-6865546d4-89hn2",
                "sessions": 4,
                "since": "2026-11-22T10:00:00Z",
                "up": True,
            },
            {
                "slot": "s2",
                "state": "free",
                "address": None,
                "fqdn": None,
                "weight": 1,
                "endpoint": None,
                "sessions": 0,
                "since": "2026-11-22T09:59:00Z",
                "up": True,
            },
        ],
    }


@pytest.mark.parametrize(
    ("slot", "shown_state", "shown_address"),
    [
        (ObservedSlot("s1", POD, SlotState.READY), "ready", "10.0.0.7:8080"),
        (ObservedSlot("s1", POD, SlotState.DRAIN), "drain", "10.0.0.7:8080"),
        (ObservedSlot("s1", POD, SlotState.MAINT), "maint", "10.0.0.7:8080"),
        (ObservedSlot("s1", STRANGER, SlotState.READY), "ready", "10.0.0.99:8080"),
        (ObservedSlot("s1", STRANGER, SlotState.MAINT, sessions=2), "maint", "10.0.0.99:8080"),
        (ObservedSlot("s1", STRANGER, SlotState.MAINT), "free", None),
        (ObservedSlot("s1", None, SlotState.MAINT), "free", None),
        (ObservedSlot("s1", None, SlotState.MAINT, fqdn="a.example"), "maint", None),
    ],
)
def test_a_slot_is_free_only_when_a_newcomer_may_have_it_at_once(slot, shown_state, shown_address):
    wanted = backend(Endpoint(POD, name="shop/web-1"))

    (entry,) = document(wanted, observed(slot))["entries"]

    assert (entry["state"], entry["address"]) == (shown_state, shown_address)


def test_counts_and_documents_agree_on_what_every_slot_is():
    wanted = backend(Endpoint(POD))
    seen = observed(
        ObservedSlot("s1", POD, SlotState.READY),
        ObservedSlot("s2", STRANGER, SlotState.DRAIN),
        ObservedSlot("s3", STRANGER, SlotState.MAINT, sessions=1),
        ObservedSlot("s4", STRANGER, SlotState.MAINT),
        ObservedSlot("s5"),
    )

    shown = document(wanted, seen)

    assert slot_counts(wanted, seen) == {"ready": 1, "drain": 1, "maint": 1, "free": 2}
    assert (shown["ready"], shown["draining"], shown["maint"], shown["free"]) == (1, 1, 1, 2)


def test_a_backend_that_haproxy_does_not_have_yet_is_shown_without_slots():
    (shown,) = slots_document({"shop_web_80": backend(Endpoint(POD))}, {}, NOW)

    assert shown["slots"] == 0
    assert shown["entries"] == []


def test_a_backend_that_nobody_wants_any_more_is_shown_without_a_service():
    (shown,) = slots_document({}, {"shop_web_80": observed(ObservedSlot("s1"))}, NOW)

    assert shown["service"] is None
    assert shown["discovery"] is None
    assert shown["free"] == 1


def test_backends_come_in_the_order_of_their_names():
    names = ["b_x_80", "a_y_80", "c_z_80"]

    shown = slots_document({name: Backend(name, name) for name in names}, {}, NOW)

    assert [one["backend"] for one in shown] == sorted(names)


def test_a_plan_tells_commands_reloads_and_seats():
    plan = Plan(
        backends=(
            BackendPlan(
                "shop_web_80",
                Seating(2, {"s1": Endpoint(POD)}),
                prepare=(SetAddress("shop_web_80", "s1", POD),),
                activate=(SetState("shop_web_80", "s1", SlotState.READY),),
                reloads=(Reload(ReloadReason.NO_FREE_SLOT, "shop_web_80", "3 endpoints, 2 slots"),),
                unseated=(Endpoint(STRANGER),),
            ),
        ),
        entries=(SetMapEntry("prefix", "a.example/", "shop_web_80"),),
    )

    assert plan_document(plan) == {
        "commands": [
            "set server shop_web_80/s1 addr 10.0.0.7 port 8080",
            "set server shop_web_80/s1 state ready",
            "set map prefix.map a.example/ shop_web_80",
        ],
        "reloads": [{"reason": "NO_FREE_SLOT", "backend": "shop_web_80", "detail": "3 endpoints, 2 slots"}],
        "backends": [
            {
                "backend": "shop_web_80",
                "slots": 2,
                "seats": {"s1": "10.0.0.7:8080"},
                "unseated": ["10.0.0.99:8080"],
            }
        ],
    }


def test_a_problem_names_object_field_reason_and_remedy():
    problem = Problem(
        ObjectRef("Ingress", "shop", "web"), "spec.rules[0]", Reason.CLAIMED, "is taken", "take another", "a.yaml:3"
    )

    assert problem_documents([problem]) == [
        {
            "object": "ingress shop/web",
            "field": "spec.rules[0]",
            "reason": "Claimed",
            "said": "is taken",
            "remedy": "take another",
            "file": "a.yaml:3",
        }
    ]
