"""Ingresses told apart by headers: the first brings lines, all that comes then is map entries."""

from __future__ import annotations

import pytest

from hadyn.model.desired import MapName
from tests.features.house import House
from tests.given import ingress, secret, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]
NEXT = [service("shop", "next"), slice_("shop", "next", "10.1.0.1")]
LATER = [service("shop", "later"), slice_("shop", "later", "10.2.0.1")]


def by_header(said="X-Env: staging", to="next", **annotations):
    """An Ingress for requests with a header."""
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    created = "2026-02-02T00:00:00Z" if to == "next" else "2026-03-03T00:00:00Z"
    return ingress("shop", to, annotations={"hadyn.io/header-match": said, **spelled}, created=created)


def matches(house):
    """What headers look like, and the entry that each leads to; in the order in which HAProxy tries them."""
    return [(key.partition("[|]")[2], value) for key, value in house.routes(MapName.HEADERS).items()]


def known(*objects):
    """Routes of other hosts that have HAProxy know their backends."""
    return [
        *objects,
        *(ingress("shop", f"own-{name}", service=name, host=f"{name}.example") for name in ("next", "later")),
    ]


def test_the_first_of_all_costs_one_reload(house):
    house.begin(*known(*WEB, *NEXT, *LATER))
    house.change(by_header())
    house.wait(2)
    assert house.reloads() == {"ROUTING_BEGAN": 1}
    assert matches(house) == [("=staging$", "shop_next_80")]


@pytest.mark.parametrize(
    "then",
    [
        [by_header("X-Env: test")],
        [by_header("X-Env: staging\nX-User: bob")],
        [by_header(redirect_to="https://b.example/")],
        [by_header("X-Env: test", to="later")],
    ],
)
def test_whatever_comes_afterwards_needs_no_reload(house, then):
    house.begin(*known(*WEB, *NEXT, *LATER), by_header())
    before = matches(house)
    house.change(*then)
    house.wait(2)
    assert matches(house) != before
    house.change(by_header(), deletes=(by_header(to="later").ref,))
    house.wait(2)
    assert matches(house) == before
    assert house.reloads() == {}


def test_another_condition_is_there_before_the_path_asks_for_it_and_the_former_goes_after(house):
    house.begin(*WEB, *NEXT, by_header())
    house.sent()
    house.change(by_header("X-Env: test"))
    assert [" ".join(command.split()[:2]) for command in house.sent()] == ["add map", "set map", "del map"]


def test_all_of_a_path_waits_for_a_backend_that_comes_so_that_their_order_holds(house):
    house.begin(*WEB, *NEXT, by_header())
    house.sent()
    house.deliver(*LATER, by_header("X-Env: staging\nX-User: bob", to="later"))
    house.wheel.turn(house._queued())
    assert matches(house) == [("=staging$", "shop_next_80")]
    house.wait(2)
    assert matches(house) == [("=staging[|]=bob$", "shop_later_80"), ("=staging[|][^|]*", "shop_next_80")]
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_an_ingress_that_asks_for_passwords_gets_no_request_before_the_lines_are_there(house):
    house.begin(
        *known(
            *WEB,
            *NEXT,
            *LATER,
            secret("shop", "people", auth="ann:$5$rounds=5000$saltsalt$1fYsmmmyxWFp2wYJ0ULa7DCgC9RzDXmRqmdlvpU5OB5\n"),
        ),
        by_header(),
    )
    house.deliver(by_header("X-Env: test", to="later", auth_secret="people"))
    house.wheel.turn(house._queued())
    assert [value for _, value in matches(house)] == ["shop_next_80"]
    house.wait(2)
    assert {value.partition("|")[0] for _, value in matches(house)} == {"shop_next_80", "shop_later_80"}


def test_entries_name_the_spare_backend_that_another_one_runs_in(folder):
    house = House(folder, spares=1)
    house.begin(*WEB, *NEXT, by_header())
    house.change(*LATER, by_header("X-Env: test", to="later"))
    assert house.reloads() == {}
    assert [value for _, value in matches(house)] == ["shop_next_80", "_spare_1"]
    house.compare_everything()
    assert [value for _, value in matches(house)] == ["shop_next_80", "_spare_1"]


def test_a_restarted_hadyn_finds_all_as_it_is(house):
    objects = (*WEB, *NEXT, by_header("X-Env: staging", header_match_regex="X-User: ^(a|b)$"))
    house.begin(*objects)
    house.sent()
    house.restart(*objects)
    assert house.sent() == []
    assert house.reloads() == {}
