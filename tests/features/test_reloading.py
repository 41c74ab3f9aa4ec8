"""HAProxy is reloaded for a reason that has a name, at its own pace, and never with what it refuses."""

import pytest

from hadyn.errors import ReloadFailed
from hadyn.model.problems import ObjectRef
from tests.features.house import House
from tests.given import config_map, ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def backend(name, *ips):
    """A Service with the host ``name``.b.example."""
    return [ingress("shop", name, host=f"{name}.b.example"), service("shop", name), slice_("shop", name, *ips)]


def timeout(name, seconds):
    return service("shop", name, annotations={"hadyn.io/timeout-server": f"{seconds}s"})


def during_judgement(house, *upserts, then):
    """Deliver a difference that HAProxy has to judge, others while it does, and let hadyn do what it can do now."""
    house.deliver(*upserts)
    house.wheel.turn(house._queued())
    judged = house._awaited()
    house.deliver(*then)
    house.wheel.turn(house._queued())
    house.wheel.turn(judged)
    house.settle()


def filed(house):
    return house.wheel.reloader.files.sections.filed("shop_web_80")


def ips(count):
    return [f"10.0.0.{number}" for number in range(11, count + 11)]


def test_several_new_backends_in_one_turn_are_one_reload(house):
    house.begin(*WEB)
    house.change(*backend("a", "10.0.1.1"), *backend("b", "10.0.1.2"), *backend("c", "10.0.1.3"))
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.ready("shop_b_80") == ["10.0.1.2:80"]


def test_hadyn_is_ready_once_a_haproxy_without_backends_has_loaded_them(house):
    house.begin()
    house.replace(*WEB)
    house.wheel.turn([])
    assert not house.wheel.is_synced
    house.settle()
    assert house.wheel.is_synced
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_hadyn_is_ready_when_the_first_reload_fails_for_what_is_loaded_serves(house):
    house.begin(*WEB)
    house.door.failures = [ReloadFailed("HAProxy did not come up")]
    house.replace(*WEB, *backend("a", "10.0.1.1"))
    house.settle()
    assert house.wheel.is_synced
    assert house.reloads() == {}


def test_the_second_reload_waits_and_takes_all_along_that_came_meanwhile(house):
    house.begin(*WEB)
    house.change(*backend("a", "10.0.1.1"))
    house.change(*backend("b", "10.0.1.2"))
    house.change(*backend("c", "10.0.1.3"))
    assert house.reloads() == {"NEW_BACKEND": 1}
    house.wait(1)
    assert house.reloads() == {"NEW_BACKEND": 2}
    assert house.ready("shop_b_80") == ["10.0.1.2:80"]
    assert house.ready("shop_c_80") == ["10.0.1.3:80"]


def test_endpoints_do_not_wait_for_a_reload_that_does(house):
    house.begin(*WEB)
    house.change(*backend("a", "10.0.1.1"))
    house.change(*backend("b", "10.0.1.2"))
    house.change(slice_("shop", "web", "10.0.0.2"))
    assert house.ready() == ["10.0.0.2:80"]
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert "a reload waits because NEW_BACKEND (shop_b_80)" in house.last_sentence()


def test_a_backend_that_goes_before_its_reload_takes_its_reason_along(house):
    house.begin(*WEB)
    house.change(*backend("a", "10.0.1.1"))
    house.change(*backend("b", "10.0.1.2"))
    house.change(deletes=(ObjectRef("Ingress", "shop", "b"),))
    house.wait(5)
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_one_endpoint_too_many_doubles_the_slots_and_moves_nobody(house):
    house.begin(ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", *ips(4)))
    seats = house.seats()
    house.change(slice_("shop", "web", *ips(5)))
    assert house.reloads() == {"NO_FREE_SLOT": 1}
    assert len(house.fake.backends["shop_web_80"]) == 10
    assert house.seats().items() > seats.items()


@pytest.mark.parametrize(("said", "slots"), [({}, 10), ({"slots-increment": "7"}, 14), ({"slots-min-free": "9"}, 20)])
def test_a_service_says_by_how_much_its_backend_grows(house, said, slots):
    annotations = {f"hadyn.io/{name}": value for name, value in said.items()}
    annotated = service("shop", "web", annotations=annotations)
    house.begin(ingress("shop", "web"), annotated, slice_("shop", "web", *ips(4)))
    house.change(slice_("shop", "web", *ips(5)))
    assert len(house.fake.backends["shop_web_80"]) == slots


def test_endpoints_beyond_slots_max_are_a_problem_and_no_reload(house):
    annotated = service("shop", "web", annotations={"hadyn.io/slots-max": "4"})
    house.begin(ingress("shop", "web"), annotated, slice_("shop", "web", *ips(4)))
    house.change(slice_("shop", "web", *ips(6)))
    assert house.problems() == ["service shop/web: TooMany"]
    assert house.reloads() == {}
    assert len(house.ready()) == 4
    house.change(slice_("shop", "web", *ips(4)))
    assert house.problems() == []


def test_slots_are_given_away_only_by_a_reload_that_happens_anyway(house):
    house.begin(ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", *ips(12)))
    assert len(house.fake.backends["shop_web_80"]) == 20
    house.change(slice_("shop", "web", *ips(2)))
    house.wait(10)
    assert house.reloads() == {}
    house.change(*backend("a", "10.0.1.1"))
    assert len(house.fake.backends["shop_web_80"]) == 4
    assert house.ready() == ["10.0.0.11:80", "10.0.0.12:80"]


def test_a_reload_that_fails_is_tried_again_and_forgets_no_reason(house):
    house.begin(*WEB)
    house.door.failures.append(ReloadFailed("no memory"))
    house.change(*backend("a", "10.0.1.1"))
    assert house.reloads() == {}
    house.change(slice_("shop", "web", "10.0.0.2"))
    assert house.ready() == ["10.0.0.2:80"]
    house.wait(5)
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.ready("shop_a_80") == ["10.0.1.1:80"]


def test_a_reload_that_fails_again_and_again_is_said_once_each_time_it_begins_to(house, caplog):
    house.begin(*WEB)
    for name in ("a", "b"):
        house.door.failures += [ReloadFailed("no memory")] * 3
        house.change(*backend(name, "10.0.1.1"))
        for _ in range(5):
            house.wait(5)
        assert house.reloads()["NEW_BACKEND"] == 1 + (name == "b")
    assert caplog.text.count("not reloaded for NEW_BACKEND (shop_a_80)") == 1
    assert caplog.text.count("not reloaded for NEW_BACKEND (shop_b_80)") == 1


def test_a_backend_that_haproxy_refuses_is_left_out_alone(house):
    house.begin(*WEB)
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad", "10.0.1.1"), *backend("good", "10.0.1.2"))
    assert house.problems() == ["service shop/bad: RefusedByHAProxy"]
    assert house.routes()["bad.b.example/"] == "_503"
    assert house.ready("shop_good_80") == ["10.0.1.2:80"]
    assert house.filed("shop_bad_80") == {}


def test_a_backend_that_was_refused_is_loaded_with_its_routes_once_it_changes(house):
    house.begin(*WEB)
    house.door.dislikes.add("shop_bad_80")
    house.change(*backend("bad", "10.0.1.1"))
    house.door.dislikes.clear()
    house.wait(5)
    assert house.routes()["bad.b.example/"] == "_503"
    house.change(service("shop", "bad", annotations={"hadyn.io/slots": "5"}))
    house.wait(5)
    assert house.problems() == []
    assert house.routes()["bad.b.example/"] == "shop_bad_80"
    assert house.ready("shop_bad_80") == ["10.0.1.1:80"]


def test_a_refusal_that_no_backend_explains_leaves_all_as_it_is(house):
    house.begin(*WEB)
    house.door.dislikes.add("frontend")
    before = house.fake.pid
    house.change(*backend("a", "10.0.1.1"))
    house.change(slice_("shop", "web", "10.0.0.2"))
    assert (house.fake.pid, house.reloads()) == (before, {})
    assert house.ready() == ["10.0.0.2:80"]
    house.door.dislikes.clear()
    house.wait(5)
    assert house.ready("shop_a_80") == ["10.0.1.1:80"]


def test_endpoints_that_change_while_haproxy_judges_a_new_backend_need_no_second_reload(house):
    house.begin(*WEB)
    house.deliver(*backend("a"))
    house.wheel.turn(house._queued())
    house.deliver(slice_("shop", "a", "10.0.1.1", "10.0.1.2"))
    house.wheel.turn(house._queued())
    house.wait(5)
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.ready("shop_a_80") == ["10.0.1.1:80", "10.0.1.2:80"]


def test_a_backend_that_changes_while_haproxy_judges_it_is_loaded_as_judged_and_once_more(house):
    house.begin(*WEB)
    during_judgement(house, timeout("web", 31), then=[timeout("web", 32), slice_("shop", "web", "10.0.0.2")])
    assert "timeout server 31000ms" in filed(house)
    assert house.filed() == {"s2": "10.0.0.2:80"}
    assert house.reloads() == {"BACKEND_CHANGED": 1}
    house.wait(1)
    assert "timeout server 32000ms" in filed(house)
    assert house.reloads() == {"BACKEND_CHANGED": 2}
    house.wait(10)
    assert house.reloads() == {"BACKEND_CHANGED": 2}


def test_a_new_backend_that_changes_while_haproxy_judges_it_serves_after_the_first_reload(house):
    house.begin(*WEB)
    during_judgement(house, *backend("a", "10.0.1.1"), then=[timeout("a", 31)])
    assert house.ready("shop_a_80") == ["10.0.1.1:80"]
    assert house.routes()["a.b.example/"] == "shop_a_80"
    assert house.reloads() == {"NEW_BACKEND": 1}


CHANGES = timeout("web", 31), config_map("hadyn", "options", **{"timeout-client": "2m"})


@pytest.mark.parametrize("changed", CHANGES, ids=["a backend", "all of HAProxy"])
def test_a_hadyn_that_dies_between_files_and_reload_is_followed_by_one_that_reloads(house, changed):
    house.begin(*WEB)
    house.deliver(changed)
    house.wheel.turn(house._queued())
    house.door.failures.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        house.wheel.turn(house._awaited())
    before = house.fake.pid
    house.restart(*WEB, changed)
    assert house.fake.pid != before
    assert sum(house.reloads().values()) == 1
    house.restart(*WEB, changed)
    house.wait(10)
    assert house.reloads() == {}


def test_what_haproxy_judged_for_nothing_is_not_loaded(house):
    house.begin(*WEB)
    during_judgement(house, timeout("web", 31), then=[*WEB, *backend("a", "10.0.1.1")])
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert house.ready("shop_a_80") == ["10.0.1.1:80"]


@pytest.mark.parametrize("version", ["3.0.11", "3.2.26", "3.4.7"])
def test_more_endpoints_than_slots_need_no_reload_where_slots_can_be_added(folder, version):
    house = House(folder, version=version)
    house.begin(ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", *ips(4)))
    house.change(slice_("shop", "web", *ips(5)))
    assert house.reloads() == {}
    assert len(house.ready()) == 5
    assert house.filed()["s5"] == "10.0.0.15:80"


def test_a_new_backend_needs_no_reload_where_it_can_be_added(folder):
    house = House(folder, version="3.4.7")
    house.begin(*WEB)
    house.change(*backend("a", "10.0.1.1"))
    assert house.reloads() == {}
    assert house.ready("shop_a_80") == ["10.0.1.1:80"]
    assert house.routes()["a.b.example/"] == "shop_a_80"
    assert house.filed("shop_a_80") == {"s1": "10.0.1.1:80"}
