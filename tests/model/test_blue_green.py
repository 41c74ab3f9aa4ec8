"""Pods of one Service share its requests by their labels."""

from __future__ import annotations

import pytest

from hadyn.model.desired import MapName
from hadyn.model.inventory import Inventory
from hadyn.model.names import is_own
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.route_entries import entries
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons

PODS = ObjectRef("Pod", "shop", "")
BLUES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
GREEN = "10.0.0.4"


def pod(ip, **labels):
    """The pod at this address."""
    metadata = {"name": f"web-{ip.replace('.', '-')}", "namespace": "shop", "labels": labels}
    return given.decoded({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})


def listing(*ips):
    """The slice of the Service web with these pods."""
    named = [given.endpoint(ip, pod=f"web-{ip.replace('.', '-')}") for ip in ips]
    return given.slice_("shop", "web", *named)


def web(balance="group=blue=1,group=green=1", **more):
    annotations = {"hadyn.io/blue-green-balance": balance}
    return given.service(
        "shop", "web", annotations=annotations | {f"hadyn.io/{k.replace('_', '-')}": v for k, v in more.items()}
    )


BLUE_PODS = [pod(ip, group="blue") for ip in BLUES]
OBJECTS = (given.ingress("shop", "web"), listing(*BLUES, GREEN), *BLUE_PODS, pod(GREEN, group="green"))


def weights(shown: Inventory) -> list[int]:
    return [endpoint.weight for endpoint in shown.backend("shop_web_80").endpoints]


@pytest.mark.parametrize(
    ("balance", "mode", "expected"),
    [
        pytest.param("group=blue=1,group=green=1", "deploy", [1, 1, 1, 3], id="groups get the same, however many pods"),
        pytest.param("group=blue=1,group=green=3", "deploy", [1, 1, 1, 9], id="a group gets its part of all"),
        pytest.param("group=blue=1,group=green=4", "pod", [1, 1, 1, 4], id="each pod gets its weight"),
        pytest.param("group=blue=0,group=green=1", "deploy", [0, 0, 0, 1], id="a group with 0 gets nothing"),
        pytest.param("group=blue=5", "deploy", [1, 1, 1, 0], id="who is of no group gets nothing"),
        pytest.param("group=red=9,group=blue=1", "deploy", [1, 1, 1, 0], id="a group without pods leaves its part"),
        pytest.param("group=green=2, group=blue=2", "pod", [2, 2, 2, 2], id="a blank may follow a comma"),
    ],
)
def test_weights_of_pods_follow_their_labels(balance, mode, expected):
    assert weights(inventory(web(balance, blue_green_mode=mode), *OBJECTS)) == expected


def test_a_group_as_a_whole_is_the_mode_where_nobody_says():
    assert weights(inventory(web(), *OBJECTS)) == [1, 1, 1, 3]


def test_the_words_of_haproxy_ingress_mean_the_same():
    words = {
        "haproxy-ingress.github.io/blue-green-deploy": "group=blue=1,group=green=4",
        "ingress.kubernetes.io/blue-green-mode": "pod",
    }
    theirs = given.service("shop", "web", annotations=words)
    assert weights(inventory(theirs, *OBJECTS)) == [1, 1, 1, 4]


def test_all_pods_get_the_same_while_none_is_known():
    assert weights(inventory(web(), *OBJECTS[:2])) == [1, 1, 1, 1]


def test_a_pod_that_is_not_known_yet_gets_nothing_beside_others():
    shown = inventory(web(), *OBJECTS[:-1])
    assert weights(shown) == [1, 1, 1, 0]
    touched = shown.apply(given.changes(pod(GREEN, group="green")))
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, set())
    assert weights(shown) == [1, 1, 1, 3]


def test_another_label_of_a_pod_is_another_weight():
    shown = inventory(web(blue_green_mode="pod", balance="group=blue=1,group=green=4"), *OBJECTS)
    shown.apply(given.changes(pod(BLUES[0], group="green")))
    assert weights(shown) == [4, 1, 1, 4]


def test_a_draining_pod_does_not_count_for_its_group():
    leaving = given.endpoint(BLUES[0], pod="web-10-0-0-1", ready=False, serving=True, terminating=True)
    rest = [given.endpoint(ip, pod=f"web-{ip.replace('.', '-')}") for ip in (*BLUES[1:], GREEN)]
    shown = inventory(web(), OBJECTS[0], given.slice_("shop", "web", leaving, *rest), *OBJECTS[2:])
    assert addresses(shown.backend("shop_web_80"))[1:] == ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80 weight=2"]


def test_pods_touch_nothing_where_no_service_asks_for_labels():
    shown = inventory(given.service("shop", "web"), *OBJECTS[:2])
    assert not shown.apply(given.changes(*OBJECTS[2:]))


def test_a_canary_and_labels_do_not_divide_one_backend():
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "20"}
    trial = given.ingress("shop", "trial", service="next", annotations=annotations)
    further = (given.service("shop", "next"), given.slice_("shop", "next", "10.9.0.1"))
    shown = inventory(web("group=blue=0"), *OBJECTS, *further, trial)
    assert weights(shown) == [1, 1, 1, 1, 1]
    assert reasons(shown) == ["NotSupported"]
    assert "says nothing beside a canary" in complaints(shown)[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "group",
        "group=blue",
        "group=blue=257",
        "group=blue=-1",
        "group=blue=1,group=blue=2",
        "=blue=1",
        "a b=c=1",
        "x=y\nz=1",
    ],
)
def test_a_balance_that_cannot_be_read_is_a_problem_and_no_balance(text):
    shown = inventory(web(text), *OBJECTS)
    assert reasons(shown) == ["InvalidValue"]
    assert weights(shown) == [1, 1, 1, 1]


BLUE, GREENS = "shop_web_80_group_blue", "shop_web_80_group_green"


def asked(shown):
    """What is asked, without the key of the route, and where it leads."""
    found = entries(shown.routes("a.example"))
    return {key.partition(":")[2]: value for (name, key), value in found.items() if name is MapName.CANARIES}


def test_groups_that_a_request_may_choose_have_backends_of_their_own():
    shown = inventory(web("group=blue=0,group=green=1", blue_green_header="X-Server:group"), *OBJECTS)
    assert shown.backend_names() == {"shop_web_80", BLUE, GREENS}
    assert addresses(shown.backend(BLUE)) == [f"{ip}:80" for ip in BLUES]
    assert addresses(shown.backend(GREENS)) == [f"{GREEN}:80"]
    assert asked(shown) == {"x-server=blue": BLUE, "x-server=green": GREENS}
    assert all(map(is_own, shown.backend_names()))
    assert complaints(shown) == []


def test_a_cookie_chooses_as_a_header_does_and_other_labels_are_not_chosen():
    balance = "group=blue=1,group=green=1,track=old=1"
    shown = inventory(web(balance, blue_green_cookie="server:group"), *OBJECTS)
    assert asked(shown) == {":server=blue": BLUE, ":server=green": GREENS}


def test_a_choice_that_comes_and_goes_touches_the_hosts_of_the_service():
    shown = inventory(web(), *OBJECTS)
    came = shown.apply(given.changes(web(blue_green_header="X-Server:group")))
    assert (came.backends, came.hosts) == ({"shop_web_80", BLUE, GREENS}, {"a.example"})
    went = shown.apply(given.changes(web()))
    assert (went.backends, went.hosts) == ({"shop_web_80", BLUE, GREENS}, {"a.example"})
    assert (asked(shown), shown.backend_names()) == ({}, {"shop_web_80"})


def test_a_group_is_empty_while_no_pod_is_known():
    shown = inventory(web(blue_green_header="X-Server:group"), *OBJECTS[:2])
    assert addresses(shown.backend(BLUE)) == []
    touched = shown.apply(given.changes(*OBJECTS[2:]))
    assert touched.backends == {"shop_web_80", BLUE, GREENS}
    assert addresses(shown.backend(GREENS)) == [f"{GREEN}:80"]


def test_a_choice_by_a_label_that_no_group_has_is_a_problem():
    shown = inventory(web(blue_green_header="X-Server:track"), *OBJECTS)
    assert reasons(shown) == ["InvalidValue"]
    assert complaints(shown)[0].startswith("service shop/web: metadata.annotations[hadyn.io/blue-green-header]: ")
    assert asked(shown) == {}


def brought(*objects) -> Inventory:
    made = Inventory(Policy(), secrets_are_brought=True)
    made.apply(given.changes(*objects, source="kubernetes", is_operators_own=False))
    return made


def test_pods_of_a_namespace_are_wanted_while_a_service_asks_for_labels():
    shown = brought(web(), *OBJECTS[:2])
    assert shown.secrets.taken_changes().added == {PODS}
    assert shown.secrets.awaits_answers
    shown.apply(given.changes(*OBJECTS[2:], deletes=(PODS,), source="kubernetes/shop/pods", is_complete=True))
    assert not shown.secrets.awaits_answers
    assert weights(shown) == [1, 1, 1, 3]
    shown.apply(given.changes(given.service("shop", "web"), source="kubernetes", is_operators_own=False))
    assert shown.secrets.taken_changes().dropped == {PODS}


def test_no_pods_are_wanted_where_no_route_leads():
    assert brought(web(), OBJECTS[1]).secrets.taken_changes().added == set()


def test_a_missing_right_is_a_problem_of_the_service_and_all_get_the_same():
    shown = brought(web(), *OBJECTS[:2])
    refusal = Problem(PODS, "", Reason.NOT_ALLOWED, "may not list pods in namespace shop", "Give it a Role")
    shown.apply(given.changes(problems=(refusal,), source="kubernetes/shop/pods"))
    assert complaints(shown) == [
        "service shop/web: metadata.annotations[hadyn.io/blue-green-balance]: pods of namespace shop cannot be read: may not list pods in namespace shop"
    ]
    assert weights(shown) == [1, 1, 1, 1]
    assert not shown.secrets.awaits_answers
    shown.apply(given.changes(problems=(), source="kubernetes/shop/pods"))
    assert complaints(shown) == []
