"""Backends whose slots HAProxy fills: the name on each slot, their number, nothing else."""

from __future__ import annotations

import pytest

from hadyn.model.desired import Backend, ByName, Capacity, Discovery
from hadyn.planner.capabilities import OLDEST, Capabilities
from hadyn.planner.observed import Observed, ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.plan import BackendPlan
from hadyn.planner.planning import Desired, make_plan
from tests.planner.texts import address, backend, lines

SERVICE = "_http._tcp.api.example"


def named(
    host: str = "api.example", *, slots: int = 2, records: int = 0, refused: bool = False, **more: int
) -> Backend:
    addresses = tuple(address(f"10.0.0.{number}:80") for number in range(1, records + 1))
    by_name = ByName(host, 0 if host.startswith("_") else 80, addresses, refused)
    return Backend("web", "shop/web:80", capacity=Capacity(slots, **more), discovery=Discovery.FQDN, by_name=by_name)


def slots(*texts: str) -> ObservedBackend:
    """Slots as "api.example 10.0.0.1:80 ready", "api.example - maint", "… forced", or without a name "- 10.0.0.1:80 ready"."""
    made = []
    for number, text in enumerate(texts, start=1):
        fqdn, where, state, *forced = text.split()
        sits = None if where == "-" else address(where)
        name = None if fqdn == "-" else fqdn
        made.append(ObservedSlot(f"s{number}", sits, SlotState(state), fqdn=name, is_forced=bool(forced)))
    return ObservedBackend("web", tuple(made))


def plan(wanted: Backend, observed: ObservedBackend | None) -> BackendPlan:
    there = {} if observed is None else {"web": observed}
    made = make_plan(
        Desired({"web": wanted}),
        Observed(there),
        loaded=set(there),
        drain_seconds=60,
        capabilities=Capabilities(OLDEST),
    )
    (part,) = made.backends
    return part


def commands(wanted: Backend, observed: ObservedBackend | None) -> list[str]:
    made = plan(wanted, observed)
    assert made.activate == ()
    return [*map(str, made.prepare)]


def reasons(wanted: Backend, observed: ObservedBackend | None) -> list[str]:
    return [str(reload.reason) for reload in plan(wanted, observed).reloads]


FILLED = slots("api.example 10.0.0.1:80 ready", "api.example - maint")


def test_what_haproxy_fills_is_left_alone():
    assert commands(named(), FILLED) == []
    assert reasons(named(), FILLED) == []


def test_another_name_is_set_on_every_slot_without_a_reload():
    assert commands(named("new.example"), FILLED) == lines("""
        set server web/s1 fqdn new.example
        set server web/s2 fqdn new.example
    """)
    assert reasons(named("new.example"), FILLED) == []


def test_the_case_of_a_name_is_no_difference():
    assert commands(named(), slots("API.Example - maint")) == []


def test_a_backend_that_is_new_comes_with_a_reload_and_room_for_all_records():
    assert reasons(named(records=11), None) == ["NEW_BACKEND"]
    assert plan(named(records=11), None).seating.slots == 20
    assert plan(named(records=1), None).seating.slots == 2


def test_more_records_than_slots_need_a_reload_with_more_slots():
    assert reasons(named(records=3), FILLED) == ["NO_FREE_SLOT"]
    assert plan(named(records=3), FILLED).seating.slots == 10
    assert reasons(named(records=3, maximum=2), FILLED) == []


def test_an_annotation_that_asks_for_more_slots_gets_them():
    assert reasons(named(slots=5), FILLED) == ["SLOTS_CHANGED"]


@pytest.mark.parametrize("wanted", [named(), backend("10.0.0.1:80", name="web")])
def test_a_backend_that_changes_sides_is_told_nothing_until_the_reload(wanted):
    mixed = slots("- 10.0.0.9:80 ready", "api.example - maint")
    assert commands(wanted, mixed) == []
    assert reasons(wanted, mixed) == ["BACKEND_CHANGED"]


def test_a_backend_that_hadyn_fills_from_now_on_is_seated_in_its_files():
    made = plan(backend("10.0.0.1:80", name="web"), FILLED)
    assert {name: str(seat.address) for name, seat in made.seating.seats.items()} == {"s1": "10.0.0.1:80"}


def test_a_refused_name_takes_all_slots_out_of_service_those_without_address_too():
    assert commands(named(refused=True), FILLED) == lines("""
        set server web/s1 state maint
        set server web/s2 state maint
    """)
    out = slots("api.example 10.0.0.1:80 maint forced", "api.example - maint forced")
    assert commands(named(refused=True), out) == []
    assert commands(named(), out) == lines("""
        set server web/s1 state ready
        set server web/s2 state ready
    """)


def seats(made: BackendPlan) -> dict[str, str]:
    return {name: seat.address.ip for name, seat in made.seating.seats.items()}


def test_files_carry_who_sits_and_whom_a_growth_makes_room_for():
    sitting = slots("api.example 10.0.0.2:80 ready", "api.example 10.0.0.9:80 ready")
    assert seats(plan(named(records=3), sitting)) == {"s1": "10.0.0.2", "s2": "10.0.0.1", "s3": "10.0.0.3"}
    assert seats(plan(named(records=2), None)) == {"s1": "10.0.0.1", "s2": "10.0.0.2"}


def test_an_address_that_hadyn_does_not_know_never_reaches_a_file():
    assert seats(plan(named(), slots("api.example 127.0.0.1:80 ready", "api.example - maint"))) == {}


def test_slots_that_services_fill_are_left_alone_whatever_the_case_of_their_name():
    filled = slots(f"{SERVICE} 10.0.0.1:80 ready", "_HTTP._tcp.api.example - maint")
    assert (commands(named(SERVICE), filled), reasons(named(SERVICE), filled)) == ([], [])
    assert len(commands(named(SERVICE, refused=True), filled)) == 2


@pytest.mark.parametrize(
    ("wanted", "present"), [(SERVICE, "_http._tcp.old.example"), (SERVICE, "api.example"), ("api.example", SERVICE)]
)
def test_no_command_makes_a_slot_one_of_another_service(wanted, present):
    filled = slots(f"{present} 10.0.0.9:80 ready", f"{present} - maint")
    assert (commands(named(wanted), filled), reasons(named(wanted), filled)) == ([], ["BACKEND_CHANGED"])
    assert seats(plan(named(wanted, records=1), filled)) == {"s1": "10.0.0.1"}
