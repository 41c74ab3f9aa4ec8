"""Pods of a StatefulSet come back to the slot they had."""

from __future__ import annotations

from tests.planner.texts import backend, commands, lines, plan, slots


def seats(made):
    return {name: seat.address.ip for name, seat in made.seating.seats.items()}


def test_each_pod_starts_in_its_own_slot_whatever_its_address():
    wanted = backend("10.0.0.1:80 home=s3", "10.0.0.2:80 home=s1", "10.0.0.3:80", slots=4)
    assert seats(plan(wanted, None)) == {"s1": "10.0.0.2", "s2": "10.0.0.3", "s3": "10.0.0.1"}


def test_a_pod_that_comes_back_with_another_address_gets_its_own_slot():
    wanted = backend("10.0.0.9:80 home=s2", "10.0.0.1:80 home=s1")
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 maint", s3="free")
    assert commands(wanted, observed) == lines("""
        set server web/s2 addr 10.0.0.9 port 80
        --
        set server web/s2 state ready
    """)


def test_a_pod_replaced_in_one_change_takes_over_its_slot_while_others_serve():
    wanted = backend("10.0.0.1:80 home=s1", "10.0.0.9:80 home=s2")
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready", s3="free")
    assert commands(wanted, observed) == lines("""
        set server web/s2 state maint
        set server web/s2 addr 10.0.0.9 port 80
        --
        set server web/s2 state ready
    """)


def test_the_last_one_that_serves_is_not_taken_out_for_its_own_successor():
    wanted = backend("10.0.0.9:80 home=s1")
    observed = slots(s1="10.0.0.1:80 ready", s2="free")
    assert commands(wanted, observed) == lines("""
        set server web/s2 addr 10.0.0.9 port 80
        --
        set server web/s2 state ready
        set server web/s1 state maint
    """)


def test_who_sits_already_never_moves():
    wanted = backend("10.0.0.1:80 home=s2", "10.0.0.2:80 home=s1")
    assert commands(wanted, slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready")) == []


def test_others_leave_homes_free_as_long_as_there_are_other_slots():
    wanted = backend("10.0.0.1:80", "10.0.0.2:80 home=s1")
    made = plan(wanted, slots(s1="free", s2="free"))
    assert seats(made) == {"s1": "10.0.0.2", "s2": "10.0.0.1"}


def test_a_home_that_a_backend_does_not_have_is_any_other_slot():
    made = plan(backend("10.0.0.1:80 home=s900"), slots(s1="free", s2="free"))
    assert seats(made) == {"s1": "10.0.0.1"}


def test_homes_hold_for_those_that_a_growth_makes_room_for():
    wanted = backend("10.0.0.1:80 home=s1", "10.0.0.2:80 home=s4", "10.0.0.3:80 home=s2", increment=1)
    made = plan(wanted, slots(s1="10.0.0.1:80 ready"))
    assert seats(made) == {"s1": "10.0.0.1", "s2": "10.0.0.3", "s4": "10.0.0.2"}
