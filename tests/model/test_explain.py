"""Which route a request meets, and why not the others."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, Route
from hadyn.model.explain import explain
from hadyn.model.inventory import Inventory
from tests import given
from tests.model.looks import inventory

SERVICES = [given.service("shop", name) for name in ("web", "api", "wild", "any", "rest")]
SHOWN = inventory(
    *SERVICES,
    given.ingress("shop", "web"),
    given.ingress("shop", "api", path="/api"),
    given.ingress("shop", "health", path="/api/health", service="rest", path_type="Exact"),
    given.ingress("shop", "wild", host="*.example"),
    given.ingress("shop", "any", host=None, path="/any"),
    given.ingress("shop", "rest", rules=[], default=given.backend_of("rest")),
)


@pytest.mark.parametrize(
    ("host", "path", "ingress"),
    [
        pytest.param("a.example", "/", "shop/web", id="the root goes to the root"),
        pytest.param("a.example", "/apix", "shop/web", id="a prefix ends at an element"),
        pytest.param("a.example", "/api", "shop/api", id="a prefix is itself"),
        pytest.param("a.example", "/api/x", "shop/api", id="the longest prefix wins"),
        pytest.param("a.example", "/api/health", "shop/health", id="exact wins"),
        pytest.param("a.example", "/api/health/", "shop/api", id="exact means exact"),
        pytest.param("A.Example.:8080", "/api", "shop/api", id="capitals and port and dot do not count"),
        pytest.param("b.example", "/", "shop/wild", id="a wildcard takes one label"),
        pytest.param("c.b.example", "/", "shop/rest", id="and not two"),
        pytest.param("c.b.example", "/any", "shop/any", id="rules without host take unknown hosts"),
        pytest.param("b.example", "/any", "shop/wild", id="but not those a wildcard knows"),
        pytest.param("[::1]:80", "/any", "shop/any", id="an address is a host like others"),
        pytest.param("*", "/any", "shop/any", id="a star as host is no key"),
    ],
)
def test_a_request_meets_the_route_haproxy_would_choose(host, path, ingress):
    assert explain(SHOWN, host, path).route.ingress == ingress


def test_routes_that_lose_say_why():
    found = explain(SHOWN, "a.example", "/api/health")
    assert {candidate.route.ingress: candidate.why for candidate in found.others} == {
        "shop/web": "an exact path comes before a prefix",
        "shop/api": "an exact path comes before a prefix",
        "shop/wild": "the host a.example has rules of its own, and only those are asked",
        "shop/any": "the host a.example has rules of its own, and only those are asked",
        "shop/rest": "the default is for what no rule matches",
    }


def test_paths_that_do_not_match_say_why():
    found = explain(SHOWN, "a.example", "/apix")
    assert {candidate.route.ingress: candidate.why for candidate in found.others}["shop/api"] == (
        "the path does not begin with the elements of /api"
    )
    assert {candidate.route.ingress: candidate.why for candidate in found.others}["shop/health"] == (
        "the path is not exactly /api/health"
    )


def test_a_request_that_nothing_matches_has_no_route():
    found = explain(inventory(SERVICES[0], given.ingress("shop", "web", path="/x")), "a.example", "/")
    assert found.route is None
    assert found.matched_host == "a.example"
    assert [candidate.why for candidate in found.others] == ["the path does not begin with the elements of /x"]


def test_problems_of_the_objects_behind_the_host_are_told():
    shown = inventory(
        given.ingress("shop", "web"),
        given.ingress("shop", "late", service="web"),
        given.ingress("blog", "else", host="b.example"),
    )
    assert [str(problem.object) for problem in explain(shown, "a.example", "/").problems] == [
        "ingress shop/late",
        "ingress shop/web",
    ]


HOSTS = st.sampled_from(["a.example", "b.a.example", "*.example", "*.a.example", None])
PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c"])
RULES = st.lists(
    st.builds(
        given.rule, HOSTS, PATHS, st.sampled_from(["web", "api"]), st.just(80), st.sampled_from(["Exact", "Prefix"])
    ),
    max_size=8,
)
REQUEST_HOSTS = st.sampled_from(["a.example", "b.a.example", "c.example", "c.b.a.example", "x", "*.example"])
REQUEST_PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c/d", "/b", "*"])


def by_the_words_of_kubernetes(shown: Inventory, host: str, path: str) -> Route | None:
    """Routing said the long way: labels and elements compared one by one, over all routes."""
    routes = [route for known in shown.hosts() - {DEFAULT_KEY} for route in shown.routes(known)]
    labels = host.split(".")
    tiers = [
        [route for route in routes if route.host == host],
        [route for route in routes if route.host.split(".") == ["*", *labels[1:]]],
        [route for route in routes if route.host == ANY_HOST],
    ]
    asked = next((tier for tier in tiers if tier), [])
    elements = path.split("/")
    exact = [route for route in asked if route.exact and route.path == path]
    prefixes = [
        (len(wanted), route)
        for route in asked
        for wanted in [route.path.rstrip("/").split("/")]
        if not route.exact and elements[: len(wanted)] == wanted
    ]
    longest = [route for _, route in sorted(prefixes, key=lambda found: -found[0])]
    return next(iter([*exact, *longest, *shown.routes(DEFAULT_KEY)]), None)


@settings(max_examples=400)
@for_all(RULES, st.sampled_from([None, given.backend_of("web")]), REQUEST_HOSTS, REQUEST_PATHS)
def test_explain_agrees_with_routing_said_the_long_way(rules, rest, host, path):
    catch_all = [given.ingress("shop", "rest", rules=[], default=rest)]
    shown = inventory(*SERVICES, given.ingress("shop", "web", rules=rules), *catch_all)
    assert explain(shown, host, path).route == by_the_words_of_kubernetes(shown, host, path)


def test_an_expression_takes_what_it_matches_before_shorter_paths():
    said = {"hadyn.io/use-regex": "true"}
    by_digits = given.ingress("shop", "web", path="/item/[0-9]+$", path_type="ImplementationSpecific", annotations=said)
    found = inventory(*SERVICES, by_digits, given.ingress("shop", "api"))
    assert explain(found, "a.example", "/item/12").route.ingress == "shop/web"
    explained = explain(found, "a.example", "/item/x")
    assert explained.route.ingress == "shop/api"
    assert [other.why for other in explained.others] == ["the path does not match /item/[0-9]+$"]


def test_a_host_that_nothing_names_is_looked_for_among_expressions():
    matched = given.ingress("shop", "web", annotations={"hadyn.io/server-alias-regex": "[a-z]+.test"})
    found = inventory(*SERVICES, matched, given.ingress("shop", "api", host=None))
    assert explain(found, "new.test", "/").route.ingress == "shop/web"
    assert explain(found, "new1.test", "/").route.ingress == "shop/api"
