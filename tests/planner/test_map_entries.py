"""Map entries become what is wanted, safely at every step."""

from __future__ import annotations

from hadyn.model.desired import UNAVAILABLE, MapName
from hadyn.planner.map_entries import plan_entries
from tests.planner.texts import lines

HOST = (MapName.HOSTS, "a.example")
PATH = (MapName.PREFIX, "a.example/shop/")
EXACT = (MapName.EXACT, "a.example/shop")


def commands(desired, observed, loaded=("web", "api")):
    return [str(command) for command in plan_entries(desired, observed, set(loaded))]


def test_a_host_is_announced_after_its_paths():
    assert commands({HOST: "x", PATH: "web", EXACT: "api"}, {}) == lines("""
        add map exact.map a.example/shop api
        add map prefix.map a.example/shop/ web
        add map hosts.map a.example x
    """)


def test_a_host_is_withdrawn_before_its_paths():
    assert commands({HOST: None, PATH: None}, {HOST: "x", PATH: "web"}) == lines("""
        del map hosts.map a.example
        del map prefix.map a.example/shop/
    """)


def test_a_path_that_moves_to_another_backend_is_set_in_one_command():
    assert commands({PATH: "api"}, {PATH: "web"}) == ["set map prefix.map a.example/shop/ api"]


def test_entries_that_are_right_are_left_alone():
    assert commands({HOST: "x", PATH: "web", EXACT: None}, {HOST: "x", PATH: "web"}) == []


def test_a_path_to_a_backend_that_haproxy_does_not_hold_yet_waits_for_the_reload():
    assert commands({PATH: "new"}, {PATH: "web"}) == []


def test_a_host_whose_only_path_waits_for_a_reload_stays_unknown_until_then():
    assert commands({HOST: "x", PATH: "new"}, {}) == []


def test_a_missing_service_is_routed_to_the_backend_that_answers_unavailable():
    assert commands({PATH: UNAVAILABLE}, {}) == ["add map prefix.map a.example/shop/ _503"]
