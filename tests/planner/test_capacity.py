"""How many slots a backend gets: slots, slots-min-free, slots-increment, slots-max."""

from __future__ import annotations

import pytest

from hadyn.model.desired import Capacity
from hadyn.planner.capacity import first_slots, grown_slots, kept_slots
from tests.planner.texts import backend, plan, slots


@pytest.mark.parametrize(
    ("capacity", "endpoints", "expected"),
    [
        pytest.param(Capacity(), 3, 10, id="a backend starts with its slots"),
        pytest.param(Capacity(), 10, 10, id="even when all of them are taken"),
        pytest.param(Capacity(), 11, 20, id="one endpoint more doubles it"),
        pytest.param(Capacity(), 19, 30, id="two are free after a growth"),
        pytest.param(Capacity(slots=4), 5, 10, id="growth is a multiple of the increment"),
        pytest.param(Capacity(slots=4, increment=4), 5, 8, id="a small increment grows in small steps"),
        pytest.param(Capacity(maximum=15), 14, 15, id="nothing exceeds the maximum"),
        pytest.param(Capacity(slots=50, maximum=15), 3, 15, id="not even the start"),
    ],
)
def test_a_backend_starts_with_room_for_its_endpoints(capacity, endpoints, expected):
    assert first_slots(capacity, needed=endpoints) == expected


def test_eleven_endpoints_in_ten_slots_reload_with_twenty_because_no_slot_is_free():
    observed = slots(**{f"s{number}": f"10.0.0.{number}:80 ready" for number in range(1, 11)})
    made = plan(backend(*(f"10.0.0.{number}:80" for number in range(1, 12))), observed)
    assert [(str(reload.reason), reload.detail) for reload in made.reloads] == [
        ("NO_FREE_SLOT", "11 endpoints, 10 slots")
    ]
    assert made.seating.slots == 20
    assert str(made.seating.seats["s11"].address) == "10.0.0.11:80"


def test_an_annotation_that_asks_for_more_slots_reloads_with_that_many():
    made = plan(backend("10.0.0.1:80", slots=40), slots(s1="10.0.0.1:80 ready", s2="free"))
    assert [str(reload.reason) for reload in made.reloads] == ["SLOTS_CHANGED"]
    assert made.seating.slots == 40


def test_a_growth_gives_no_fewer_slots_than_the_annotation_asks_for():
    assert grown_slots(Capacity(slots=25), present=5, needed=6) == 25


def test_growth_never_takes_slots_away():
    assert grown_slots(Capacity(maximum=5), present=8, needed=9) == 8


@pytest.mark.parametrize(
    ("present", "needed", "highest", "expected"),
    [
        pytest.param(40, 3, 3, 10, id="an empty backend goes back to its slots"),
        pytest.param(40, 3, 17, 17, id="a slot in use is kept with its name"),
        pytest.param(40, 3, 33, 40, id="less than half to win is left alone"),
        pytest.param(10, 10, 10, 10, id="a full backend keeps its size"),
        pytest.param(80, 12, 12, 20, id="some stay free above the increment"),
    ],
)
def test_slots_are_given_away_only_by_halves_and_never_under_an_endpoint(present, needed, highest, expected):
    assert kept_slots(Capacity(), present=present, needed=needed, highest=highest) == expected


def test_shrinking_is_no_reason_to_reload():
    observed = slots(**{f"s{number}": "free" for number in range(1, 41)})
    made = plan(backend("10.0.0.1:80", slots=10), observed)
    assert made.seating.slots == 10
    assert made.reloads == ()
