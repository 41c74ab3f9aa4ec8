"""Who gets a host, which map entries carry a route, what a delivery touches."""

from __future__ import annotations

import pytest

from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, UNAVAILABLE, MapName, Route
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.route_entries import entries
from hadyn.model.touched import Touched
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons, served

SHOP = given.service("shop", "web")
BLOG = given.service("blog", "web")


def test_a_host_belongs_to_the_namespace_that_claimed_it_first_with_all_its_paths():
    older = given.ingress("shop", "web", path="/shop", created="2026-01-01T00:00:00Z")
    younger = given.ingress("blog", "web", path="/blog", created="2026-01-02T00:00:00Z")
    shown = inventory(SHOP, BLOG, younger, older)
    assert served(shown) == {"a.example/shop": "shop_web_80"}
    assert complaints(shown) == [
        (
            "ingress blog/web: spec.rules[0].http.paths[0]: a.example belongs to namespace shop: "
            "ingress shop/web has claimed it since 2026-01-01T00:00:00Z"
        )
    ]


def test_hosts_are_shared_where_the_operator_allows_it():
    older = given.ingress("shop", "web", path="/shop", created="2026-01-01T00:00:00Z")
    younger = given.ingress("blog", "web", path="/blog", created="2026-01-02T00:00:00Z")
    shown = inventory(SHOP, BLOG, younger, older, shared_hosts=True)
    assert served(shown) == {"a.example/blog": "blog_web_80", "a.example/shop": "shop_web_80"}
    assert complaints(shown) == []


def test_a_host_goes_to_the_next_namespace_when_its_owner_leaves():
    older = given.ingress("shop", "web", created="2026-01-01T00:00:00Z")
    younger = given.ingress("blog", "web", created="2026-01-02T00:00:00Z")
    shown = inventory(SHOP, BLOG, younger, older)
    touched = shown.apply(given.changes(deletes=(older.ref,)))
    assert served(shown) == {"a.example/": "blog_web_80"}
    assert complaints(shown) == []
    assert touched == Touched(frozenset({"shop_web_80", "blog_web_80"}), frozenset({"a.example"}))


def test_objects_without_a_time_of_creation_go_by_their_names():
    shown = inventory(SHOP, given.ingress("shop", "b", service="web"), given.ingress("shop", "a", service="web"))
    assert [route.ingress for route in shown.routes("a.example")] == ["shop/a"]
    assert complaints(shown)[0].endswith("ingress shop/a claimed it first")


def test_an_object_without_a_time_of_creation_is_younger_than_any_with_one():
    dated = given.ingress("shop", "z", service="web", created="2026-01-01T00:00:00Z")
    shown = inventory(SHOP, given.ingress("shop", "a", service="web"), dated)
    assert [route.ingress for route in shown.routes("a.example")] == ["shop/z"]


def test_a_wildcard_and_a_host_below_it_are_two_hosts():
    shown = inventory(SHOP, BLOG, given.ingress("shop", "web", host="*.example"), given.ingress("blog", "web"))
    assert served(shown) == {"*.example/": "shop_web_80", "a.example/": "blog_web_80"}


def test_a_refused_path_claims_nothing():
    broken = given.ingress("blog", "web", path="/a b", created="2026-01-01T00:00:00Z")
    shown = inventory(SHOP, BLOG, broken, given.ingress("shop", "web"))
    assert served(shown) == {"a.example/": "shop_web_80"}


def test_map_entries_of_a_host_say_that_it_is_known_and_where_its_paths_lead():
    routes = (
        Route("a.example", "/", exact=False, backend="shop_web_80", ingress="shop/web"),
        Route("a.example", "/x/", exact=False, backend="shop_x_80", ingress="shop/web"),
        Route("a.example", "/x", exact=True, backend=None, ingress="shop/web"),
    )
    assert entries(routes) == {
        (MapName.HOSTS, "a.example"): "a.example",
        (MapName.PREFIX, "a.example/"): "shop_web_80",
        (MapName.PREFIX, "a.example/x/"): "shop_x_80",
        (MapName.EXACT, "a.example/x"): UNAVAILABLE,
    }


def test_map_entries_for_any_host_and_for_the_rest_name_no_host():
    any_host = Route(ANY_HOST, "/x", exact=False, backend="shop_web_80", ingress="shop/web")
    rest = Route(DEFAULT_KEY, "/", exact=False, backend="shop_web_80", ingress="shop/web")
    assert entries([any_host]) == {(MapName.PREFIX, "_/x/"): "shop_web_80"}
    assert entries([rest]) == {(MapName.EXACT, "*"): "shop_web_80"}
    assert entries([]) == {}


def test_a_delivery_that_changes_nothing_touches_nothing():
    objects = (SHOP, given.ingress("shop", "web"), given.slice_("shop", "web", "10.0.0.1"))
    shown = inventory(*objects)
    assert shown.apply(given.changes(*objects)) == Touched()
    assert shown.apply(given.changes(*objects, is_complete=True)) == Touched()


def test_a_slice_touches_the_backends_of_its_service_and_no_host():
    shown = inventory(SHOP, given.ingress("shop", "web"), BLOG, given.ingress("blog", "web", host="b.example"))
    touched = shown.apply(given.changes(given.slice_("shop", "web", "10.0.0.1")))
    assert touched == Touched(frozenset({"shop_web_80"}), frozenset())


def test_a_slice_of_a_service_without_route_touches_nothing():
    shown = inventory(SHOP, given.ingress("shop", "web"), BLOG)
    assert shown.apply(given.changes(given.slice_("blog", "web", "10.0.0.1"))) == Touched()


def test_one_path_more_touches_its_own_backend_only():
    rules = [given.rule("a.example", f"/{number}", f"s{number}") for number in range(3)]
    services = [given.service("shop", f"s{number}") for number in range(3)]
    shown = inventory(*services, given.ingress("shop", "web", rules=rules[:2]))
    touched = shown.apply(given.changes(given.ingress("shop", "web", rules=rules)))
    assert touched == Touched(frozenset({"shop_s2_80"}), frozenset({"a.example"}))


def test_a_complete_delivery_takes_away_what_it_does_not_name():
    shown = inventory(SHOP, given.ingress("shop", "web"), BLOG)
    touched = shown.apply(given.changes(SHOP, is_complete=True))
    assert served(shown) == {}
    assert touched == Touched(frozenset({"shop_web_80"}), frozenset({"a.example"}))
    assert shown.object(BLOG.ref) is None


def test_an_object_in_two_sources_is_that_of_the_first_by_name_whoever_came_first():
    first = given.service("shop", "web", 80)
    second = given.service("shop", "web", 81)
    shown = Inventory(Policy())
    shown.apply(given.changes(second, source="b"))
    shown.apply(given.changes(first, source="a"))
    assert shown.object(first.ref) == first
    assert complaints(shown) == ["service shop/web: : b names it too; the one of a counts"]
    shown.apply(given.changes(source="a", is_complete=True))
    assert shown.object(first.ref) == second
    assert complaints(shown) == []


def test_an_object_twice_in_one_delivery_is_the_first_one():
    first = given.service("shop", "web", 80)
    shown = inventory(first, given.service("shop", "web", 81))
    assert shown.object(first.ref) == first
    assert reasons(shown) == ["Duplicate"]
    shown.apply(given.changes(first))
    assert complaints(shown) == []


def test_an_object_both_gone_and_there_is_there():
    shown = inventory(SHOP)
    shown.apply(given.changes(SHOP, deletes=(SHOP.ref,)))
    assert shown.object(SHOP.ref) == SHOP


def test_a_source_cannot_delete_what_another_one_names():
    shown = inventory(SHOP)
    shown.apply(given.changes(source="other", deletes=(SHOP.ref,)))
    assert shown.object(SHOP.ref) == SHOP


def test_problems_of_a_source_stay_until_it_says_otherwise():
    broken = Problem(ObjectRef("File", "", "web.yaml"), "", Reason.UNREADABLE, "does not parse", "Repair it")
    shown = Inventory(Policy())
    shown.apply(given.changes(problems=(broken,)))
    shown.apply(given.changes(SHOP))
    assert shown.problems() == (broken,)
    shown.apply(given.changes(problems=()))
    assert shown.problems() == ()


@pytest.mark.parametrize(
    "service",
    [
        pytest.param(given.service("shop", "web", publishNotReadyAddresses=True), id="publishes what is not ready"),
        pytest.param(given.service("shop", "web", clusterIP="10.96.0.1"), id="has a clusterIP"),
    ],
)
def test_a_service_that_changes_touches_its_backend_and_no_host(service):
    shown = inventory(SHOP, given.ingress("shop", "web"))
    assert shown.apply(given.changes(service)) == Touched(frozenset({"shop_web_80"}), frozenset())


def test_addresses_of_a_backend_of_hadyn_touch_it():
    rules = [{"http": {"paths": [given.path_of() | {"backend": given.resource_of("api")}]}}]
    shown = inventory(given.ingress("shop", "web", rules=rules), given.backend("shop", "api", "10.0.0.1:80"))
    touched = shown.apply(given.changes(given.backend("shop", "api", "10.0.0.2:80")))
    assert touched == Touched(frozenset({"shop_api"}), frozenset())
    assert addresses(shown.backend("shop_api")) == ["10.0.0.2:80"]
