"""Hosts and structure of Ingresses as users may write them: reference/reliability.md C1."""

from __future__ import annotations

import pytest

from hadyn.model.policy import Policy
from tests import given
from tests.model.looks import cluster, complaints, inventory, reasons, served

WEB = given.service("shop", "web")


def hosts_of(host: object) -> tuple[list[str], list[str]]:
    """The routes and complaints of an Ingress with this host beside a good one."""
    shown = inventory(WEB, given.ingress("shop", "web", rules=[given.rule(host), given.rule("good.example")]))
    return list(served(shown)), complaints(shown)


@pytest.mark.parametrize(
    ("host", "served_host"),
    [
        pytest.param("A.Example.COM", "a.example.com", id="capital letters are lowered"),
        pytest.param("a.example.", "a.example", id="a trailing dot is dropped"),
        pytest.param("localhost", "localhost", id="localhost is a host like others"),
        pytest.param("localhost.localdomain", "localhost.localdomain", id="so is localhost.localdomain"),
        pytest.param("*.shop.example", "*.shop.example", id="a wildcard as first label stands"),
        pytest.param("xn--bcher-kva.example", "xn--bcher-kva.example", id="punycode is a name"),
        pytest.param("a." * 126 + "a", "a." * 126 + "a", id="253 characters are not too many"),
        pytest.param("", "_", id="an empty host is any host"),
        pytest.param(None, "_", id="no host is any host"),
    ],
)
def test_a_host_is_served_in_its_canonical_spelling(host, served_host):
    routes, wrong = hosts_of(host)
    assert sorted(routes) == sorted([f"{served_host}/", "good.example/"])
    assert wrong == []


@pytest.mark.parametrize(
    ("host", "said"),
    [
        pytest.param("a.example\nhttp-request deny", "contains U+000A (line feed)", id="a line feed is refused"),
        pytest.param("a.example\r", "contains U+000D (carriage return)", id="a carriage return is refused"),
        pytest.param("a.example\0", "contains U+0000 (null)", id="a null character is refused"),
        pytest.param("a example", "contains a blank", id="a blank is refused"),
        pytest.param("a.*.example", "a wildcard stands only as first label", id="a wildcard in the middle is refused"),
        pytest.param("*", "a wildcard stands only as first label", id="a lone star is refused"),
        pytest.param("*.*.b", "a wildcard stands only as first label", id="two wildcards are refused"),
        pytest.param("a*.example", "a wildcard stands only as first label", id="half a wildcard label is refused"),
        pytest.param("b\xfccher.example", "not a DNS-1123 name", id="an international name is refused"),
        pytest.param("xn--", "not a DNS-1123 name", id="empty punycode is refused"),
        pytest.param("a_b.example", "not a DNS-1123 name", id="an underscore is refused"),
        pytest.param("_", "not a DNS-1123 name", id="hadyn's own key for any host is refused"),
        pytest.param("a..example", "not a DNS-1123 name", id="an empty label is refused"),
        pytest.param("a.example;x", "not a DNS-1123 name", id="a semicolon is refused"),
        pytest.param("\uff41.example", "not a DNS-1123 name", id="full-width letters are refused"),
        pytest.param("\u212a.example", "not a DNS-1123 name", id="a letter that lowers into ASCII is refused"),
        pytest.param("10.0.0.1", "is an address", id="an IPv4 address is refused"),
        pytest.param("[::1]", "is an address", id="an IPv6 address in brackets is refused"),
        pytest.param("fd00::1", "is an address", id="an IPv6 address is refused"),
        pytest.param("a.example:8080", "has a port", id="a port is refused"),
        pytest.param("a." * 127 + "a", "longer than 253", id="255 characters are too many"),
        pytest.param("a" * 64 + ".example", "longer than 63", id="a label of 64 characters is too long"),
        pytest.param(123, "is not text", id="a number is refused"),
        pytest.param(["a.example"], "is not text", id="a list is refused"),
        pytest.param(True, "is not text", id="a boolean is refused"),
    ],
)
def test_a_wrong_host_is_named_while_its_sibling_is_served(host, said):
    routes, wrong = hosts_of(host)
    assert routes == ["good.example/"]
    assert len(wrong) == 1
    assert wrong[0].startswith("ingress shop/web: spec.rules[0].host: ")
    assert said in wrong[0]
    assert wrong[0].isprintable()


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(None, id="a missing spec has nothing to serve"),
        pytest.param({}, id="an empty spec has nothing to serve"),
        pytest.param({"rules": None}, id="missing rules have nothing to serve"),
        pytest.param({"rules": []}, id="an empty list of rules has nothing to serve"),
        pytest.param({"rules": [{}]}, id="an empty rule has nothing to serve"),
        pytest.param({"rules": [{"host": "a.example", "http": None}]}, id="a rule without http has nothing to serve"),
        pytest.param({"rules": [{"http": {"paths": None}}]}, id="missing paths have nothing to serve"),
        pytest.param({"rules": [{"http": {"paths": []}}]}, id="an empty list of paths has nothing to serve"),
    ],
)
def test_an_ingress_without_any_path_has_nothing_to_serve(spec):
    document = given.ingress_document("shop", "web") | {"spec": spec}
    shown = inventory(given.decoded(document))
    assert served(shown) == {}
    assert complaints(shown) == ["ingress shop/web: spec: there is nothing to serve: no path and no defaultBackend"]


def test_rules_without_host_in_two_namespaces_go_to_the_older_one():
    older = given.ingress("shop", "web", host=None, created="2026-01-01T00:00:00Z")
    younger = given.ingress("blog", "web", host=None, created="2026-01-02T00:00:00Z")
    shown = inventory(WEB, older, younger, given.service("blog", "web"))
    assert served(shown) == {"_/": "shop_web_80"}
    assert complaints(shown) == [
        (
            "ingress blog/web: spec.rules[0].http.paths[0]: any host belongs to namespace shop: "
            "ingress shop/web has claimed it since 2026-01-01T00:00:00Z"
        )
    ]


def test_a_host_and_path_claimed_twice_names_the_older_ingress_and_since_when():
    older = given.ingress("shop", "web", created="2026-01-01T00:00:00Z")
    younger = given.ingress("shop", "new", created="2026-01-02T00:00:00Z", service="web")
    shown = inventory(WEB, older, younger)
    assert [route.ingress for route in shown.routes("a.example")] == ["shop/web"]
    assert complaints(shown) == [
        (
            "ingress shop/new: spec.rules[0].http.paths[0]: a.example/: "
            "ingress shop/web has claimed it since 2026-01-01T00:00:00Z"
        )
    ]
    assert reasons(shown) == ["Claimed"]


def test_of_three_thousand_rules_the_first_thousand_are_served():
    rules = [given.rule(f"h{number}.example") for number in range(3_000)]
    shown = inventory(WEB, given.ingress("shop", "web", rules=rules))
    assert set(served(shown)) == {f"h{number}.example/" for number in range(1_000)}
    assert reasons(shown) == ["TooMany"]
    assert "3,000 paths are over the cap of 1,000" in complaints(shown)[0]


def test_of_many_paths_in_one_rule_the_first_thousand_are_served():
    paths = [given.path_of(f"/{number}") for number in range(1_500)]
    shown = inventory(WEB, given.ingress("shop", "web", rules=[{"host": "a.example", "http": {"paths": paths}}]))
    assert len(served(shown)) == 1_000
    assert "=a.example/1000" not in served(shown)


@pytest.mark.parametrize(
    "classes",
    [
        pytest.param([given.ingress("shop", "web", class_name="other")], id="a class of others is not ours"),
        pytest.param([given.ingress("shop", "web", class_name="")], id="an empty class is not ours"),
        pytest.param(
            [given.ingress("shop", "web", annotations={"kubernetes.io/ingress.class": "other"})],
            id="the annotation counts before the field",
        ),
        pytest.param(
            [given.ingress("shop", "web"), given.ingress_class("hadyn", "example.com/other")],
            id="an IngressClass of our name with another controller is not ours",
        ),
        pytest.param([given.ingress("shop", "web", class_name=None)], id="no class is not ours in a cluster"),
        pytest.param(
            [given.ingress("shop", "web", annotations={"kubernetes.io/ingress.class": "haproxy"})],
            id="the legacy class is not ours in a cluster",
        ),
        pytest.param(
            [given.ingress("shop", "web", class_name=None), given.ingress_class("x", "example.com/o", is_default=True)],
            id="a default class of others is not ours",
        ),
    ],
)
def test_an_ingress_of_others_is_passed_over_in_silence(classes):
    shown = cluster(WEB, *classes, given.ingress("shop", "broken", class_name="other", host="a b"))
    assert served(shown) == {}
    assert complaints(shown) == []
    assert shown.ingress_count() == 0


@pytest.mark.parametrize(
    "classes",
    [
        pytest.param([given.ingress("shop", "web")], id="our class by its field"),
        pytest.param(
            [given.ingress("shop", "web", class_name=None, annotations={"kubernetes.io/ingress.class": "hadyn"})],
            id="our class by the annotation",
        ),
        pytest.param(
            [given.ingress("shop", "web", class_name="public"), given.ingress_class("public")],
            id="any class with our controller",
        ),
        pytest.param(
            [given.ingress("shop", "web", class_name=None), given.ingress_class("public", is_default=True)],
            id="no class where ours is the default",
        ),
    ],
)
def test_an_ingress_of_our_class_is_served(classes):
    shown = cluster(WEB, *classes)
    assert served(shown) == {"a.example/": "shop_web_80"}
    assert shown.ingress_count() == 1


def test_an_ingress_without_class_is_ours_where_the_operator_says_so():
    without_class = given.ingress("shop", "web", class_name=None)
    assert served(cluster(WEB, without_class, watch_ingress_without_class=True)) == {"a.example/": "shop_web_80"}


def test_an_ingress_without_class_in_the_operators_folder_is_ours():
    assert served(inventory(WEB, given.ingress("shop", "web", class_name=None))) == {"a.example/": "shop_web_80"}


def test_a_class_that_comes_and_goes_moves_its_ingresses_in_and_out():
    shown = cluster(WEB, given.ingress("shop", "web", class_name="public"))
    ours = given.ingress_class("public")
    came = shown.apply(given.changes(ours))
    assert served(shown) == {"a.example/": "shop_web_80"}
    went = shown.apply(given.changes(deletes=(ours.ref,)))
    assert served(shown) == {}
    assert came == went
    assert came.hosts == {"a.example"}


def test_the_class_of_another_name_is_served_by_flag():
    policy = Policy(ingress_class="edge")
    assert served(cluster(WEB, given.ingress("shop", "web", class_name=policy.ingress_class), ingress_class="edge"))


def test_a_default_class_that_comes_and_goes_moves_ingresses_without_class_in_and_out():
    shown = cluster(WEB, given.ingress("shop", "web", class_name=None))
    default = given.ingress_class("public", is_default=True)
    shown.apply(given.changes(default))
    assert served(shown) == {"a.example/": "shop_web_80"}
    shown.apply(given.changes(deletes=(default.ref,)))
    assert served(shown) == {}


def test_where_namespaces_are_selected_an_ingress_of_a_cluster_counts_in_those_alone():
    shown = cluster(WEB, given.ingress("shop", "web"), namespaces_are_selected=True)
    assert served(shown) == {}
    came = shown.apply(given.changes(given.namespace("shop"), source="kubernetes/namespaces"))
    assert served(shown) == {"a.example/": "shop_web_80"}
    went = shown.apply(given.changes(deletes=(given.namespace("shop").ref,), source="kubernetes/namespaces"))
    assert served(shown) == {}
    assert came == went
    assert came.hosts == {"a.example"}


def test_the_operators_own_ingresses_count_whichever_namespaces_are_selected():
    shown = inventory(WEB, given.ingress("shop", "web"), namespaces_are_selected=True)
    assert served(shown) == {"a.example/": "shop_web_80"}
