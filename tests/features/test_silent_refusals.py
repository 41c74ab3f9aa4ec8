"""A HAProxy of somebody else's that refuses files and does not say why, as 2.6 does: the culprit is found by trying."""

import pytest

from hadyn.errors import ReloadUnexplained
from hadyn.model.problems import ObjectRef
from tests.features.house import House
from tests.given import config_map, ingress, service, slice_

WEB = ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")
MANY_SECONDS = 20


@pytest.fixture
def house(folder):
    house = House(folder=folder, version="2.6.12")
    house.begin(*WEB)
    house.door.is_child = house.door.can_judge = False
    house.door.is_mute = True
    return house


def backend(name, **annotations):
    """A Service with the host ``name``.b.example."""
    annotated = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    route = ingress("shop", name, host=f"{name}.b.example")
    return [route, service("shop", name, annotations=annotated), slice_("shop", name, "10.0.1.1")]


def let_time_pass(house, seconds=MANY_SECONDS):
    for _ in range(seconds):
        house.wait(1)


def live(house):
    """All that HAProxy would read if it were started now."""
    return b"".join(path.read_bytes() for path in house.folder.backends.glob("*.cfg"))


def test_one_backend_that_is_refused_is_found_and_all_others_are_loaded(house, caplog):
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad"), *(each for number in range(9) for each in backend(f"good-{number}")))
    let_time_pass(house)
    assert house.problems() == ["service shop/bad: RefusedByHAProxy"]
    assert house.routes()["bad.b.example/"] == "_503"
    assert [house.ready(f"shop_good-{number}_80") for number in range(9)] == [["10.0.1.1:80"]] * 9
    assert b"shop_bad_80" not in live(house)
    assert "backend shop_bad_80 is left out, HAProxy says: no word of why" in caplog.text


def test_what_is_refused_alone_is_left_out_and_nothing_is_tried_for_ever(house):
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad"))
    let_time_pass(house)
    assert house.problems() == ["service shop/bad: RefusedByHAProxy"]
    reloads = house.door.reloads
    let_time_pass(house)
    assert house.door.reloads == reloads
    house.change(*backend("good"))
    let_time_pass(house, 2)
    assert house.ready("shop_good_80") == ["10.0.1.1:80"]


def test_endpoints_and_what_comes_meanwhile_are_not_forgotten_during_the_search(house):
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad"), *backend("good"))
    house.change(slice_("shop", "web", "10.0.0.2"))
    assert house.ready() == ["10.0.0.2:80"]
    house.change(*backend("late"))
    let_time_pass(house)
    assert house.ready("shop_late_80") == house.ready("shop_good_80") == ["10.0.1.1:80"]
    assert house.problems() == ["service shop/bad: RefusedByHAProxy"]


def test_a_backend_that_was_left_out_is_loaded_once_it_changes(house):
    house.door.dislikes.add("60000ms")
    house.change(*backend("bad", timeout_server="60s"))
    let_time_pass(house)
    assert house.problems() == ["service shop/bad: RefusedByHAProxy"]
    house.change(*backend("bad", timeout_server="61s"))
    let_time_pass(house)
    assert house.problems() == []
    assert house.ready("shop_bad_80") == ["10.0.1.1:80"]
    assert house.routes()["bad.b.example/"] == "shop_bad_80"


def test_a_backend_that_runs_goes_on_as_it_was_while_its_change_is_refused(house):
    house.door.dislikes.add("60000ms")
    house.change(service("shop", "web", annotations={"hadyn.io/timeout-server": "60s"}), *backend("good"))
    let_time_pass(house)
    assert house.problems() == ["service shop/web: RefusedByHAProxy"]
    assert house.ready() == ["10.0.0.1:80"]
    assert house.ready("shop_good_80") == ["10.0.1.1:80"]


def test_a_haproxy_that_can_reload_nothing_makes_nobody_guilty(house):
    house.door.failures = [ReloadUnexplained() for _ in range(6)]
    house.change(*backend("good"))
    let_time_pass(house, 40)
    assert house.problems() == []
    assert house.door.failures == []
    assert house.ready("shop_good_80") == ["10.0.1.1:80"]


def test_a_culprit_that_is_gone_before_it_is_found_holds_up_nobody(house):
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad"))
    house.change(deletes=(ObjectRef("Ingress", "shop", "bad"),))
    house.change(*backend("good"))
    let_time_pass(house, 3)
    assert house.problems() == []
    assert house.ready("shop_good_80") == ["10.0.1.1:80"]


def test_the_operators_options_are_left_out_where_they_are_what_is_refused(house):
    house.door.dislikes.add("120000ms")
    house.change(config_map("hadyn", "options", **{"timeout-client": "2m"}), *backend("good"))
    let_time_pass(house)
    assert house.problems() == ["configmap hadyn/options: RefusedByHAProxy"]
    assert house.ready("shop_good_80") == ["10.0.1.1:80"]
    assert "timeout client 120000ms" not in house.folder.main_config.read_text()
