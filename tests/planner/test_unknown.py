"""A backend of whose endpoints nothing is known yet: hadyn is new, DNS silent, HAProxy serves."""

from __future__ import annotations

from hadyn.model.desired import Backend, Capacity, Discovery
from hadyn.planner.unknown import as_seated
from tests.planner.texts import backend, commands, slots

UNKNOWN = Backend("web", "shop/web:80", capacity=Capacity(1), discovery=Discovery.DNS, knows_endpoints=False)


def test_whoever_sits_stays_while_nothing_is_known():
    observed = slots(s1="10.0.0.1:80 ready weight=3", s2="10.0.0.2:80 drain", s3="10.0.0.3:80 maint", s4="free")
    seated = as_seated(UNKNOWN, observed)
    assert [(str(each.address), each.weight, each.draining) for each in seated.endpoints] == [
        ("10.0.0.1:80", 3, False),
        ("10.0.0.2:80", 1, True),
    ]
    assert commands(seated, observed) == []


def test_an_address_that_two_slots_hold_is_one_endpoint():
    observed = slots(s1="10.0.0.1:80 drain", s2="10.0.0.1:80 ready")
    assert [each.draining for each in as_seated(UNKNOWN, observed).endpoints] == [False]


def test_what_is_known_is_wanted_as_it_is():
    known = backend("10.0.0.1:80")
    assert as_seated(known, slots(s1="10.0.0.9:80 ready")) is known
    assert as_seated(UNKNOWN, None) is UNKNOWN
    assert as_seated(None, slots(s1="10.0.0.9:80 ready")) is None
