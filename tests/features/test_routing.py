"""Ingresses become map entries, set at run time."""

from hadyn.model.desired import MapName
from hadyn.model.problems import ObjectRef
from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def test_another_ingress_for_a_known_service_is_two_map_entries_and_no_reload(house):
    house.begin(*WEB)
    house.sent()
    house.change(ingress("shop", "second", host="b.example", path="/deep", service="web"))
    assert house.sent() == ["add map prefix.map b.example/deep/ shop_web_80", "add map hosts.map b.example b.example"]
    assert house.reloads() == {}


def test_an_ingress_that_goes_takes_its_entries_along(house):
    house.begin(*WEB, ingress("shop", "second", host="b.example", service="web"))
    house.change(deletes=(ObjectRef("Ingress", "shop", "second"),))
    assert "b.example" not in house.routes(MapName.HOSTS)
    assert "b.example/" not in house.routes()
    assert house.routes()["a.example/"] == "shop_web_80"


def test_a_route_to_a_missing_service_answers_503_until_it_comes(house):
    house.begin(*WEB)
    house.change(ingress("shop", "early", host="b.example", service="late"))
    assert house.routes()["b.example/"] == "_503"
    assert house.problems() == ["ingress shop/early: NotFound"]

    house.change(service("shop", "late"), slice_("shop", "late", "10.0.0.9"))
    assert house.routes()["b.example/"] == "shop_late_80"
    assert house.ready("shop_late_80") == ["10.0.0.9:80"]
    assert house.problems() == []
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_a_host_is_unknown_until_the_backend_behind_it_is_loaded(house):
    house.begin(*WEB)
    house.change(ingress("shop", "first", host="b.example"), service("shop", "first"))
    house.change(ingress("shop", "second", host="c.example"), service("shop", "second"))
    assert "c.example" not in house.routes(MapName.HOSTS)
    house.wait(1)
    assert "c.example" in house.routes(MapName.HOSTS)
    assert house.routes()["c.example/"] == "shop_second_80"


def test_a_path_that_moves_to_another_service_is_one_entry_set(house):
    house.begin(*WEB, ingress("shop", "api", host="b.example"), service("shop", "api"))
    house.sent()
    house.change(ingress("shop", "web", service="api"))
    assert house.sent()[0] == "set map prefix.map a.example/ shop_api_80"
    assert house.reloads() == {}


def test_a_service_that_nobody_leads_to_any_more_is_taken_out_behind_its_routes(house):
    house.begin(*WEB, ingress("shop", "api", host="b.example"), service("shop", "api"))
    house.sent()
    house.change(deletes=(ObjectRef("Ingress", "shop", "web"),))
    *routes, last = house.sent()
    assert all(command.startswith("del map") for command in routes)
    assert last == "set server shop_web_80/s1 state maint"
    assert house.filed() == {}


def test_a_service_that_comes_back_before_a_reload_needs_none(house):
    house.begin(*WEB, ingress("shop", "api", host="b.example"), service("shop", "api"))
    house.change(deletes=(ObjectRef("Service", "shop", "web"),))
    assert house.routes()["a.example/"] == "_503"
    house.change(service("shop", "web"))
    assert house.routes()["a.example/"] == "shop_web_80"
    assert house.ready() == ["10.0.0.1:80"]
    assert house.filed() == {"s1": "10.0.0.1:80"}
    assert house.reloads() == {}


def test_entries_in_the_files_are_those_that_haproxy_has(house):
    house.begin(*WEB)
    house.change(ingress("shop", "second", host="b.example", service="web"))
    house.wait(1)
    house.wait(1)
    file = (house.folder.maps / "prefix.map").read_text()
    assert "b.example/ shop_web_80" in file.splitlines()
