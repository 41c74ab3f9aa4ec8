"""A second Service takes a share of the requests: weights, endpoints, and what can be wrong."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hadyn.model.weights import TOLERANCE, share_weights
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons

OBJECTS = (
    given.service("shop", "web"),
    given.service("shop", "next"),
    given.ingress("shop", "web"),
    given.slice_("shop", "web", "10.0.0.1", "10.0.0.2", "10.0.0.3"),
)
NEXT = given.slice_("shop", "next", "10.1.0.1")


def canary(weight: str | None = None, **more):
    """A canary Ingress for a.example/ with the Service ``next``."""
    annotations = {"hadyn.io/canary": "true"} | ({"hadyn.io/canary-weight": weight} if weight else {})
    return given.ingress("shop", "canary", **{"service": "next", "annotations": annotations, **more})


def share(stable: int, canaries: int, weights: tuple[int, int]) -> float:
    return canaries * weights[1] / (stable * weights[0] + canaries * weights[1])


def smallest_weight_in_reach(stable: int, canaries: int, percent: int, most: int) -> int | None:
    """The smallest highest weight that keeps the share within tolerance, by trying all pairs."""
    in_reach = (
        max(left, right)
        for left in range(1, most + 1)
        for right in range(1, most + 1)
        if abs(share(stable, canaries, (left, right)) - percent / 100) <= TOLERANCE
    )
    return min(in_reach, default=None)


@pytest.mark.parametrize(
    ("stable", "canaries", "percent", "weights"),
    [
        pytest.param(3, 1, 25, (1, 1), id="a quarter of four is weight one"),
        pytest.param(1, 1, 50, (1, 1), id="half of two is weight one"),
        pytest.param(1, 1, 20, (4, 1), id="a fifth of two is four to one"),
        pytest.param(10, 1, 50, (1, 10), id="one canary beside ten takes ten times as much"),
        pytest.param(5, 5, 0, (1, 0), id="nothing is nothing"),
        pytest.param(5, 5, 100, (0, 1), id="all is all"),
        pytest.param(0, 5, 10, (1, 1), id="without a stable endpoint the canary takes all"),
        pytest.param(0, 5, 0, (1, 0), id="but a canary of 0 % takes nothing even then"),
        pytest.param(5, 0, 100, (1, 1), id="without a canary endpoint the stable ones take all"),
        pytest.param(0, 0, 50, (1, 1), id="without any endpoint the weights do not matter"),
    ],
)
def test_a_share_is_made_of_small_weights(stable, canaries, percent, weights):
    assert share_weights([stable, canaries], [percent / 100]) == weights


@for_all(st.integers(1, 40), st.integers(1, 40), st.integers(1, 99))
def test_any_share_is_within_two_points_unless_the_weights_are_at_their_limits(stable, canaries, percent):
    weights = share_weights([stable, canaries], [percent / 100])
    is_near = abs(share(stable, canaries, weights) - percent / 100) <= TOLERANCE
    assert is_near or sorted(weights) == [1, 256]
    assert min(weights) >= 1
    assert max(weights) <= 256


@settings(max_examples=60)
@for_all(st.integers(1, 12), st.integers(1, 12), st.integers(1, 99))
def test_no_smaller_weights_would_make_the_share(stable, canaries, percent):
    highest = max(share_weights([stable, canaries], [percent / 100]))
    assert smallest_weight_in_reach(stable, canaries, percent, highest - 1) is None


def test_a_share_out_of_reach_comes_as_near_as_weights_can():
    assert share_weights([100_000, 1], [0.99]) == (1, 256)


def test_both_services_sit_in_one_backend_and_the_route_names_the_canary():
    shown = inventory(*OBJECTS, NEXT, canary("50"))
    assert addresses(shown.backend("shop_web_80")) == [
        "10.0.0.1:80",
        "10.0.0.2:80",
        "10.0.0.3:80",
        "10.1.0.1:80 weight=3",
    ]
    assert [(route.backend, route.canary) for route in shown.routes("a.example")] == [("shop_web_80", "shop/canary")]
    assert shown.backend_names() == {"shop_web_80"}
    assert complaints(shown) == []


def test_the_words_of_ingress_nginx_mean_the_same():
    words = {"nginx.ingress.kubernetes.io/canary": "true", "nginx.ingress.kubernetes.io/canary-weight": "50"}
    theirs = inventory(*OBJECTS, NEXT, canary(annotations=words))
    assert theirs.backend("shop_web_80") == inventory(*OBJECTS, NEXT, canary("50")).backend("shop_web_80")


def test_a_canary_without_weight_gets_nothing():
    shown = inventory(*OBJECTS, NEXT, canary())
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.1.0.1:80 weight=0"


def test_another_weight_touches_the_backend_and_no_host():
    shown = inventory(*OBJECTS, NEXT, canary("50"))
    touched = shown.apply(given.changes(canary("25")))
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, set())
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.1.0.1:80"


def test_endpoints_of_the_canary_touch_the_primarys_backend():
    shown = inventory(*OBJECTS, canary("50"))
    touched = shown.apply(given.changes(NEXT))
    assert touched.backends == {"shop_web_80"}


def test_draining_endpoints_do_not_count_for_the_share():
    leaving = given.endpoint("10.1.0.2", ready=False, serving=True, terminating=True)
    shown = inventory(*OBJECTS, given.slice_("shop", "next", "10.1.0.1", leaving), canary("25"))
    assert addresses(shown.backend("shop_web_80")) == [
        "10.0.0.1:80",
        "10.0.0.2:80",
        "10.0.0.3:80",
        "10.1.0.1:80",
        "10.1.0.2:80 draining",
    ]


def test_an_address_in_both_services_is_the_stable_ones():
    shown = inventory(*OBJECTS, given.slice_("shop", "next", "10.0.0.3", "10.1.0.1"), canary("50"))
    assert addresses(shown.backend("shop_web_80"))[2:] == ["10.0.0.3:80", "10.1.0.1:80 weight=3"]


def test_a_canary_that_goes_leaves_the_backend_as_it_was():
    shown = inventory(*OBJECTS, NEXT)
    before = shown.backend("shop_web_80")
    shown.apply(given.changes(canary("50")))
    touched = shown.apply(given.changes(deletes=(canary().ref,)))
    assert shown.backend("shop_web_80") == before
    assert [route.canary for route in shown.routes("a.example")] == [None]
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, {"a.example"})


def test_a_canary_without_primary_has_nothing_to_share():
    shown = inventory(*OBJECTS, NEXT, canary("50", path="/other"))
    assert reasons(shown) == ["NotFound"]
    assert complaints(shown)[0].endswith("no other Ingress has a.example/other, so there is nothing to share")
    assert shown.backend("shop_web_80").endpoints[-1].weight == 1


def test_a_canary_waits_for_its_service():
    shown = inventory(OBJECTS[0], *OBJECTS[2:], NEXT, canary("50"))
    assert complaints(shown) == [
        "ingress shop/canary: spec.rules[0].http.paths[0].backend: service shop/next does not exist"
    ]
    touched = shown.apply(given.changes(OBJECTS[1]))
    assert touched.backends == {"shop_web_80"}
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.1.0.1:80 weight=3"


def test_a_canary_of_a_route_that_leads_nowhere_says_so():
    shown = inventory(OBJECTS[1], OBJECTS[2], canary("50"))
    assert sorted(reasons(shown)) == ["NotFound", "NotFound"]
    assert "leads nowhere yet, so there is nothing to share" in complaints(shown)[0]


def second(weight: str, **more):
    """A younger canary of the same route, with the Service ``late``."""
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": weight}
    return given.ingress("shop", "second", **{"service": "late", "annotations": annotations, "created": YOUNG, **more})


OLD, YOUNG = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
LATE = (given.service("shop", "late"), given.slice_("shop", "late", "10.2.0.1"))


def test_shares_of_several_canaries_add_up():
    shown = inventory(*OBJECTS, NEXT, *LATE, second("25"), canary("25", created=OLD))
    assert addresses(shown.backend("shop_web_80")) == [
        "10.0.0.1:80 weight=2",
        "10.0.0.2:80 weight=2",
        "10.0.0.3:80 weight=2",
        "10.1.0.1:80 weight=3",
        "10.2.0.1:80 weight=3",
    ]
    assert [route.canary for route in shown.routes("a.example")] == ["shop/canary, shop/second"]
    assert complaints(shown) == []


def test_the_youngest_canary_gets_nothing_where_shares_exceed_all():
    shown = inventory(*OBJECTS, NEXT, *LATE, second("41"), canary("60", created=OLD))
    alone = inventory(*OBJECTS, NEXT, canary("60"))
    assert addresses(shown.backend("shop_web_80"))[:-1] == addresses(alone.backend("shop_web_80"))
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.2.0.1:80 weight=0"
    assert reasons(shown) == ["Claimed"]
    assert complaints(shown)[0] == (
        "ingress shop/second: metadata.annotations[hadyn.io/canary-weight]: older canaries of backend shop_web_80 "
        "leave 40 % only, so this one gets nothing"
    )


def test_two_ingresses_with_one_canary_service_share_it_as_one():
    shown = inventory(*OBJECTS, NEXT, second("20", service="next"), canary("30", created=OLD))
    assert shown.backend("shop_web_80") == inventory(*OBJECTS, NEXT, canary("50")).backend("shop_web_80")


def test_a_canary_that_goes_leaves_the_other_its_share():
    shown = inventory(*OBJECTS, NEXT, *LATE, second("25"), canary("50", created=OLD))
    touched = shown.apply(given.changes(deletes=(second("25").ref,)))
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.1.0.1:80 weight=3"
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, {"a.example"})


def test_the_share_of_a_canary_without_endpoints_stays_with_the_stable_service():
    assert share_weights([3, 1, 0], [0.25, 0.5]) == (1, 1, 1)


def test_canaries_take_all_where_the_stable_service_has_no_endpoints():
    assert share_weights([0, 1, 2], [0.2, 0.4]) == (1, 1, 1)


@pytest.mark.parametrize("sides", [3, 6], ids=["few sides", "many sides"])
def test_many_shares_are_each_within_a_point(sides):
    wanted = [0.01 * number for number in range(1, sides)]
    counts = [7, *range(1, sides)]
    weights = share_weights(counts, wanted)
    given_out = [weight * count for weight, count in zip(weights, counts, strict=True)]
    off = [abs(part / sum(given_out) - share) for part, share in zip(given_out[1:], wanted, strict=True)]
    assert max(off) <= TOLERANCE


def test_a_finer_total_is_kept_more_finely():
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "5", "hadyn.io/canary-weight-total": "1000"}
    shown = inventory(*OBJECTS, NEXT, canary(annotations=annotations))
    stable, fine = shown.backend("shop_web_80").endpoints[0].weight, shown.backend("shop_web_80").endpoints[-1].weight
    assert abs(fine / (3 * stable + fine) - 0.005) <= 0.001


def test_a_weight_beyond_its_total_is_no_share():
    shown = inventory(*OBJECTS, NEXT, canary("150"))
    assert addresses(shown.backend("shop_web_80"))[-1] == "10.1.0.1:80 weight=0"
    assert complaints(shown)[0] == (
        "ingress shop/canary: metadata.annotations[hadyn.io/canary-weight]: 150 is more than all, which is 100; "
        "the canary gets no share"
    )


def test_a_share_that_reaches_further_routes_of_the_backend_says_so():
    further = given.ingress("shop", "further", service="web", host="b.example")
    shown = inventory(*OBJECTS, NEXT, further, canary("50"))
    assert reasons(shown) == ["NotSupported"]
    assert complaints(shown)[0].endswith("1 more routes lead to backend shop_web_80: the share applies to them too")
    assert [route.canary for route in shown.routes("b.example")] == ["shop/canary"]


def test_a_canary_of_another_namespace_takes_no_share():
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "100"}
    foreign = given.ingress("blog", "canary", service="next", annotations=annotations)
    shown = inventory(*OBJECTS, given.service("blog", "next"), foreign, shared_hosts=True)
    assert [route.canary for route in shown.routes("a.example")] == [None]
    assert reasons(shown) == ["Claimed"]


def test_a_canary_claims_no_host():
    older = canary("50", host="b.example", created="2026-01-01T00:00:00Z")
    other = given.ingress("blog", "web", host="b.example", created="2026-01-02T00:00:00Z")
    shown = inventory(*OBJECTS, given.service("blog", "web"), older, other)
    assert [route.backend for route in shown.routes("b.example")] == ["blog_web_80"]
