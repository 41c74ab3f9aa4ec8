"""Pods come and go; their slots are set, and HAProxy is not reloaded."""

import pytest

from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web")]


def web(*ips):
    return slice_("shop", "web", *ips)


def test_a_pod_that_comes_gets_a_free_slot(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.sent()
    house.change(web("10.0.0.1", "10.0.0.2"))
    assert house.sent() == [
        "set server shop_web_80/s2 addr 10.0.0.2 port 80",
        "set server shop_web_80/s2 state ready",
    ]
    assert house.reloads() == {}
    assert house.last_sentence() == "shop/web:80: 1 endpoint came; slot s2 set; no reload"


def test_a_pod_that_goes_leaves_its_slot_in_maint(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.sent()
    house.change(web("10.0.0.2"))
    assert house.sent() == ["set server shop_web_80/s1 state maint"]
    assert house.seats() == {"s2": "10.0.0.2:80"}
    assert house.filed() == {"s2": "10.0.0.2:80"}


def test_a_service_scaled_to_nothing_and_back_needs_no_reload(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.change(web())
    assert house.ready() == []
    house.change(web("10.0.0.3", "10.0.0.4", "10.0.0.5"))
    assert house.ready() == ["10.0.0.3:80", "10.0.0.4:80", "10.0.0.5:80"]
    assert house.reloads() == {}


def test_all_pods_replaced_at_once_leave_no_moment_without_one(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"))
    house.change(web("10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.4"))
    assert house.ready() == [f"10.0.1.{number}:80" for number in (1, 2, 3, 4)]
    assert all(moment["shop_web_80"] for moment in house.fake.moments)
    assert house.reloads() == {}


def test_a_pod_that_comes_back_gets_the_slot_that_still_has_its_address(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.change(web("10.0.0.2"))
    house.sent()
    house.change(web("10.0.0.1", "10.0.0.2"))
    assert "set server shop_web_80/s1 state ready" in house.sent()
    assert house.seats() == {"s1": "10.0.0.1:80", "s2": "10.0.0.2:80"}


def test_pods_that_stay_are_never_told_anything(house):
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.sent()
    house.change(web("10.0.0.2", "10.0.0.3"))
    assert [command for command in house.sent() if "/s2" in command] == []
    assert all("10.0.0.2:80" in moment["shop_web_80"] for moment in house.fake.moments)


def test_changes_that_gathered_are_applied_together(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.deliver(web("10.0.0.1", "10.0.0.2"))
    house.deliver(web("10.0.0.3"))
    house.deliver(web("10.0.0.1", "10.0.0.4"))
    house.sent()
    house.settle()
    assert house.sent() == [
        "set server shop_web_80/s2 addr 10.0.0.4 port 80",
        "set server shop_web_80/s2 state ready",
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_the_order_of_deliveries_does_not_matter(house, order):
    objects = [ingress("shop", "web"), service("shop", "web"), web("10.0.0.1", "10.0.0.2")]
    house.begin(ingress("shop", "other", host="b.example"))
    for number in order:
        house.deliver(objects[number])
    house.settle()
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]
    assert house.routes()["a.example/"] == "shop_web_80"


def test_what_was_told_once_is_not_told_again(house):
    house.begin(*WEB, web("10.0.0.1"))
    house.change(web("10.0.0.1", "10.0.0.2"))
    house.sent()
    house.change(web("10.0.0.2", "10.0.0.1"))
    house.compare_everything()
    house.wait(4000)
    assert house.sent() == []


def test_a_change_touches_its_own_backend_only(house):
    house.begin(*WEB, web("10.0.0.1"), ingress("shop", "api", host="b.example"), service("shop", "api"))
    asked = len(house.fake.commands)
    house.change(web("10.0.0.2"))
    assert [command for command in house.fake.commands[asked:] if "shop_api_80" in command] == []


@pytest.mark.parametrize("ips", [("fd00::1", "fd00::2")])
def test_pods_with_addresses_of_ipv6_are_served(house, ips):
    house.begin(*WEB, slice_("shop", "web", ips[0], address_type="IPv6"))
    house.change(slice_("shop", "web", *ips, address_type="IPv6"))
    assert house.ready() == ["fd00::1:80", "fd00::2:80"]
    assert house.filed() == {"s1": "[fd00::1]:80", "s2": "[fd00::2]:80"}
