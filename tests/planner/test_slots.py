"""Who gets which slot, and in which order HAProxy is told."""

from __future__ import annotations

import pytest

from hadyn.planner.slots import plan_retirement, seat_first
from tests.planner.texts import backend, commands, lines, plan, slots


def test_a_newcomer_gets_the_lowest_free_slot_and_becomes_ready_last():
    observed = slots(s1="10.0.0.1:80 ready", s2="free", s3="free")
    assert commands(backend("10.0.0.1:80", "10.0.0.2:80"), observed) == lines("""
        set server web/s2 addr 10.0.0.2 port 80
        --
        set server web/s2 state ready
    """)


def test_nothing_is_said_when_everything_is_right():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready weight=3", s3="free")
    assert commands(backend("10.0.0.1:80", "10.0.0.2:80 weight=3"), observed) == []


def test_a_pod_that_leaves_while_others_stay_goes_first():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready", s3="free")
    assert commands(backend("10.0.0.2:80", "10.0.0.3:80"), observed) == lines("""
        set server web/s3 addr 10.0.0.3 port 80
        set server web/s1 state maint
        --
        set server web/s3 state ready
    """)


def test_the_only_pod_that_serves_leaves_after_its_successor_is_ready():
    observed = slots(s1="10.0.0.1:80 ready sessions=3", s2="free")
    assert commands(backend("10.0.0.2:80"), observed) == lines("""
        set server web/s2 addr 10.0.0.2 port 80
        --
        set server web/s2 state ready
        set server web/s1 state maint
    """)


def test_a_terminating_pod_that_still_serves_drains():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready", s3="free")
    assert commands(backend("10.0.0.1:80 draining", "10.0.0.2:80"), observed) == lines("""
        set server web/s1 state drain
    """)


def test_a_terminating_pod_that_never_had_a_slot_gets_none():
    observed = slots(s1="10.0.0.1:80 ready", s2="free")
    assert commands(backend("10.0.0.1:80", "10.0.0.9:80 draining"), observed) == []


def test_a_pod_that_comes_back_gets_the_slot_that_still_holds_its_address():
    observed = slots(s1="10.0.0.1:80 ready", s2="free", s3="10.0.0.3:80 maint for=100")
    assert commands(backend("10.0.0.1:80", "10.0.0.3:80"), observed) == lines("""
        --
        set server web/s3 state ready
    """)


def test_a_slot_with_sessions_is_not_handed_on_while_another_is_free():
    observed = slots(s1="10.0.0.1:80 maint sessions=3", s2="10.0.0.2:80 ready", s3="10.0.0.3:80 maint")
    assert "set server web/s3 addr 10.0.0.4 port 80" in commands(backend("10.0.0.2:80", "10.0.0.4:80"), observed)


def test_a_slot_that_drained_long_enough_is_handed_on_before_one_that_just_began():
    observed = slots(
        s1="10.0.0.1:80 maint sessions=1 for=5",
        s2="10.0.0.2:80 maint sessions=9 for=61",
        s3="10.0.0.3:80 ready",
    )
    assert "set server web/s2 addr 10.0.0.4 port 80" in commands(backend("10.0.0.3:80", "10.0.0.4:80"), observed)


def test_a_backend_may_say_for_itself_how_long_its_slots_wait():
    observed = slots(
        s1="10.0.0.1:80 maint sessions=1 for=5",
        s2="10.0.0.2:80 maint sessions=9 for=61",
        s3="10.0.0.3:80 ready",
    )
    desired = backend("10.0.0.3:80", "10.0.0.4:80", drain_seconds=3)
    assert "set server web/s1 addr 10.0.0.4 port 80" in commands(desired, observed)


def test_a_slot_with_sessions_is_handed_on_before_haproxy_is_reloaded():
    observed = slots(s1="10.0.0.1:80 maint sessions=1", s2="10.0.0.2:80 ready")
    made = plan(backend("10.0.0.2:80", "10.0.0.4:80"), observed)
    assert made.reloads == ()
    assert "set server web/s1 addr 10.0.0.4 port 80" in map(str, made.prepare)


def test_slots_that_leave_are_reused_in_the_same_plan_where_one_stays_ready():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready")
    assert commands(backend("10.0.0.2:80", "10.0.0.3:80"), observed) == lines("""
        set server web/s1 state maint
        set server web/s1 addr 10.0.0.3 port 80
        --
        set server web/s1 state ready
    """)


def test_when_every_pod_is_replaced_at_once_in_full_slots_one_serves_until_the_others_do():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready")
    made = plan(backend("10.0.0.3:80", "10.0.0.4:80"), observed)
    assert [*map(str, made.prepare), *map(str, made.activate)] == lines("""
        set server web/s1 state maint
        set server web/s1 addr 10.0.0.3 port 80
        set server web/s1 state ready
    """)
    assert made.is_unfinished
    assert made.reloads == ()


@pytest.mark.parametrize(
    ("present", "command"),
    [
        ("10.0.0.1:80 drain", "set server web/s1 state ready"),
        ("10.0.0.1:80 ready weight=0", "set server web/s1 weight 1"),
    ],
)
def test_in_full_slots_the_last_one_serves_until_one_that_comes_back_does(present, command):
    observed = slots(s1=present, s2="10.0.0.2:80 ready")
    made = plan(backend("10.0.0.1:80", "10.0.0.3:80", slots=2, maximum=2), observed)
    assert [*map(str, made.prepare), *map(str, made.activate)] == [command]
    assert made.is_unfinished


def test_a_backend_of_one_slot_that_may_not_grow_replaces_its_pod_in_place():
    observed = slots(s1="10.0.0.1:80 ready")
    assert commands(backend("10.0.0.2:80", slots=1, maximum=1), observed) == lines("""
        set server web/s1 state maint
        set server web/s1 addr 10.0.0.2 port 80
        --
        set server web/s1 state ready
    """)


def test_a_backend_of_one_slot_that_may_grow_keeps_serving_until_the_reload():
    made = plan(backend("10.0.0.2:80", slots=1), slots(s1="10.0.0.1:80 ready"))
    assert made.prepare == made.activate == ()
    assert [str(reload.reason) for reload in made.reloads] == ["NO_FREE_SLOT"]
    assert [str(seat.address) for seat in made.seating.seats.values()] == ["10.0.0.2:80"]


def test_weights_rise_before_others_fall():
    observed = slots(s1="10.0.0.1:80 ready weight=1", s2="10.0.0.2:80 ready weight=0")
    assert commands(backend("10.0.0.1:80 weight=0", "10.0.0.2:80 weight=1"), observed) == lines("""
        set server web/s2 weight 1
        set server web/s1 weight 0
    """)


def test_a_weight_is_set_before_its_slot_is_ready():
    observed = slots(s1="10.0.0.1:80 ready", s2="free")
    assert commands(backend("10.0.0.1:80", "10.0.0.2:80 weight=3"), observed) == lines("""
        set server web/s2 addr 10.0.0.2 port 80
        set server web/s2 weight 3
        --
        set server web/s2 state ready
    """)


def test_a_slot_somebody_put_in_maint_by_hand_comes_back():
    observed = slots(s1="10.0.0.1:80 maint", s2="10.0.0.2:80 drain")
    assert commands(backend("10.0.0.1:80", "10.0.0.2:80"), observed) == lines("""
        --
        set server web/s1 state ready
        set server web/s2 state ready
    """)


def test_an_address_in_two_ready_slots_keeps_one_of_them():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.1:80 ready")
    assert commands(backend("10.0.0.1:80"), observed) == ["set server web/s2 state maint"]


def test_the_last_endpoint_that_goes_leaves_no_slot_ready():
    assert commands(backend(), slots(s1="10.0.0.1:80 ready")) == ["set server web/s1 state maint"]


def test_slots_that_hadyn_did_not_name_are_left_alone():
    assert commands(backend(), slots(other="10.0.0.1:80 ready")) == []


def test_a_backend_that_nobody_wants_goes_out_of_service():
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 drain", s3="free")
    assert [*map(str, plan_retirement(observed))] == lines("""
        set server web/s1 state maint
        set server web/s2 state maint
    """)


def test_a_new_backend_is_seated_in_address_order_and_needs_a_reload():
    made = plan(backend("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80 draining", slots=10), None)
    assert {name: str(seat.address) for name, seat in made.seating.seats.items()} == {
        "s1": "10.0.0.1:80",
        "s2": "10.0.0.2:80",
    }
    assert made.seating.slots == 10
    assert [str(reload.reason) for reload in made.reloads] == ["NEW_BACKEND"]


def test_endpoints_beyond_slots_max_are_named_and_the_others_serve():
    made = plan(backend("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", slots=2, maximum=2), None)
    assert made.seating.slots == 2
    assert [str(endpoint.address) for endpoint in made.unseated] == ["10.0.0.3:80"]
    assert seat_first(backend("10.0.0.1:80", slots=10)).slots == 10
