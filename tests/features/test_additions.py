"""Backends come and go by command where HAProxy takes them: no reload, and files that hold what runs."""

import pytest

from hadyn.model.problems import ObjectRef
from tests.features.full_disk import full_disk
from tests.features.house import House
from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]
API = [ingress("shop", "api", host="api.b.example"), service("shop", "api"), slice_("shop", "api", "10.0.1.1")]
GONE = ObjectRef("Ingress", "shop", "api")


@pytest.fixture
def house(folder):
    return House(folder, version="3.4.7")


def test_a_route_leads_to_a_new_backend_only_when_it_serves(house):
    house.begin(*WEB)
    house.change(*API)
    sent = house.sent()
    assert sent.index("set server shop_api_80/s1 state ready") < sent.index(
        "add map prefix.map api.b.example/ shop_api_80"
    )
    assert house.fake.traits.unpublished == set()


def test_a_backend_that_came_by_command_is_judged_as_a_file_behind(house):
    house.begin(*WEB)
    house.door.dislikes.add("shop_api_80")
    house.change(*API)
    house.wait(1)
    assert house.problems() == ["service shop/api: RefusedByHAProxy"]
    assert house.filed("shop_api_80") == {}
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    house.change(slice_("shop", "api", "10.0.1.2"))
    assert house.ready("shop_api_80") == ["10.0.1.2:80"]
    assert house.reloads() == {}


def test_a_backend_that_comes_by_command_while_the_disk_is_full_is_judged_once_it_is_written(house):
    house.begin(*WEB)
    with full_disk():
        house.change(*API)
        house.wait(2)
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.filed("shop_api_80") == {}
    house.wait(2)
    house.wait(2)
    assert house.filed("shop_api_80") == {"s1": "10.0.1.1:80"}
    assert not house.wheel.reconciler.filing.files.sections.has_unconfirmed
    assert house.problems() == []


def test_a_backend_that_nobody_wants_is_taken_away_by_a_sweep(house):
    house.begin(*WEB, *API)
    house.change(deletes=(GONE,))
    assert house.ready("shop_api_80") == []
    house.wait(3601)
    assert list(house.fake.backends)[-2:] == ["_503", "shop_web_80"]
    house.change(API[0])
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.reloads() == {}


def test_a_backend_with_a_request_under_way_is_taken_away_by_a_later_sweep(house):
    house.begin(*WEB, *API)
    house.change(deletes=(GONE,))
    house.fake.slot("shop_api_80", "s1").sessions = 1
    house.wait(3601)
    assert "shop_api_80" in house.fake.backends
    house.fake.slot("shop_api_80", "s1").sessions = 0
    house.wait(3601)
    assert "shop_api_80" not in house.fake.backends


def test_a_backend_that_is_wanted_again_behind_a_refused_removal_is_reached_at_once(house):
    house.begin(*WEB, *API)
    house.change(deletes=(GONE,))
    house.fake.slot("shop_api_80", "s1").sessions = 1
    house.wait(3601)
    assert house.fake.traits.unpublished == {"shop_api_80"}
    house.change(API[0])
    assert house.fake.traits.unpublished == set()
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]


def test_a_backend_that_is_wanted_again_before_it_is_taken_away_comes_back_as_it_was(house):
    house.begin(*WEB, *API)
    house.change(deletes=(GONE,))
    house.sent()
    house.change(API[0])
    assert house.sent()[0] == "set server shop_api_80/s1 state ready"
    assert house.filed("shop_api_80") == {"s1": "10.0.1.1:80"}


def test_a_crash_of_haproxy_finds_a_backend_that_came_by_command_in_the_files(house):
    house.begin(*WEB)
    house.change(*API)
    house.crash_haproxy()
    house.wait(1)
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.reloads() == {}


def test_a_backend_that_comes_while_haproxy_is_down_is_there_when_it_is_up(house):
    house.begin(*WEB)
    house.crash_haproxy()
    house.change(*API)
    house.wait(1)
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.routes()["api.b.example/"] == "shop_api_80"
    assert house.reloads() == {}


def test_a_restarted_hadyn_adopts_a_backend_of_which_no_file_tells(house):
    house.begin(*WEB)
    house.fake.converse(b"add backend shop_api_80 from hadyn;add server shop_api_80/s1 10.0.1.1:80 weight 1\n")
    house.restart(*WEB, *API)
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.fake.traits.unpublished == set()
    assert len(house.fake.backends["shop_api_80"]) == 4
    assert house.filed("shop_api_80") == {"s1": "10.0.1.1:80"}
    assert house.reloads() == {}


def test_a_backend_that_somebody_unpublished_is_published_again_by_the_sweep(house):
    house.begin(*WEB)
    house.fake.converse(b"unpublish backend shop_web_80\n")
    house.wait(3601)
    assert house.fake.traits.unpublished == set()
