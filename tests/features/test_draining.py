"""A pod that leaves finishes its requests before anybody gets its slot."""

import pytest

from hadyn.runtime.fake_slots import ADMIN_DRAIN, ADMIN_MAINT
from tests.given import endpoint, ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web")]


def web(*ips):
    return slice_("shop", "web", *ips)


def leaving(ip):
    return endpoint(ip, ready=False, serving=True, terminating=True)


def test_a_pod_that_terminates_and_serves_is_drained(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.change(web(leaving("10.0.0.1"), "10.0.0.2"))
    assert house.fake.slot("shop_web_80", "s1").admin == ADMIN_DRAIN
    assert house.ready() == ["10.0.0.2:80"]
    assert house.last_sentence() == "shop/web:80: 1 endpoint left; slot s1 draining; no reload"


def test_pods_that_all_terminate_go_on_taking_requests(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.sent()
    house.change(web(leaving("10.0.0.1"), leaving("10.0.0.2")))
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]
    assert house.sent() == []


def test_a_slot_with_sessions_is_not_handed_on_while_another_is_free(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.fake.slot("shop_web_80", "s1").sessions = 3
    house.change(web("10.0.0.2"))
    house.change(web("10.0.0.2", "10.0.0.3"))
    assert house.seats() == {"s2": "10.0.0.2:80", "s3": "10.0.0.3:80"}
    assert house.fake.slot("shop_web_80", "s1").admin & ADMIN_MAINT


def test_a_slot_with_sessions_is_handed_on_before_haproxy_is_reloaded(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.fake.slot("shop_web_80", "s1").sessions = 3
    house.change(web("10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.change(web("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"))
    assert house.seats()["s1"] == "10.0.0.5:80"
    assert house.reloads() == {}


@pytest.mark.parametrize(("said", "slot"), [("3s", "s1"), ("50s", "s2")])
def test_a_service_says_how_long_a_slot_waits_for_its_last_session(house, said, slot):
    annotated = service("shop", "web", annotations={"hadyn.io/drain-time": said})
    house.begin(ingress("shop", "web"), annotated, web("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.fake.slot("shop_web_80", "s1").sessions = 1
    house.fake.slot("shop_web_80", "s2").sessions = 9
    house.change(web("10.0.0.1", "10.0.0.3", "10.0.0.4"))
    house.wait(55)
    house.change(web("10.0.0.3", "10.0.0.4"))
    house.wait(5)
    house.change(web("10.0.0.3", "10.0.0.4", "10.0.0.5"))
    assert house.seats()[slot] == "10.0.0.5:80"


def test_a_draining_slot_is_drained_again_after_a_reload(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.change(web(leaving("10.0.0.1"), "10.0.0.2"))
    house.change(ingress("shop", "api", host="b.example"), service("shop", "api"))
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.fake.slot("shop_web_80", "s1").admin == ADMIN_DRAIN
    assert house.filed()["s1"] == "10.0.0.1:80"


def test_a_pod_that_drained_and_is_gone_leaves_its_slot_to_the_next(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.change(web(leaving("10.0.0.1"), "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.change(web("10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.change(web("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"))
    assert house.ready() == ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80", "10.0.0.5:80"]
    assert house.reloads() == {}


def test_the_last_pod_is_replaced_only_when_another_serves(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.change(web("10.0.0.2"))
    moments = [moment["shop_web_80"] for moment in house.fake.moments]
    assert ["10.0.0.1:80", "10.0.0.2:80"] in moments
    assert moments[-1] == ["10.0.0.2:80"]
    assert all(moments)
