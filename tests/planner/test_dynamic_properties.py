"""What holds for every plan that adds or takes away, interrupted anywhere (reliability.md D3: I1 to I11, I20)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddSlot
from hadyn.planner.observed import ObservedBackend, SlotState
from hadyn.planner.slots import plan_removal, plan_retirement
from tests.planner.test_plan_properties import desired_backends, observed_backends, serving
from tests.planner.texts import plan, told_or_gone

CAPABILITIES = Capabilities((3, 4, 7))


def settled(desired, observed):
    """Plan and tell until a plan says nothing more; return what HAProxy is then."""
    for _ in range(20):
        made = plan(desired, observed, CAPABILITIES)
        assert made.reloads == ()
        if not (made.prepare or made.activate):
            return observed
        for command in [*made.prepare, *made.activate]:
            observed = told_or_gone(observed, command)
    raise AssertionError("the plans do not come to an end")


def interrupted(observed, commands, data):
    for command in commands[: data.draw(st.integers(0, len(commands)))]:
        observed = told_or_gone(observed, command)
    return observed


@given(desired_backends(), st.one_of(st.none(), st.just(ObservedBackend("web")), observed_backends()))
@settings(max_examples=150)
def test_everybody_gets_a_slot_without_a_reload_unless_the_backend_may_have_no_more(desired, observed):
    present = len(observed.slots) if observed else 0
    after = settled(desired, observed)
    wanted = {endpoint.address for endpoint in desired.endpoints if not endpoint.draining}
    assert len(after.slots) <= max(desired.capacity.maximum, present)
    assert len(serving(after) & wanted) == min(len(wanted), len(after.slots))


@given(desired_backends(), st.one_of(st.none(), observed_backends()), st.data())
@settings(max_examples=150)
def test_hadyn_killed_between_any_two_additions_ends_in_the_same_place(desired, observed, data):
    made = plan(desired, observed, CAPABILITIES)
    half_way = interrupted(observed, [*made.prepare, *made.activate], data)
    reached, intended = settled(desired, half_way), settled(desired, observed)
    assert serving(reached) == serving(intended) or len(desired.endpoints) > len(intended.slots)


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_a_slot_is_added_once_and_its_address_is_wanted(desired, observed):
    made = plan(desired, observed, CAPABILITIES)
    names = [slot.name for slot in observed.slots]
    names += [command.slot for command in made.prepare if isinstance(command, AddSlot)]
    assert len(set(names)) == len(names)


@given(observed_backends(), st.data())
@settings(max_examples=150)
def test_a_backend_whose_removal_was_cut_off_anywhere_is_gone_in_the_end(observed, data):
    for command in plan_retirement(observed):
        observed = told_or_gone(observed, command)
    aged = ObservedBackend("web", tuple(_aged(slot) for slot in observed.slots))
    half_way = interrupted(aged, plan_removal(aged, CAPABILITIES), data)
    for command in plan_removal(half_way, CAPABILITIES) if half_way else ():
        half_way = told_or_gone(half_way, command)
    assert half_way is None


@given(desired_backends(), observed_backends(), st.data())
@settings(max_examples=150)
def test_a_backend_wanted_again_amid_its_removal_serves_as_if_it_had_never_left(desired, observed, data):
    for command in plan_retirement(observed):
        observed = told_or_gone(observed, command)
    aged = ObservedBackend("web", tuple(_aged(slot) for slot in observed.slots))
    after = settled(desired, interrupted(aged, plan_removal(aged, CAPABILITIES), data))
    wanted = {endpoint.address for endpoint in desired.endpoints if not endpoint.draining}
    assert len(serving(after) & wanted) == min(len(wanted), len(after.slots))


def _aged(slot):
    assert slot.state is SlotState.MAINT
    return type(slot)(slot.name, slot.address, slot.state, slot.weight, 0, 60)
