"""Canaries that are asked for: the first brings lines and backends, all that is asked then comes by map entries."""

from __future__ import annotations

import pytest

from hadyn.model.desired import MapName
from tests.features.house import House
from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]
NEXT = [service("shop", "next"), slice_("shop", "next", "10.1.0.1")]
ALONE, WITHOUT = "shop_web_80_canary_next_80", "shop_web_80_stable"


def canary(**said):
    """A canary Ingress; ``by_header="X"`` is hadyn.io/canary-by-header."""
    annotations = {f"hadyn.io/canary-{key.replace('_', '-')}": value for key, value in said.items()}
    return ingress("shop", "canary", service="next", annotations={"hadyn.io/canary": "true", **annotations})


def asked(house):
    """What asks for which backend, without the keys of routes."""
    return {key.partition(":")[2]: value for key, value in house.routes(MapName.CANARIES).items()}


def test_a_canary_that_begins_to_be_asked_for_costs_one_reload(house):
    house.begin(*WEB, *NEXT, canary(weight="10"))
    house.change(canary(weight="10", by_header="X-Canary"))
    house.wait(2)
    assert house.reloads() == {"ROUTING_BEGAN": 1, "NEW_BACKEND": 1}
    assert house.door.reloads == 1
    assert asked(house) == {"x-canary=always": ALONE, "x-canary=never": WITHOUT}
    assert (house.ready(ALONE), house.ready(WITHOUT)) == (["10.1.0.1:80"], ["10.0.0.1:80"])


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"by_header": "X-Canary"}, {"by_header": "X-Other"}),
        ({"by_header": "X-Canary"}, {"by_header": "X-Canary", "by_header_value": "v2"}),
        ({"by_header": "X-Canary"}, {"by_header": "X-Canary", "by_header_pattern": "v[0-9]"}),
        ({"by_header": "X-Canary", "weight": "0"}, {"by_header": "X-Canary", "weight": "50"}),
        ({"by_header": "X-Canary", "weight": "5"}, {"by_header": "X-Canary", "weight": "5", "weight_total": "10"}),
        ({"by_header": "X-Canary"}, {"by_cookie": "canary"}),
    ],
)
def test_whatever_is_asked_afterwards_needs_no_reload(house, first, then):
    house.begin(*WEB, *NEXT, canary(**first))
    house.change(canary(**then))
    house.wait(2)
    assert house.reloads() == {}
    house.change(canary(**first))
    house.wait(2)
    assert house.reloads() == {}


def test_another_value_is_added_before_the_route_asks_for_it_and_removed_after(house):
    house.begin(*WEB, *NEXT, canary(by_header="X-Canary", by_header_value="v1"))
    house.sent()
    house.change(canary(by_header="X-Canary", by_header_value="v2"))
    told = [" ".join(command.split()[:3]) for command in house.sent()]
    verbs = [command.rpartition(" ")[0] for command in told]
    assert verbs == ["add map", "set map", "del map"]


def test_a_pod_of_the_canary_comes_in_both_of_its_backends_without_a_reload(house):
    house.begin(*WEB, *NEXT, canary(by_header="X-Canary", weight="50"))
    house.change(slice_("shop", "next", "10.1.0.1", "10.1.0.2"))
    assert house.ready(ALONE) == ["10.1.0.1:80", "10.1.0.2:80"]
    assert house.ready(WITHOUT) == ["10.0.0.1:80"]
    assert house.ready() == ["10.0.0.1:80", "10.1.0.1:80", "10.1.0.2:80"]
    assert house.reloads() == {}


def test_a_canary_that_goes_takes_its_entries_and_backends_along(house):
    house.begin(*WEB, *NEXT, canary(by_header="X-Canary"))
    house.change(deletes=(canary().ref,))
    house.wait(2)
    assert asked(house) == {}
    assert (house.ready(ALONE), house.ready(WITHOUT)) == ([], [])
    assert house.filed(ALONE) == {}


def test_backends_beside_run_in_spare_ones_and_are_asked_for_there(folder):
    house = House(folder, spares=2)
    further = [ingress("shop", "docs", host="b.example"), service("shop", "docs"), slice_("shop", "docs", "10.3.0.1")]
    trial = ingress(
        "shop",
        "trial",
        service="next",
        host="b.example",
        annotations={"hadyn.io/canary": "true", "hadyn.io/canary-by-header": "X-Trial"},
    )
    house.begin(*WEB, *NEXT, *further, canary(by_header="X-Canary"))
    house.change(trial)
    assert house.reloads() == {}
    entries = asked(house)
    assert {entries["x-trial=always"], entries["x-trial=never"]} == {"_spare_1", "_spare_2"}
    assert house.ready(entries["x-trial=always"]) == ["10.1.0.1:80"]
    house.compare_everything()
    assert asked(house) == entries


def test_a_restarted_hadyn_finds_what_is_asked_as_it_is(house):
    objects = (*WEB, *NEXT, canary(by_header="X-Canary", by_header_pattern="v[0-9]", by_cookie="canary", weight="20"))
    house.begin(*objects)
    house.sent()
    house.restart(*objects)
    assert house.sent() == []
    assert house.reloads() == {}
