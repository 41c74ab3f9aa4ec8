"""What HAProxy does not become by commands is planned again, and reloaded only as the last step."""

import pytest

from hadyn.model.desired import MapName
from hadyn.runtime.fake_slots import ADMIN_MAINT
from tests.features.house import House
from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web")]
CANARY = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "20"}


def web(*ips):
    return slice_("shop", "web", *ips)


@pytest.fixture
def house_with_late_addresses(folder):
    return House(folder, version="3.0.11")


def test_a_slot_that_did_not_take_its_address_is_not_made_ready(house_with_late_addresses):
    house = house_with_late_addresses
    house.begin(*WEB, web("10.0.0.1"))
    house.fake.lies.append("s2 addr")
    house.change(web("10.0.0.1", "10.0.0.2"))
    assert all("10.0.0.1:80" in moment["shop_web_80"] for moment in house.fake.moments)
    assert [command for command in house.sent() if command == "set server shop_web_80/s2 state ready"] == []


def test_a_slot_that_was_made_ready_and_did_not_take_its_address_is_out_of_service_in_the_same_turn(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.fake.lies.append("s2 addr")
    house.change(web("10.0.0.1", "10.0.0.2"))
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]
    assert house.fake.slot("shop_web_80", "s2").is_in_maint
    assert house.reloads() == {}


def test_a_slot_that_never_takes_its_address_gets_it_by_a_reload(house_with_late_addresses):
    house = house_with_late_addresses
    house.begin(*WEB, web("10.0.0.1"))
    house.fake.lies.append("s2 addr")
    house.change(web("10.0.0.1", "10.0.0.2"))
    assert house.reloads() == {"NOT_REPAIRABLE": 1}
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


@pytest.mark.parametrize("command", ["state ready", "addr", "state maint"])
def test_a_command_that_is_refused_for_ever_ends_in_one_reload(house, command):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.fake.refusals.append(command)
    house.change(web("10.0.0.2", "10.0.0.3"))
    assert house.reloads() == {"NOT_REPAIRABLE": 1}
    assert house.ready() == ["10.0.0.2:80", "10.0.0.3:80"]
    house.fake.refusals.clear()
    house.wait(10)
    assert house.reloads() == {"NOT_REPAIRABLE": 1}


def test_the_last_pod_stays_in_service_while_its_successor_cannot_be_proven(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.fake.lies.append("addr 10.0.0.2")
    house.change(web("10.0.0.2"))
    assert all(moment["shop_web_80"] for moment in house.fake.moments)


def test_a_map_entry_that_somebody_removed_is_added_instead_of_set(house):
    house.begin(*WEB, ingress("shop", "api", host="b.example"), service("shop", "api"))
    del house.routes()["a.example/"]
    house.change(ingress("shop", "web", service="api"))
    assert house.routes()["a.example/"] == "shop_api_80"
    assert house.reloads() == {}


def test_a_slot_that_somebody_removed_from_service_is_put_back_by_the_sweep(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.fake.slot("shop_web_80", "s1").admin |= ADMIN_MAINT
    house.compare_everything()
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]
    assert house.last_sentence().startswith("HAProxy was changed by somebody else and set right: shop/web:80:")


def test_a_slot_that_somebody_sent_to_a_stranger_is_taken_back_by_the_sweep(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.fake.slot("shop_web_80", "s1").ip = "10.6.6.6"
    house.compare_everything()
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


@pytest.mark.parametrize("name", list(MapName))
def test_entries_of_a_map_that_somebody_emptied_are_added_by_the_sweep(house, name):
    house.begin(*WEB, web("10.0.0.1"), ingress("shop", "exact", path="/x", path_type="Exact", service="web"))
    before = dict(house.routes(name))
    house.routes(name).clear()
    house.compare_everything()
    assert house.routes(name) == before


def test_files_that_somebody_edited_are_put_right_by_the_sweep(house):
    house.begin(*WEB, web("10.0.0.1"))
    (path,) = house.folder.backends.glob("*.cfg")
    text = path.read_text()
    path.write_text(text.replace("10.0.0.1", "10.6.6.6"))
    house.compare_everything()
    assert path.read_text() == text


def test_a_share_is_set_by_weights_alone(house):
    house.begin(*WEB, web("10.0.0.1"), service("shop", "canary"), slice_("shop", "canary", "10.0.1.1"))
    house.change(ingress("shop", "canary", annotations=CANARY))
    house.sent()
    half = {**CANARY, "hadyn.io/canary-weight": "50"}
    house.change(ingress("shop", "canary", annotations=half))
    assert all(" weight " in command for command in house.sent())
    assert house.reloads() == {}


def test_a_weight_that_haproxy_does_not_take_comes_with_a_reload(house):
    house.begin(*WEB, web("10.0.0.1"), service("shop", "canary"), slice_("shop", "canary", "10.0.1.1"))
    house.fake.refusals.append("weight")
    house.change(ingress("shop", "canary", annotations=CANARY))
    assert house.reloads() == {"NOT_REPAIRABLE": 1}
    weights = {f"{slot.ip}": slot.weight for slot in house.fake.backends["shop_web_80"].values() if not slot.admin}
    assert weights["10.0.0.1"] == 4 * weights["10.0.1.1"]


@pytest.mark.parametrize("version", ["2.6.12", "2.8.25", "3.0.11", "3.4.7"])
def test_a_plan_for_what_haproxy_has_become_is_empty(folder, version):
    house = House(folder, version=version)
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.change(web("10.0.0.2", "10.0.0.3"), ingress("shop", "api", host="b.example"), service("shop", "api"))
    house.wait(5)
    reconciler = house.wheel.reconciler
    plan = reconciler.plan(reconciler.desired(reconciler.everything()))
    assert (plan.commands, plan.reloads) == ((), ())
