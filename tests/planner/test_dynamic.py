"""Backends and slots that come and go by command, where this HAProxy takes them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hadyn.model.directives import Directive
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.dynamic import can_add_backend, can_add_slots
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import Plan
from hadyn.planner.slots import plan_removal
from tests.planner.texts import address, backend, commands, endpoint, lines, plan, slots

OLD = Capabilities((2, 8, 25))
WITH_SLOTS = Capabilities((3, 2, 26))
WITH_BACKENDS = Capabilities((3, 4, 7))


def test_a_new_backend_is_added_with_all_its_slots_and_ready_last():
    wanted = backend("10.0.0.1:80 weight=3", "10.0.0.2:80", slots=3)
    assert commands(wanted, None, WITH_BACKENDS) == lines("""
        add backend web from hadyn
        publish backend web
        add server web/s1 10.0.0.1:80 weight 3
        add server web/s2 10.0.0.2:80 weight 1
        add server web/s3 127.0.0.1:1 weight 1
        --
        set server web/s1 state ready
        set server web/s2 state ready
    """)


def test_a_new_backend_that_came_by_command_needs_no_reload_but_another_plan_for_its_routes():
    made = plan(backend("10.0.0.1:80"), None, WITH_BACKENDS)
    assert made.reloads == ()
    assert made.is_unfinished


def test_a_new_backend_needs_a_reload_before_three_four():
    made = plan(backend("10.0.0.1:80"), None, WITH_SLOTS)
    assert [str(reload.reason) for reload in made.reloads] == ["NEW_BACKEND"]
    assert made.prepare == ()


def test_a_backend_that_was_added_and_got_no_slot_is_published_again():
    assert commands(backend(slots=1), ObservedBackend("web"), WITH_BACKENDS) == lines("""
        publish backend web
        add server web/s1 127.0.0.1:1 weight 1
    """)


def test_a_backend_that_somebody_unpublished_is_published_again():
    hidden = ObservedBackend("web", slots(s1="10.0.0.1:80 ready").slots, is_published=False)
    assert commands(backend("10.0.0.1:80"), hidden, WITH_BACKENDS) == ["publish backend web"]


def test_an_endpoint_beyond_the_slots_brings_twice_as_many_without_a_reload():
    wanted = backend("10.0.0.1:80", "10.0.0.2:80", "[fd00::3]:80", increment=2, min_free=0)
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready")
    made = plan(wanted, observed, WITH_SLOTS)
    assert commands(wanted, observed, WITH_SLOTS) == lines("""
        add server web/s3 [fd00::3]:80 weight 1
        add server web/s4 127.0.0.1:1 weight 1
        --
        set server web/s3 state ready
    """)
    assert made.reloads == ()
    assert (made.seating.slots, list(made.seating.seats)) == (4, ["s1", "s2", "s3"])


def test_an_endpoint_beyond_the_slots_needs_a_reload_in_old_versions():
    wanted = backend("10.0.0.1:80", "10.0.0.2:80", increment=2, min_free=0)
    made = plan(wanted, slots(s1="10.0.0.1:80 ready"), OLD)
    assert [str(reload.reason) for reload in made.reloads] == ["NO_FREE_SLOT"]
    assert made.prepare == ()


def test_slots_that_drain_are_handed_on_before_any_are_added():
    wanted = backend("10.0.0.1:80", "10.0.0.3:80")
    observed = slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 maint sessions=2")
    assert commands(wanted, observed, WITH_SLOTS) == lines("""
        set server web/s2 addr 10.0.0.3 port 80
        --
        set server web/s2 state ready
    """)


def test_more_slots_by_annotation_are_added_without_a_reload():
    made = plan(backend(slots=3), slots(s1="free"), WITH_SLOTS)
    assert [*map(str, made.prepare)] == lines("""
        add server web/s2 127.0.0.1:1 weight 1
        add server web/s3 127.0.0.1:1 weight 1
    """)
    assert made.reloads == ()
    assert made.seating.slots == 3


def test_no_more_slots_are_added_than_the_backend_may_have():
    wanted = backend(*(f"10.0.0.{number}:80" for number in range(1, 6)), maximum=3)
    made = plan(wanted, slots(s1="10.0.0.1:80 ready", s2="10.0.0.2:80 ready"), WITH_SLOTS)
    assert [*map(str, made.prepare)] == ["add server web/s3 10.0.0.3:80 weight 1"]
    assert made.reloads == ()
    assert [*map(str, made.unseated)] == [*map(str, (endpoint("10.0.0.4:80"), endpoint("10.0.0.5:80")))]


def test_a_slot_that_is_missing_among_the_others_is_added():
    observed = slots(s1="10.0.0.1:80 ready", s3="10.0.0.3:80 ready")
    made = plan(backend("10.0.0.1:80", "10.0.0.3:80", slots=3), observed, WITH_SLOTS)
    assert [*map(str, made.prepare)] == ["add server web/s2 127.0.0.1:1 weight 1"]


def test_what_the_file_says_of_all_slots_is_said_of_an_added_one():
    wanted = replace(backend("10.0.0.1:80"), server_directives=(Directive("maxconn", "5"), Directive("send-proxy")))
    assert str(plan(wanted, None, WITH_BACKENDS).prepare[2]) == (
        "add server web/s1 10.0.0.1:80 weight 1 maxconn 5 send-proxy"
    )


CHECKED = (Directive("check"), Directive("inter", "500ms"))


def test_an_added_slot_of_a_checked_backend_is_checked_before_it_is_ready():
    wanted = replace(backend("10.0.0.1:80", slots=2), server_directives=CHECKED)
    assert commands(wanted, None, WITH_BACKENDS) == lines("""
        add backend web from hadyn
        publish backend web
        add server web/s1 10.0.0.1:80 weight 1 check inter 500ms
        add server web/s2 127.0.0.1:1 weight 1 check inter 500ms
        enable health web/s1
        --
        set server web/s1 state ready
    """)


def test_a_slot_that_was_added_for_nobody_is_checked_once_it_is_given():
    held = ObservedSlot("s2", lacks_checks=True)
    present = ObservedBackend("web", (*slots(s1="10.0.0.1:80 ready").slots, held))
    wanted = replace(backend("10.0.0.1:80", "10.0.0.2:80"), server_directives=CHECKED)
    assert commands(wanted, present, WITH_SLOTS) == lines("""
        enable health web/s2
        set server web/s2 addr 10.0.0.2 port 80
        --
        set server web/s2 state ready
    """)


def test_a_slot_that_serves_unchecked_because_somebody_died_is_checked():
    held = ObservedSlot("s1", address("10.0.0.1:80"), SlotState.READY, lacks_checks=True)
    wanted = replace(backend("10.0.0.1:80"), server_directives=CHECKED)
    assert commands(wanted, ObservedBackend("web", (held,)), WITH_SLOTS)[:1] == ["enable health web/s1"]


ASKED = (Directive("agent-check"), Directive("agent-port", "9777"))


def test_the_agent_of_an_added_slot_is_asked_before_it_is_ready():
    wanted = replace(backend("10.0.0.1:80", slots=1), server_directives=(*CHECKED, *ASKED))
    assert commands(wanted, None, WITH_BACKENDS) == lines("""
        add backend web from hadyn
        publish backend web
        add server web/s1 10.0.0.1:80 weight 1 check inter 500ms agent-check agent-port 9777
        enable health web/s1
        enable agent web/s1
        --
        set server web/s1 state ready
    """)


def test_a_slot_whose_agent_is_not_asked_because_somebody_died_gets_it_asked():
    held = ObservedSlot("s1", address("10.0.0.1:80"), SlotState.READY, lacks_checks=True)
    wanted = replace(backend("10.0.0.1:80"), server_directives=ASKED)
    assert commands(wanted, ObservedBackend("web", (held,)), WITH_BACKENDS)[:1] == ["enable agent web/s1"]


def test_slots_with_agents_come_with_a_reload_where_they_would_be_down_at_first():
    assert not can_add_slots(replace(backend(), server_directives=ASKED), WITH_SLOTS)


def test_the_weight_of_a_pod_in_service_is_its_agents_word():
    present = slots(s1="10.0.0.1:80 ready weight=7", s2="10.0.0.2:80 ready weight=0")
    wanted = replace(backend("10.0.0.1:80", "10.0.0.2:80"), server_directives=ASKED)
    assert commands(wanted, present, WITH_SLOTS) == []


def test_a_newcomer_does_not_inherit_the_weight_that_an_agent_gave_another_pod():
    present = ObservedBackend("web", (*slots(s1="10.0.0.1:80 ready").slots, ObservedSlot("s2", weight=7)))
    wanted = replace(backend("10.0.0.1:80", "10.0.0.2:80"), server_directives=ASKED)
    assert commands(wanted, present, WITH_SLOTS) == lines("""
        set server web/s2 addr 10.0.0.2 port 80
        set server web/s2 weight 1
        --
        set server web/s2 state ready
    """)


def test_shares_are_hadyns_word_whatever_agents_say():
    present = slots(s1="10.0.0.1:80 ready weight=7", s2="10.0.0.2:80 ready weight=3")
    wanted = replace(backend("10.0.0.1:80 weight=9", "10.0.0.2:80 weight=3"), server_directives=ASKED)
    assert commands(wanted, present, WITH_SLOTS) == ["set server web/s1 weight 9"]


@pytest.mark.parametrize(
    ("directives", "server_directives", "slots_too"),
    [
        ([Directive("timeout", "server", "9s")], [], True),
        ([Directive("balance", "leastconn")], [], True),
        ([Directive("balance", "random(2)")], [], True),
        ([Directive("balance", "source")], [], False),
        ([Directive("balance", "uri", "whole"), Directive("hash-type", "consistent")], [], True),
        ([], [Directive("agent-check"), Directive("agent-send", "a b")], False),
        ([], [Directive("sni", "str(a b)")], False),
    ],
)
def test_what_only_a_file_can_say_comes_with_a_reload(directives, server_directives, slots_too):
    wanted = replace(backend(), directives=tuple(directives), server_directives=tuple(server_directives))
    assert not can_add_backend(wanted, WITH_BACKENDS)
    assert can_add_slots(wanted, WITH_BACKENDS) == slots_too


@pytest.mark.parametrize(("version", "has_slots"), [((2, 8, 25), False), ((3, 0, 3), False), ((3, 0, 4), True)])
def test_slots_are_added_by_versions_that_do_it_without_faults(version, has_slots):
    assert can_add_slots(backend(), Capabilities(version)) == has_slots


def out_of_service(*names: str, seconds: int = 60) -> ObservedBackend:
    held = (ObservedSlot(name, address("10.0.0.1:80"), SlotState.MAINT, seconds_in_state=seconds) for name in names)
    return ObservedBackend("web", tuple(held))


def test_a_backend_that_nobody_wants_is_taken_away_with_its_last_slot_first():
    assert [*map(str, plan_removal(out_of_service("s1", "s10", "s2"), WITH_BACKENDS))] == lines("""
        del server web/s10
        del server web/s2
        del server web/s1
        unpublish backend web
        del backend web
    """)


@pytest.mark.parametrize(
    "observed",
    [out_of_service("s1", "s2", seconds=4), slots(s1="10.0.0.1:80 ready for=60"), out_of_service("s1", "somebody")],
    ids=["only just", "in service", "with a slot of somebody else"],
)
def test_a_backend_that_may_still_be_needed_is_not_taken_away(observed):
    assert plan_removal(observed, WITH_BACKENDS) == ()


def test_a_backend_is_taken_away_by_the_next_reload_in_old_versions():
    assert plan_removal(out_of_service("s1"), WITH_SLOTS) == ()


def test_a_backend_half_taken_away_gets_its_slots_back_when_it_is_wanted_again():
    wanted = backend("10.0.0.1:80", slots=2)
    assert commands(wanted, out_of_service("s1"), WITH_BACKENDS) == lines("""
        add server web/s2 127.0.0.1:1 weight 1
        --
        set server web/s1 state ready
    """)


def test_all_that_is_taken_away_goes_behind_everything_else():
    made = Plan(remove=plan_removal(out_of_service("s1"), WITH_BACKENDS), retire=())
    assert [*map(str, made.commands)][-1] == "del backend web"
