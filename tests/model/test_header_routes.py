"""Ingresses of one host and path that are told apart by headers: what stands in the maps, and what can be wrong."""

from __future__ import annotations

import re

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.desired import FIELD_SEPARATOR, MapName, guard_of, host_of
from hadyn.model.explain import explain
from hadyn.model.extras import Extra
from hadyn.model.options.header_matches import HEADER_MATCH, HEADER_MATCH_REGEX, conditions_of
from hadyn.model.route_entries import entries
from tests import given
from tests.model.looks import complaints, inventory, reasons

NAMES = ("web", "next", "later")
SERVICES = tuple(given.service("shop", name) for name in NAMES)
OBJECTS = (*SERVICES, given.ingress("shop", "web"))
NEXT, LATER, WEB = "shop_next_80", "shop_later_80", "shop_web_80"


def by_header(service="next", *, said="X-Env: staging", path="/", path_type="Prefix", host="a.example", **more):
    """An Ingress for requests with a header; ``regex`` is header-match-regex, ``annotations`` are further ones."""
    annotations = dict(more.pop("annotations", {}))
    annotations |= {"hadyn.io/header-match": said} if said else {}
    annotations |= {"hadyn.io/header-match-regex": more.pop("regex")} if "regex" in more else {}
    name = more.pop("name", service)
    more.setdefault("created", "2026-01-01T00:00:00Z")
    where = {"host": host, "path": path, "path_type": path_type}
    return given.ingress("shop", name, service=service, annotations=annotations, **where, **more)


def matches(shown, host="a.example"):
    """What the headers of requests look like, without the key of their path, and where each leads; in order."""
    found = sorted(
        (key, value) for (name, key), value in entries(shown.routes(host)).items() if name is MapName.HEADERS
    )
    return [(key.partition("[|]")[2], value) for key, value in found]


def asked(shown, path):
    """The names of the headers that requests of a path are asked for, and whether nobody else has it."""
    (route,) = [route for route in shown.routes("a.example") if route.path == path]
    fields = route.value.split(FIELD_SEPARATOR)
    return fields[0], fields[12], fields[13:] == ["alone"]


def test_an_ingress_for_requests_with_a_header_stands_beside_the_one_for_all_others():
    shown = inventory(*OBJECTS, by_header())
    assert reasons(shown) == []
    assert matches(shown) == [("=staging$", NEXT)]
    assert asked(shown, "/") == (WEB, "x-env", False)
    assert Extra.HEADERS in shown.main_wish.extras


def test_who_says_more_headers_is_asked_first_and_then_the_oldest():
    both = by_header(name="both", said="X-User: bob\nX-Env: staging")
    younger = by_header("later", created="2026-02-02T00:00:00Z", said="x-user: bob")
    shown = inventory(*OBJECTS, younger, by_header(), both)
    assert matches(shown) == [("=staging[|]=bob$", NEXT), ("=staging[|][^|]*", NEXT), ("[^|]*[|]=bob$", LATER)]


def test_the_header_that_is_asked_by_expression_is_the_last_so_that_it_meets_no_other():
    shown = inventory(*OBJECTS, by_header(said="X-User: bob", regex="X-Env: ^(test|staging)$"), by_header("later"))
    assert asked(shown, "/")[1] == "x-user/x-env"
    assert matches(shown) == [("=bob[|]=(test|staging)$", NEXT), ("[^|]*[|]=staging$", LATER)]


def test_an_expression_finds_something_anywhere_in_the_header():
    ((pattern, _),) = matches(inventory(*OBJECTS, by_header(said="", regex="X-Env test")))
    assert re.match(pattern, "=latest")
    assert not re.match(pattern, "=te|st")


def test_two_ingresses_with_equal_headers_cannot_both_have_a_path():
    younger = by_header("later", created="2026-02-02T00:00:00Z", said="x-env:staging")
    shown = inventory(*OBJECTS, by_header(), younger)
    assert matches(shown) == [("=staging$", NEXT)]
    assert reasons(shown) == ["Claimed"]


def test_a_path_for_such_requests_alone_leaves_others_to_the_next_shorter_path():
    shown = inventory(*OBJECTS, by_header(path="/api"))
    assert asked(shown, "/api") == (WEB, "x-env", False)
    assert matches(shown) == [("=staging$", NEXT)]


def test_others_are_asked_what_the_next_shorter_path_asks():
    shown = inventory(*OBJECTS, by_header(path="/api"), by_header("later", said="X-User: bob", path="/"))
    of_api = [match for match in matches(shown) if match[0].startswith("=staging")]
    assert of_api == [("=staging[|][^|]*", NEXT)]
    assert ("[^|]*[|]=bob$", LATER) in matches(shown)
    assert asked(shown, "/api") == (WEB, "x-env/x-user", False)


def test_a_path_that_nobody_else_has_is_for_nobody_else():
    shown = inventory(*SERVICES, by_header(path="/api"), by_header("later", path="/api/v2", said="X-User: bob"))
    assert asked(shown, "/api") == ("_503", "x-env", True)
    assert asked(shown, "/api/v2") == ("_503", "x-env/x-user", True)


def test_an_exact_path_leaves_others_to_the_same_path_as_prefix():
    shown = inventory(*SERVICES, given.ingress("shop", "web"), by_header(path="/", path_type="Exact"))
    exact = next(route for route in shown.routes("a.example") if route.exact)
    assert (exact.backend, len(exact.matches)) == (WEB, 1)


def test_what_an_ingress_says_of_its_routes_comes_along():
    annotations = {"hadyn.io/allow-source-range": "10.0.0.0/8", "hadyn.io/deny-paths": "/secret"}
    shown = inventory(*OBJECTS, by_header(annotations=annotations))
    found = entries(shown.routes("a.example"))
    ((_, value),) = matches(shown)
    assert value.startswith(f"{NEXT}|shop/next|")
    assert guard_of(value)
    assert [key for name, key in found if name is MapName.NETWORKS and "shop/next" in key]
    assert guard_of(found[MapName.PREFIX, "a.example/"]) == ""


def test_another_condition_is_another_key_so_a_path_changes_at_once():
    shown = inventory(*OBJECTS, by_header())
    before = {key for key in entries(shown.routes("a.example")) if key[0] is MapName.HEADERS}
    shown.apply(given.changes(by_header(said="X-Env: test")))
    assert before.isdisjoint(entries(shown.routes("a.example")))


def test_an_ingress_without_its_header_any_more_leaves_nothing_behind():
    shown = inventory(*OBJECTS)
    before = entries(shown.routes("a.example"))
    shown.apply(given.changes(by_header()))
    shown.apply(given.changes(deletes=(by_header().ref,)))
    assert entries(shown.routes("a.example")) == before
    assert Extra.HEADERS not in shown.main_wish.extras


def test_every_entry_of_a_wildcard_host_is_found_by_it():
    shown = inventory(*SERVICES, by_header(host="*.a.example", said="X-Env: a.b/c"))
    assert {host_of(key) for key in entries(shown.routes("*.a.example"))} == {"*.a.example"}


@pytest.mark.parametrize(
    ("more", "field", "words"),
    [
        ({"said": "X-Env"}, "header-match", "until then no request gets there"),
        ({"said": "X_Env: a"}, "header-match", "is wanted"),
        ({"said": "X-Env: a|b"}, "header-match", "is wanted"),
        ({"said": "X-Env: a\nx-env: b"}, "header-match", "is wanted"),
        ({"said": "A: a\nB: b\nC: c\nD: d"}, "header-match", "is wanted"),
        ({"said": "", "regex": "X-Env: (a+)+b"}, "header-match-regex", "is wanted"),
        ({"said": "", "regex": "X-Env: a\nX-User: b"}, "header-match-regex", "is wanted"),
        ({"said": "", "regex": "X-Env"}, "header-match-regex", "is wanted"),
        ({"regex": "X-Env: a"}, "header-match", "asks for one header in two ways"),
        ({"said": "A: a\nB: b\nC: c", "regex": "D: d"}, "header-match", "asks for more than 3 headers"),
        ({"annotations": {"hadyn.io/ssl-passthrough": "true"}}, "header-match", "headers are encrypted"),
        ({"annotations": {"hadyn.io/canary": "true"}}, "header-match", "says nothing on a canary"),
        (
            {"annotations": {"hadyn.io/use-regex": "true"}, "path": "/a(b|c)", "path_type": "ImplementationSpecific"},
            "header-match",
            "regular expression",
        ),
    ],
)
def test_an_ingress_whose_headers_cannot_be_asked_gets_no_request(more, field, words):
    shown = inventory(*OBJECTS, by_header(**more))
    (complaint,) = complaints(shown)
    assert complaint.startswith(f"ingress shop/next: metadata.annotations[hadyn.io/{field}]: ")
    assert words in complaint
    assert [route.backend for route in shown.routes("a.example")] == [WEB]
    assert matches(shown) == []


def test_a_default_backend_cannot_be_for_requests_with_a_header():
    annotations = {"hadyn.io/header-match": "X-Env: staging"}
    last = given.ingress("shop", "last", rules=[], default=given.backend_of("next"), annotations=annotations)
    shown = inventory(*OBJECTS, last)
    assert "says nothing of a defaultBackend" in complaints(shown)[0]
    assert "*" not in shown.hosts()


def test_a_path_is_asked_for_three_headers_and_the_youngest_is_told():
    others = [
        by_header(name=f"n{number}", created=f"2026-01-0{number}T00:00:00Z", said=f"X-{number}: a")
        for number in range(1, 5)
    ]
    shown = inventory(*OBJECTS, *others)
    assert len(matches(shown)) == 3
    assert reasons(shown) == ["TooMany"]
    assert complaints(shown)[0].startswith("ingress shop/n4: ")


def test_the_explanation_names_those_that_only_some_requests_get():
    explanation = explain(inventory(*OBJECTS, by_header()), "a.example", "/")
    assert (explanation.route.backend, [(each.route.backend, each.why) for each in explanation.others]) == (
        WEB,
        [(NEXT, "it is for requests alone that have x-env with staging")],
    )


def test_the_explanation_knows_that_nobody_else_has_a_path():
    assert explain(inventory(*SERVICES, by_header()), "a.example", "/").route is None


@for_all(st.text(alphabet="ab:X-_ ()[]|^$.*+?\\{};,\n\"'#%=/", max_size=20), st.sampled_from(["", "-regex"]))
def test_whatever_is_taken_is_one_word_of_a_map(text, kind):
    option = HEADER_MATCH_REGEX if kind else HEADER_MATCH
    try:
        found = option.parse(text)
    except ValueError:
        return
    assert conditions_of(((option.name, found),)) == tuple(sorted(found))
    shown = inventory(*OBJECTS, by_header(said="" if kind else text, **({"regex": text} if kind else {})))
    assert reasons(shown) == []
    assert not any(set(key) & set(" ;\\\n\t") for key, _ in matches(shown))
