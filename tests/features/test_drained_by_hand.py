"""Endpoints that a person takes out of service: until it is undone, whatever happens meanwhile."""

import pytest

from hadyn.controller.draining import drain
from hadyn.errors import WrongUsage
from tests.given import endpoint, ingress, service, slice_

BACKEND = "shop_web_80"
ONE, TWO = endpoint("10.0.0.1", pod="web-a"), endpoint("10.0.0.2", pod="web-b")
SHOP = (ingress("shop", "web"), service("shop", "web"))


def pods(*endpoints):
    return slice_("shop", "web", *endpoints)


def told(house, *who, undo=False):
    document = drain(house.wheel, BACKEND, who, undo=undo)
    house.settle()
    return [each["address"] for each in document["drained"]]


@pytest.mark.parametrize("who", ["s1", "10.0.0.1:80", "shop/web-a", "web-a"])
def test_an_endpoint_is_drained_by_its_slot_its_address_or_its_pod(house, who):
    house.begin(*SHOP, pods(ONE, TWO))
    house.sent()
    assert told(house, who) == ["10.0.0.1:80"]
    assert house.sent() == ["set server shop_web_80/s1 state drain"]
    assert house.ready() == ["10.0.0.2:80"]


def test_what_is_undone_serves_again(house):
    house.begin(*SHOP, pods(ONE, TWO))
    told(house, "s1")
    assert told(house, "s1", undo=True) == []
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


def test_a_whole_backend_is_drained_with_all_who_come_and_undone_at_once(house):
    house.begin(*SHOP, pods(ONE))
    told(house)
    house.change(pods(ONE, TWO))
    assert house.ready() == []
    assert told(house, undo=True) == []
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


def test_of_a_backend_that_is_drained_whole_nobody_serves_again_alone(house):
    house.begin(*SHOP, pods(ONE, TWO))
    told(house)
    with pytest.raises(WrongUsage, match="all of shop_web_80 is drained") as refused:
        drain(house.wheel, BACKEND, ["s1"], undo=True)
    assert "`hadyn undrain shop_web_80` lets all of it serve" in refused.value.remedy
    house.settle()
    assert house.ready() == []


def test_a_drain_outlives_a_reload_a_crash_and_a_restart(house):
    house.begin(*SHOP, pods(ONE, TWO))
    told(house, "s1")
    house.change(service("shop", "api"), ingress("shop", "api", host="b.example"))
    assert house.ready() == ["10.0.0.2:80"]
    house.restart(*SHOP, pods(ONE, TWO))
    assert house.ready() == ["10.0.0.2:80"]
    house.crash_haproxy()
    house.wait(60)
    assert house.ready() == ["10.0.0.2:80"]


def test_a_drain_is_no_drift(house):
    house.begin(*SHOP, pods(ONE, TWO))
    told(house, "s1")
    house.sent()
    house.compare_everything()
    assert house.sent() == []
    assert house.ready() == ["10.0.0.2:80"]


def test_a_pod_that_is_given_the_address_of_one_that_is_gone_serves(house):
    house.begin(*SHOP, pods(ONE, TWO))
    told(house, "s1")
    house.change(pods(TWO))
    house.change(pods(ONE, TWO))
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


@pytest.mark.parametrize("who", ["s9", "s3", "10.9.9.9:80", "web-z", "drop table"])
def test_whoever_is_not_there_is_named_and_nobody_is_drained(house, who):
    house.begin(*SHOP, pods(ONE, TWO))
    with pytest.raises(WrongUsage, match="is no slot with an endpoint"):
        drain(house.wheel, BACKEND, ["s1", who], undo=False)
    house.settle()
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


def test_an_unknown_backend_is_named(house):
    house.begin(*SHOP, pods(ONE))
    with pytest.raises(WrongUsage, match="there is no backend 'other'"):
        drain(house.wheel, "other", [], undo=False)


def test_a_file_of_drains_that_cannot_be_read_drains_nobody(house, caplog):
    house.folder.drains.write_bytes(b'{"shop_web_80": 1}')
    house.begin(*SHOP, pods(ONE))
    assert house.ready() == ["10.0.0.1:80"]
    assert "what was drained by hand serves again" in caplog.text
