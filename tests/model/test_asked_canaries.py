"""What requests may ask of a canary: backends beside the stable one, entries of maps, and what can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.desired import FIELD_SEPARATOR, MapName, host_of
from hadyn.model.names import is_own
from hadyn.model.options.canary import asking_pattern
from hadyn.model.route_entries import entries
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons

SERVICES = (
    given.service("shop", "web"),
    given.service("shop", "next"),
    given.slice_("shop", "web", "10.0.0.1"),
    given.slice_("shop", "next", "10.1.0.1"),
)
OBJECTS = (*SERVICES, given.ingress("shop", "web"))
ALONE, WITHOUT = "shop_web_80_canary_next_80", "shop_web_80_stable"


def canary(name="canary", *, service="next", created="2026-01-01T00:00:00Z", host="a.example", **said):
    """An Ingress whose annotations ``by_header="X"`` are hadyn.io/canary-by-header."""
    annotations = {f"hadyn.io/canary-{key.replace('_', '-')}": value for key, value in said.items()}
    annotations["hadyn.io/canary"] = "true"
    return given.ingress("shop", name, service=service, annotations=annotations, created=created, host=host)


def asked(shown, host="a.example"):
    """The entries of both maps, without the key of their route."""
    found = entries(shown.routes(host))
    return {
        (name.value, key.partition(":")[2]): value
        for (name, key), value in sorted(found.items())
        if name in (MapName.CANARIES, MapName.CANARY_PATTERNS)
    }


def test_a_canary_that_is_asked_for_has_two_backends_beside_the_shared_one():
    shown = inventory(*OBJECTS, canary(by_header="X-Canary", weight="50"))
    assert shown.backend_names() == {"shop_web_80", ALONE, WITHOUT}
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:80", "10.1.0.1:80"]
    assert addresses(shown.backend(ALONE)) == ["10.1.0.1:80"]
    assert addresses(shown.backend(WITHOUT)) == ["10.0.0.1:80"]
    assert shown.backend(ALONE).service == "shop/next:80 as canary of shop/web:80"
    assert all(map(is_own, shown.backend_names()))


def test_a_canary_with_a_share_alone_has_none():
    shown = inventory(*OBJECTS, canary(weight="50"))
    assert shown.backend_names() == {"shop_web_80"}
    assert asked(shown) == {}


def test_backends_beside_have_the_lines_of_the_stable_one_as_their_own():
    annotations = {"hadyn.io/auth-secret": "people", "hadyn.io/set-host": "pods.example"}
    guarded = given.ingress("shop", "web", annotations=annotations)
    shown = inventory(*SERVICES, guarded, given.secret("shop", "people"), canary(by_header="X-Canary"))
    base, alone = shown.backend("shop_web_80"), shown.backend(ALONE)
    assert [str(line).replace(ALONE, "shop_web_80") for line in alone.directives] == list(map(str, base.directives))
    assert [users.name for users in alone.user_lists] == [f"{ALONE}_users_people"]
    assert any(f"{ALONE}_users_people" in str(line) for line in alone.directives)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"by_header": "X-Canary"},
            {("canaries", "x-canary=always"): ALONE, ("canaries", "x-canary=never"): WITHOUT},
        ),
        ({"by_header": "X-Canary", "by_header_value": "v=2"}, {("canaries", "x-canary=v=2"): ALONE}),
        (
            {"by_header": "X-Canary", "by_header_pattern": "v[23]$"},
            {("canary-patterns", "x-canary=[^|]*(v[23]$)"): ALONE},
        ),
        ({"by_header": "X-Canary", "by_header_pattern": "^v"}, {("canary-patterns", "x-canary=v"): ALONE}),
        (
            {"by_cookie": "Canary"},
            {("canaries", ":Canary=always"): ALONE, ("canaries", ":Canary=never"): WITHOUT},
        ),
    ],
)
def test_what_is_asked_leads_to_a_backend(said, expected):
    assert asked(inventory(*OBJECTS, canary(**said))) == expected


def test_a_routes_entry_names_its_key_and_what_it_asks():
    shown = inventory(*OBJECTS, canary(by_header="X-Canary", by_cookie="two"))
    (route,) = shown.routes("a.example")
    backend, *silent, key, headers, cookies = route.value.split(FIELD_SEPARATOR)
    assert (backend, silent, headers, cookies) == ("shop_web_80", [""] * 6, "x-canary", "two")
    assert {key} == {text.partition(":")[0] for (name, text) in entries([route]) if name is MapName.CANARIES}


def test_another_value_is_another_key_so_a_route_changes_at_once():
    shown = inventory(*OBJECTS, canary(by_header="X-Canary", by_header_value="v1"))
    before = entries(shown.routes("a.example"))
    touched = shown.apply(given.changes(canary(by_header="X-Canary", by_header_value="v2")))
    after = entries(shown.routes("a.example"))
    assert (touched.backends, touched.hosts) == (set(), {"a.example"})
    assert {key for key in before if key[0] is MapName.CANARIES}.isdisjoint(after)


def test_another_share_touches_no_host():
    shown = inventory(*OBJECTS, canary(by_header="X-Canary", weight="10"))
    touched = shown.apply(given.changes(canary(by_header="X-Canary", weight="20")))
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, set())


def test_endpoints_touch_all_backends_that_hold_them():
    shown = inventory(*OBJECTS, canary(by_header="X-Canary"))
    touched = shown.apply(given.changes(given.slice_("shop", "next", "10.1.0.2")))
    assert touched.backends == {"shop_web_80", ALONE}
    touched = shown.apply(given.changes(given.slice_("shop", "web", "10.0.0.2")))
    assert touched.backends == {"shop_web_80", WITHOUT}


def test_a_canary_that_is_asked_for_no_more_leaves_nothing_behind():
    shown = inventory(*OBJECTS)
    before = entries(shown.routes("a.example"))
    shown.apply(given.changes(canary(by_header="X-Canary", by_cookie="canary")))
    touched = shown.apply(given.changes(deletes=(canary().ref,)))
    assert touched.backends == {"shop_web_80", ALONE, WITHOUT}
    assert (shown.backend_names(), entries(shown.routes("a.example"))) == ({"shop_web_80"}, before)


def test_only_routes_that_the_canary_names_are_asked():
    further = given.ingress("shop", "further", service="web", host="b.example")
    shown = inventory(*OBJECTS, further, canary(by_header="X-Canary"))
    assert asked(shown, "b.example") == {}
    assert reasons(shown) == []


def test_a_secret_that_changes_touches_the_backends_beside_too():
    guarded = given.ingress("shop", "web", annotations={"hadyn.io/auth-secret": "people"})
    shown = inventory(*SERVICES, guarded, canary(by_header="X-Canary"))
    touched = shown.apply(given.changes(given.secret("shop", "people")))
    assert touched.backends == {"shop_web_80", ALONE, WITHOUT}


def test_every_entry_is_found_by_its_host():
    wild = given.ingress("shop", "web", host="*.a.example")
    more = canary("more", host="*.a.example", by_header="X", by_header_pattern="a", by_cookie="c")
    shown = inventory(*SERVICES, wild, more)
    assert {host_of(key) for key in entries(shown.routes("*.a.example"))} == {"*.a.example"}


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"by_header_value": "v2"}, "canary-by-header-value", "says nothing without the header"),
        ({"by_header_pattern": "v2"}, "canary-by-header-pattern", "says nothing without the header"),
        (
            {"by_header": "X", "by_header_value": "a", "by_header_pattern": "b"},
            "canary-by-header-pattern",
            "is not asked where",
        ),
        ({"by_header": "X", "by_header_pattern": "(a+)+b"}, "canary-by-header-pattern", "is wanted"),
        ({"by_header": "X", "by_header_pattern": "a.*b.*c.*d"}, "canary-by-header-pattern", "is wanted"),
        ({"by_header": "X", "by_header_pattern": "(a"}, "canary-by-header-pattern", "is wanted"),
        ({"by_header": "X_Canary"}, "canary-by-header", "is wanted"),
    ],
)
def test_what_says_nothing_is_a_problem_of_the_canarys_ingress(said, field, words):
    (complaint,) = complaints(inventory(*OBJECTS, canary(**said)))
    assert complaint.startswith(f"ingress shop/canary: metadata.annotations[hadyn.io/{field}]: ")
    assert words in complaint


def test_a_route_asks_for_three_headers_and_the_youngest_canary_is_told():
    canaries = [
        canary(f"c{number}", created=f"2026-01-0{number}T00:00:00Z", by_header=f"X-{number}") for number in range(1, 5)
    ]
    shown = inventory(*OBJECTS, *canaries)
    assert sorted(key for _, key in asked(shown)) == [
        f"x-{number}={value}" for number in range(1, 4) for value in ("always", "never")
    ]
    assert reasons(shown) == ["TooMany"]
    assert complaints(shown)[0].startswith("ingress shop/c4: ")


def test_canaries_may_ask_for_values_of_one_header():
    said = {"by_header": "X-Version", "service": "next"}
    shown = inventory(*OBJECTS, *(canary(f"c{n}", by_header_value=f"v{n}", **said) for n in range(6)))
    assert len(asked(shown)) == 6
    assert reasons(shown) == []


@pytest.mark.parametrize("text", ["", "a)(b", "(?i)", "a)|(b", "[", "^a|b", "(a", "a**"])
def test_a_pattern_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".|^$"):
        asking_pattern(text)


@pytest.mark.parametrize("text", ["(a)", "[()]", r"\)\(", "a|b", "(?:a|b)$", "(?i)x", "^(a|b)c"])
def test_a_pattern_that_closes_what_it_opens_is_taken(text):
    assert asking_pattern(text)


@for_all(st.text(alphabet="ab()[]|^$.*+?\\{}1,x- ", max_size=12))
def test_whatever_pattern_is_taken_is_one_word_of_a_map(text):
    try:
        spelled = asking_pattern(text)
    except ValueError:
        return
    assert not set(spelled) & set(" ;\\\n\t")
