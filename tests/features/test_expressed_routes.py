"""Routes by regular expression: the first reloads for its lines, all others come live, in the order of their length."""

import re

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.desired import MapName
from tests.given import ingress, path_of, service, slice_

FREE = "ImplementationSpecific"
WEB = [service("shop", "web"), slice_("shop", "web", "10.0.0.1")]
PATHS = ("/[0-9]+", "/[a-z]+", "/a+b", "/item/[0-9]+", "/item/[a-z]{2}", "/(one|two)/x*y")
LONG, MIDDLE, SHORT = "/shop/[0-9]+/[a-z]+", "/shop/[0-9]+", "/[a-z]+"


def by(*paths, name="web", host="a.example", **annotations):
    said = {"hadyn.io/use-regex": "true"} | {f"hadyn.io/{key}": value for key, value in annotations.items()}
    rules = [{"host": host, "http": {"paths": [path_of(path, path_type=FREE) for path in paths]}}]
    return ingress("shop", name, rules=rules, annotations=said)


def tried(house):
    """What HAProxy tries, in order: HAProxy appends, and so does the fake."""
    return [re.sub(r"^\S*\|\^", "", key) for key in house.routes(MapName.EXPRESSIONS)]


def test_the_first_expression_is_a_reload_and_the_next_ones_are_none(house):
    house.begin(*WEB, ingress("shop", "plain", service="web", host="b.example"))
    house.change(by(SHORT))
    assert house.reloads() == {"ROUTING_BEGAN": 1}
    house.change(by(LONG, name="other", host="c.example"))
    assert house.reloads() == {"ROUTING_BEGAN": 1}
    assert house.routes(MapName.EXPRESSED) == {"a.example": "a.example", "c.example": "c.example"}


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ((SHORT,), (LONG, MIDDLE, SHORT)),
        ((LONG, SHORT), (LONG, MIDDLE, SHORT)),
        ((LONG, MIDDLE, SHORT), (LONG, SHORT)),
        ((LONG, MIDDLE, SHORT), (MIDDLE,)),
        ((MIDDLE, SHORT), (LONG, SHORT)),
    ],
)
def test_expressions_are_tried_longest_first_whenever_they_came(house, first, then):
    house.begin(*WEB, by(*first))
    house.change(by(*then))
    expected = [f"a[.]example{each}" for each in sorted(then, key=len, reverse=True)]
    assert tried(house) == expected
    assert house.reloads() == {}


def test_prefixes_beside_expressions_are_tried_among_them(house):
    house.begin(*WEB, by(MIDDLE), ingress("shop", "plain", service="web", path="/shop/prefix/that/is/long"))
    assert tried(house) == ["a[.]example/shop/prefix/that/is/long(/|$)", f"a[.]example{MIDDLE}"]


def test_a_host_is_told_after_its_expressions_and_forgotten_before_them(house):
    house.begin(*WEB, by(SHORT), ingress("shop", "plain", service="web", host="b.example"))
    house.sent()
    house.change(by(LONG, name="other", host="b.example"))
    told = [command.split()[:3] for command in house.sent() if "express" in command]
    assert [f"{verb} {name.rpartition('/')[2]}" for verb, _, name in told] == [
        "add expressions.map",
        "add expressions.map",
        "add expressed.map",
    ]


def test_a_change_of_what_a_route_says_is_one_command(house):
    house.begin(*WEB, by("/(a)/(b)"))
    house.sent()
    house.change(by("/(a)/(b)", **{"app-root": "/x"}))
    (command,) = (each for each in house.sent() if each.startswith("set map expressions.map"))
    assert command.endswith(" shop_web_80|shop/web|^r302^/x")
    assert house.reloads() == {}


def test_a_restarted_hadyn_finds_everything_as_it_is(house):
    house.begin(*WEB, by(LONG, MIDDLE, **{"rewrite-target": "/x"}))
    house.sent()
    house.restart(*WEB, by(LONG, MIDDLE, **{"rewrite-target": "/x"}))
    house.compare_everything()
    assert house.sent() == []


def test_expressions_wait_together_for_the_backend_that_one_leads_to(house):
    house.begin(*WEB, by(SHORT))
    other = [service("shop", "other"), slice_("shop", "other", "10.0.0.2")]
    rules = [{"host": "a.example", "http": {"paths": [path_of(LONG, "other", path_type=FREE)]}}]
    house.change(*other, ingress("shop", "other", rules=rules, annotations={"hadyn.io/use-regex": "true"}))
    assert tried(house) == [f"a[.]example{LONG}", f"a[.]example{SHORT}"]
    assert house.reloads() == {"NEW_BACKEND": 1}


@pytest.mark.parametrize(
    ("path", "annotations", "said"),
    [
        ("/x(?!a)", {}, "looks around"),
        ("/a/(.*)/x+", {"rewrite-target": "/$2"}, "asks for $2, and the path has no such group"),
    ],
)
def test_an_expression_that_cannot_be_is_a_problem_of_its_ingress(house, path, annotations, said):
    house.begin(*WEB, by(path, **annotations))
    assert any(said in problem.said for problem in house.wheel.reconciler.filing.problems())


def test_groups_make_no_path_that_does_not_begin_with_a_slash(house):
    said = {"nginx.ingress.kubernetes.io/rewrite-target": "$1"}
    rules = [{"host": "a.example", "http": {"paths": [path_of("/a/(.*)/x+", path_type=FREE)]}}]
    house.begin(*WEB, ingress("shop", "web", rules=rules, annotations=said))
    (problem,) = house.wheel.reconciler.filing.problems()
    assert problem.said == "its rewrite-target does not begin with /, so no path would"


def test_an_exact_path_stays_a_look_up(house):
    exact = ingress("shop", "exact", service="web", path="/shop/1", path_type="Exact")
    house.begin(*WEB, by(MIDDLE), exact)
    assert house.routes(MapName.EXACT) == {"a.example/shop/1": "shop_web_80"}
    assert tried(house) == [f"a[.]example{MIDDLE}"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(st.lists(st.lists(st.sampled_from(PATHS), unique=True, min_size=1), min_size=1, max_size=6))
def test_whatever_comes_and_goes_the_longest_is_tried_first_and_a_reload_changes_nothing(house, histories):
    house.begin(*WEB, by(SHORT))
    for paths in histories:
        house.change(by(*paths))
        in_order = [f"a[.]example{each}" for each in sorted(paths, key=lambda each: (-len(each), each))]
        assert tried(house) == in_order
        filed = house.wheel.reconciler.filing.files.map_entries(MapName.EXPRESSIONS)
        assert sorted(filed) == list(house.routes(MapName.EXPRESSIONS))
