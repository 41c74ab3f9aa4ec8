"""A new Service takes a spare backend, and HAProxy is not reloaded while there is one left."""

import pytest

from hadyn.model.desired import Backend, ByName
from hadyn.model.problems import ObjectRef
from tests.features.house import House
from tests.given import ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def backend(name, *ips, **annotations):
    """A Service with the host ``name``.b.example."""
    said = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return [
        ingress("shop", name, host=f"{name}.b.example"),
        service("shop", name, annotations=said),
        slice_("shop", name, *ips),
    ]


API = backend("api", "10.0.1.1", "10.0.1.2")
DOCS = backend("docs", "10.0.2.1")


@pytest.fixture
def house(folder):
    return House(folder, spares=2)


def test_a_new_backend_runs_in_a_spare_one_without_a_reload(house):
    house.begin(*WEB)
    house.change(*API)
    assert house.reloads() == {}
    assert house.routes()["api.b.example/"] == "_spare_1"
    assert house.ready("_spare_1") == ["10.0.1.1:80", "10.0.1.2:80"]
    assert "shop/api:80: 2 endpoints came" in house.last_sentence()


def test_the_files_have_a_backend_under_its_own_name_while_it_runs_in_a_spare_one(house):
    house.begin(*WEB)
    house.change(*API)
    house.wait(2)
    assert house.filed("shop_api_80") == {"s1": "10.0.1.1:80", "s2": "10.0.1.2:80"}
    assert house.filed("_spare_1") == {}
    assert "api.b.example/ shop_api_80" in (house.folder.maps / "prefix.map").read_text()


def test_endpoints_of_a_backend_in_a_spare_one_come_and_go_as_elsewhere(house):
    house.begin(*WEB)
    house.change(*API)
    house.change(slice_("shop", "api", "10.0.1.2", "10.0.1.3"))
    assert house.ready("_spare_1") == ["10.0.1.2:80", "10.0.1.3:80"]
    assert sorted(house.filed("shop_api_80").values()) == ["10.0.1.2:80", "10.0.1.3:80"]
    assert house.reloads() == {}


def test_the_service_that_finds_no_spare_backend_costs_the_reload_that_brings_all_their_own(house):
    house.begin(*WEB)
    house.change(*API)
    house.change(*DOCS)
    house.change(*backend("late", "10.0.3.1"))
    assert house.reloads() == {"NEW_BACKEND": 1}
    for name in ("api", "docs", "late"):
        assert house.routes()[f"{name}.b.example/"] == f"shop_{name}_80"
    assert house.ready("shop_api_80") == ["10.0.1.1:80", "10.0.1.2:80"]
    assert house.ready("_spare_1") == house.ready("_spare_2") == []


def test_spare_backends_are_there_again_after_a_reload(house):
    house.begin(*WEB)
    for name in ("a", "b", "c"):
        house.change(*backend(name, "10.0.1.1"))
    house.change(*API)
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.ready("_spare_1") == ["10.0.1.1:80", "10.0.1.2:80"]


def test_a_backend_that_goes_leaves_its_spare_one_to_the_next(house):
    house.begin(*WEB)
    house.change(*API)
    house.change(deletes=(ObjectRef("Ingress", "shop", "api"),))
    assert house.ready("_spare_1") == []
    assert "api.b.example/" not in house.routes()
    house.change(*DOCS)
    assert house.routes()["docs.b.example/"] == "_spare_1"
    assert house.ready("_spare_1") == ["10.0.2.1:80"]
    assert house.reloads() == {}


def test_a_restarted_hadyn_finds_who_runs_in_which_spare_backend(house):
    house.begin(*WEB)
    house.change(*API)
    house.change(*DOCS)
    house.change(deletes=(ObjectRef("Ingress", "shop", "api"),))
    house.wait(2)
    house.sent()
    house.restart(*WEB, *DOCS)
    assert house.sent() == []
    house.change(slice_("shop", "docs", "10.0.2.9"))
    assert house.ready("_spare_2") == ["10.0.2.9:80"]
    assert house.reloads() == {}


def test_endpoints_that_changed_while_hadyn_was_dead_find_their_spare_backend(house):
    house.begin(*WEB)
    house.change(*API)
    house.wait(2)
    house.restart(*WEB, *backend("api", "10.0.1.2", "10.0.1.7"))
    assert house.ready("_spare_1") == ["10.0.1.2:80", "10.0.1.7:80"]
    assert house.routes()["api.b.example/"] == "_spare_1"


def test_a_spare_backend_where_strangers_serve_is_emptied_and_not_given_away(house):
    house.begin(*WEB)
    house.fake.slot("_spare_1", "s2").ip, house.fake.slot("_spare_1", "s2").admin = "10.9.9.9", 0
    house.restart(*WEB, *API)
    assert house.routes()["api.b.example/"] == "_spare_2"
    assert house.ready("_spare_1") == []


def test_a_route_that_moved_while_hadyn_was_dead_never_leads_to_other_pods(house):
    house.begin(*WEB)
    house.change(*API)
    house.wait(2)
    moved = ingress("shop", "api", host="api.b.example", service="docs")
    house.restart(*WEB, moved, *DOCS[1:])
    assert house.routes()["api.b.example/"] == "_spare_2"
    assert house.ready("_spare_2") == ["10.0.2.1:80"]
    assert house.ready("_spare_1") == []


def test_a_crash_of_haproxy_brings_every_backend_its_own_place(house):
    house.begin(*WEB)
    house.change(*API)
    house.crash_haproxy()
    house.wait(1)
    assert house.routes()["api.b.example/"] == "shop_api_80"
    assert house.ready("shop_api_80") == ["10.0.1.1:80", "10.0.1.2:80"]
    assert house.ready("_spare_1") == []
    assert house.reloads() == {}


@pytest.mark.parametrize("look", [House.compare_everything, lambda house: house.wait(3601)], ids=["resync", "sweep"])
def test_what_somebody_else_changed_in_a_spare_backend_is_set_right(house, look):
    house.begin(*WEB)
    house.change(*API)
    house.fake.slot("_spare_1", "s1").admin = 1
    house.fake.slot("_spare_2", "s1").admin = 0
    look(house)
    assert house.ready("_spare_1") == ["10.0.1.1:80", "10.0.1.2:80"]
    assert house.ready("_spare_2") == []
    assert house.routes()["api.b.example/"] == "_spare_1"


def test_a_sweep_finds_nothing_to_set_right_where_a_backend_runs_in_a_spare_one(house):
    house.begin(*WEB)
    house.change(*API)
    house.wait(2)
    house.sent()
    house.wait(3601)
    assert house.sent() == []


def test_a_backend_that_may_have_fewer_slots_than_a_spare_one_waits_for_a_reload(house):
    house.begin(*WEB)
    house.change(*backend("small", "10.0.1.1", slots_max="3"))
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_a_backend_whose_name_haproxy_resolves_waits_for_a_reload(house):
    house.begin(*WEB)
    named = Backend("shop_late_80", "shop/late:80", by_name=ByName("late.example", 80))
    house.wheel.reconciler.places.take([named])
    assert house.wheel.reconciler.places.by_backend == {}


def test_a_backend_that_outgrows_its_spare_one_is_reloaded_into_its_own(house):
    house.begin(*WEB)
    house.change(*API)
    house.change(slice_("shop", "api", *(f"10.0.1.{number}" for number in range(1, 7))))
    assert house.reloads() == {"NO_FREE_SLOT": 1}
    assert len(house.ready("shop_api_80")) == 6
    assert house.routes()["api.b.example/"] == "shop_api_80"


@pytest.mark.parametrize("version", ["3.0.11", "3.2.26"])
def test_a_backend_that_outgrows_its_spare_one_gets_more_slots_where_they_can_be_added(folder, version):
    house = House(folder, version=version, spares=1)
    house.begin(*WEB)
    house.change(*API)
    house.change(slice_("shop", "api", *(f"10.0.1.{number}" for number in range(1, 7))))
    assert house.reloads() == {}
    assert len(house.ready("_spare_1")) == 6


def test_there_are_no_spare_backends_where_new_ones_come_by_command(folder):
    house = House(folder, version="3.4.7", spares=2)
    house.begin(*WEB)
    house.change(*API)
    assert "_spare_1" not in house.fake.backends
    assert house.routes()["api.b.example/"] == "shop_api_80"
