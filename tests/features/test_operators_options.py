"""The operator's ConfigMap: all objects follow it, HAProxy is reloaded for it, a wrong one harms nothing."""

from tests.given import config_map, ingress, service, slice_

WEB = [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def options(**values):
    return config_map("hadyn", "options", **{key.replace("_", "-"): value for key, value in values.items()})


def main(house):
    return house.folder.main_config.read_text()


def test_a_default_of_all_backends_stands_once_in_the_main_file(house):
    house.begin(*WEB, options(timeout_server="5m"))
    assert "    # the operator's options\n    timeout server 300000ms\n" in main(house)
    assert house.wheel.inventory.backend("shop_web_80").directives == ()
    assert house.reloads() == {}


def test_a_changed_option_of_haproxy_is_one_reload_that_says_so(house):
    house.begin(*WEB)
    house.change(options(timeout_client="2m"))
    house.wait(1)
    assert "timeout client 120000ms" in main(house)
    assert house.reloads() == {"GLOBAL_CHANGED": 1}


def test_an_option_that_goes_back_before_the_reload_needs_none(house):
    house.begin(*WEB)
    house.change(options(timeout_client="2m"))
    house.change(options(timeout_client="3m"))
    house.change(options(timeout_client="2m"))
    house.wait(1)
    assert house.reloads() == {"GLOBAL_CHANGED": 1}


def test_an_option_that_changes_while_haproxy_judges_another_is_loaded_too(house):
    house.begin(*WEB)
    house.deliver(options(timeout_client="2m"))
    house.wheel.turn(house._queued())
    judged = house._awaited()
    house.deliver(options(timeout_client="3m"))
    house.wheel.turn(house._queued())
    house.wheel.turn(judged)
    assert "timeout client 120000ms" in main(house)
    house.wait(1)
    assert "timeout client 180000ms" in main(house)
    assert house.reloads() == {"GLOBAL_CHANGED": 2}


def test_a_changed_number_of_slots_needs_no_other_main_file(house):
    house.begin(*WEB, options(slots="4"))
    house.change(options(slots="6"))
    house.wait(1)
    assert house.reloads() == {"SLOTS_CHANGED": 1}


def test_options_that_haproxy_refuses_are_a_problem_and_all_else_is_loaded(house):
    house.begin(*WEB)
    house.door.dislikes.add("120000ms")
    house.change(options(timeout_client="2m"), service("shop", "api"), ingress("shop", "api", host="b.example"))
    house.wait(1)
    assert house.problems() == ["configmap hadyn/options: RefusedByHAProxy"]
    assert "timeout client 120000ms" not in main(house)
    assert "shop_api_80" in house.fake.backends


def test_options_that_were_refused_are_tried_when_they_change(house):
    house.begin(*WEB)
    house.door.dislikes.add("120000ms")
    house.change(options(timeout_client="2m"))
    house.wait(1)
    house.change(options(timeout_client="3m"))
    house.wait(1)
    assert house.problems() == []
    assert "timeout client 180000ms" in main(house)
