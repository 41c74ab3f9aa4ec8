"""What holds for every plan, tried on thousands of them (reliability.md D3: I1 to I11, I20)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.model.desired import Backend, Capacity, Endpoint
from hadyn.planner.commands import SetAddress, SetState
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from tests.planner.texts import address, plan, reloaded, told

ADDRESSES = [address(f"10.0.0.{number}:80") for number in range(1, 9)]


@st.composite
def observed_backends(draw):
    size = draw(st.integers(1, 8))
    held = draw(st.lists(st.sampled_from([None, *ADDRESSES]), min_size=size, max_size=size))
    return ObservedBackend("web", tuple(draw(_slot(f"s{n}", where)) for n, where in enumerate(held, start=1)))


def _slot(name, where):
    states = st.sampled_from(SlotState) if where else st.just(SlotState.MAINT)
    return st.builds(
        ObservedSlot,
        st.just(name),
        st.just(where),
        states,
        weight=st.sampled_from([0, 1, 3]),
        sessions=st.integers(0, 2) if where else st.just(0),
        seconds_in_state=st.sampled_from([0, 100]),
    )


@st.composite
def desired_backends(draw):
    wanted = draw(st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=8))
    some_ready = len(wanted) > 1
    endpoints = tuple(
        Endpoint(where, weight=draw(st.sampled_from([1, 3])), draining=some_ready and n > 0 and draw(st.booleans()))
        for n, where in enumerate(sorted(wanted))
    )
    capacity = Capacity(slots=draw(st.integers(1, 8)), maximum=draw(st.sampled_from([4, 8, 100])), increment=4)
    return Backend("web", "shop/web:80", endpoints, capacity)


def settled(desired, observed):
    """Plan and tell until a plan says nothing more; return what HAProxy is then."""
    for _ in range(20):
        made = plan(desired, observed)
        if not (made.prepare or made.activate or made.reloads):
            return observed
        for command in [*made.prepare, *made.activate]:
            observed = told(observed, command)
        if made.reloads and not made.is_unfinished:
            observed = reloaded(observed, made)
    raise AssertionError("the plans do not come to an end")


def serving(observed):
    return {slot.address for slot in observed.slots if slot.state is SlotState.READY and slot.weight}


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_planning_again_after_a_plan_was_carried_out_comes_to_an_end(desired, observed):
    after = settled(desired, observed)
    wanted = [endpoint for endpoint in desired.endpoints if not endpoint.draining]
    ready = [slot.address for slot in after.slots if slot.state is SlotState.READY]
    assert len(set(ready)) == len(ready)
    assert set(ready) <= {endpoint.address for endpoint in desired.endpoints}
    seats = min(len(wanted), max(len(after.slots), 1))
    assert len(serving(after) & {endpoint.address for endpoint in wanted}) == seats


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_a_plan_that_was_carried_out_is_not_planned_again(desired, observed):
    after = settled(desired, observed)
    again = plan(desired, after)
    assert (again.prepare, again.activate, again.reloads) == ((), (), ())


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_an_address_changes_only_in_maint_and_ready_is_said_only_of_wanted_addresses(desired, observed):
    made = plan(desired, observed)
    wanted = {endpoint.address for endpoint in desired.endpoints}
    for command in [*made.prepare, *made.activate]:
        present = next(slot for slot in observed.slots if slot.name == command.slot)
        assert not isinstance(command, SetAddress) or present.state is SlotState.MAINT
        observed = told(observed, command)
        is_ready = isinstance(command, SetState) and command.state is SlotState.READY
        assert not is_ready or present.address in wanted


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_while_some_are_wanted_every_prefix_of_a_plan_leaves_one_that_serves(desired, observed):
    wanted = {endpoint.address for endpoint in desired.endpoints}
    grows = len(observed.slots) < desired.capacity.maximum
    made = plan(desired, observed)
    served_before = bool(serving(observed)) and bool(wanted) and (grows or len(observed.slots) > 1)
    for command in [*made.prepare, *made.activate]:
        observed = told(observed, command)
        assert not served_before or serving(observed)


@given(desired_backends(), observed_backends())
@settings(max_examples=150)
def test_a_ready_endpoint_that_stays_wanted_is_ready_throughout_in_its_slot(desired, observed):
    stays = {endpoint.address for endpoint in desired.endpoints if not endpoint.draining}
    serving_slots = (slot for slot in reversed(observed.slots) if slot.state is SlotState.READY and slot.weight)
    kept = {slot.address: slot.name for slot in serving_slots if slot.address in stays}
    made = plan(desired, observed)
    for command in [*made.prepare, *made.activate]:
        assert not (isinstance(command, SetState | SetAddress) and command.slot in kept.values())


@given(desired_backends(), observed_backends(), st.data())
@settings(max_examples=100)
def test_hadyn_killed_between_any_two_commands_ends_in_the_same_place(desired, observed, data):
    made = plan(desired, observed)
    steps = [*made.prepare, *made.activate]
    interrupted = observed
    for command in steps[: data.draw(st.integers(0, len(steps)))]:
        interrupted = told(interrupted, command)
    assert serving(settled(desired, interrupted)) == serving(settled(desired, observed)) or len(
        desired.endpoints
    ) > len(observed.slots)
