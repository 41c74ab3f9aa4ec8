"""Paths of Ingresses as users may write them: reference/reliability.md C2."""

from __future__ import annotations

import pytest

from tests import given
from tests.model.looks import complaints, inventory, reasons, served

SERVICES = (given.service("shop", "web"), given.service("shop", "api"))


def paths_of(*paths: dict) -> tuple[dict[str, str | None], list[str]]:
    """The routes and complaints of an Ingress with these paths and a good one."""
    rules = [{"host": "a.example", "http": {"paths": [*paths, given.path_of("/good")]}}]
    shown = inventory(*SERVICES, given.ingress("shop", "web", rules=rules))
    return served(shown), complaints(shown)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("/x\n  http-request deny", "contains U+000A (line feed)", id="a line feed is refused"),
        pytest.param("/x\n", "contains U+000A (line feed)", id="a line feed at the end is refused"),
        pytest.param("/x\rb", "contains U+000D (carriage return)", id="a carriage return is refused"),
        pytest.param("/a b", "contains a blank", id="a blank is refused"),
        pytest.param("/a\tb", "contains a blank", id="a tab is refused"),
        pytest.param('/say"x"', "contains '\"'", id="a double quote is refused"),
        pytest.param("/x\\", "contains a backslash", id="a backslash is refused"),
        pytest.param("/a#b", "contains '#'", id="a hash is refused"),
        pytest.param("/a;b", "contains ';'", id="a semicolon is refused"),
        pytest.param("/a?b", "contains '?'", id="a query is refused"),
        pytest.param("-f /etc/passwd", "must start with '/'", id="an ACL flag with a file is refused"),
        pytest.param("-M -f x", "must start with '/'", id="two ACL flags are refused"),
        pytest.param("-m reg .*", "must start with '/'", id="an ACL match is refused"),
        pytest.param("-i", "must start with '/'", id="a lone ACL flag is refused"),
        pytest.param("--", "must start with '/'", id="the end of ACL flags is refused"),
        pytest.param("/%[env(HOME)]", "contains '['", id="a sample expression is refused"),
        pytest.param("/%{+Q}o", "contains '{'", id="a log format is refused"),
        pytest.param("/${HOME}", "contains '{'", id="a variable in braces is refused"),
        pytest.param("/x } || { always_true", "contains a blank", id="a closed condition is refused"),
        pytest.param("/x if TRUE", "contains a blank", id="a condition is refused"),
        pytest.param("/x or TRUE", "contains a blank", id="an alternative is refused"),
        pytest.param("/x\0y", "contains U+0000 (null)", id="a null character is refused"),
        pytest.param("/x\u2028y", "contains U+2028 (line separator)", id="a line separator is refused"),
        pytest.param("/x\u0085y", "contains U+0085 (not printable ascii)", id="a next-line character is refused"),
        pytest.param("/x\x0by", "contains U+000B (not printable ascii)", id="a vertical tab is refused"),
        pytest.param("/x\u202ey", "contains U+202E (right-to-left override)", id="an override of direction is refused"),
        pytest.param("/\xfcber", "contains U+00FC", id="a letter beyond ASCII is refused"),
        pytest.param("//", "is not normal", id="a double slash is refused"),
        pytest.param("/a//b", "is not normal", id="a double slash inside is refused"),
        pytest.param("/./", "is not normal", id="a dot segment is refused"),
        pytest.param("/../", "is not normal", id="a parent segment is refused"),
        pytest.param("/a/..", "is not normal", id="a parent at the end is refused"),
        pytest.param("/../..", "is not normal", id="two parents are refused"),
        pytest.param("/a%2fb", "is not normal", id="an encoded slash is refused"),
        pytest.param("/a%2Fb", "is not normal", id="an encoded slash in capitals is refused"),
        pytest.param("/%2e%2E/b", "is not normal", id="an encoded parent is refused"),
        pytest.param("x", "must start with '/'", id="a path without slash is refused"),
        pytest.param("", "must start with '/'", id="an empty path is refused"),
        pytest.param(None, "must start with '/'", id="no path is refused"),
        pytest.param(7, "must start with '/'", id="a number is refused"),
        pytest.param("/" + "a" * 5_000, "longer than 1024", id="5000 characters are refused"),
    ],
)
@pytest.mark.parametrize("path_type", ["Exact", "Prefix"])
def test_a_wrong_path_is_named_while_its_sibling_is_served(path, said, path_type):
    routes, wrong = paths_of(given.path_of(path, "api", path_type=path_type))
    assert routes == {"a.example/good": "shop_web_80"}
    assert len(wrong) == 1
    assert wrong[0].startswith("ingress shop/web: spec.rules[0].http.paths[0].path: ")
    assert said in wrong[0]
    assert wrong[0].isprintable()
    assert len(wrong[0]) < 300


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/it's", id="a single quote stands, because paths live in maps"),
        pytest.param("/$HOME", id="a dollar is literal"),
        pytest.param("/var/run/secrets/kubernetes.io/serviceaccount/token", id="a file's name is a plain path"),
        pytest.param("/proc/self/environ", id="another file's name too"),
        pytest.param("/a%20b", id="an encoded blank stands as clients send it"),
        pytest.param("/A", id="capital letters stay"),
        pytest.param("/...", id="three dots are a name"),
        pytest.param("/" + "a" * 1_023, id="1024 characters are not too many"),
    ],
)
def test_a_strange_but_harmless_path_is_served_literally(path):
    assert paths_of(given.path_of(path, "api"))[0][f"a.example{path}"] == "shop_api_80"


@pytest.mark.parametrize(
    "path_type",
    [
        pytest.param(None, id="no pathType is unknown"),
        pytest.param("prefix", id="a small letter is unknown"),
        pytest.param("Regex", id="Regex is unknown"),
        pytest.param(["Exact"], id="a list is unknown"),
    ],
)
def test_an_unknown_path_type_is_named(path_type):
    routes, wrong = paths_of(given.path_of("/x", path_type=path_type))
    assert routes == {"a.example/good": "shop_web_80"}
    assert len(wrong) == 1
    assert wrong[0].endswith("is an unknown pathType")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("/[", "contains '['", id="a bracket is refused"),
        pytest.param("/(?P<x", "contains '?'", id="a named group is refused"),
        pytest.param("/\\1", "contains a backslash", id="a back-reference is refused"),
        pytest.param("/api(/|$)(.+)", "contains '|'", id="an alternative is refused"),
        pytest.param("[", "must start with '/'", id="a lone bracket is refused"),
    ],
)
def test_a_regular_expression_that_cannot_be_a_path_is_refused(path, said):
    routes, wrong = paths_of(given.path_of(path, path_type="ImplementationSpecific"))
    assert routes == {"a.example/good": "shop_web_80"}
    assert said in wrong[0]


@pytest.mark.parametrize("path", ["/api(/|$)(.*)", "/api/(.*)", "/api/?(.*)", "/api(/.*)", "/api(/.*)?", "/api/.*"])
def test_a_regular_expression_that_means_a_prefix_is_that_prefix(path):
    found = paths_of(given.path_of(path, "api", path_type="ImplementationSpecific"))
    assert found == ({"a.example/api": "shop_api_80", "a.example/good": "shop_web_80"}, [])


@pytest.mark.parametrize("path", ["/(a+)+$", "/api/*", "/x.+"])
def test_a_path_that_looks_like_a_pattern_is_a_prefix_and_says_so(path):
    routes, wrong = paths_of(given.path_of(path, "api", path_type="ImplementationSpecific"))
    assert routes[f"a.example{path}"] == "shop_api_80"
    assert wrong[0].endswith("looks like a pattern, but is taken as a prefix, literally")


def test_an_implementation_specific_path_may_be_missing_and_means_all():
    assert paths_of(given.path_of(None, "api", path_type="ImplementationSpecific")) == (
        {"a.example/": "shop_api_80", "a.example/good": "shop_web_80"},
        [],
    )


def test_exact_and_prefix_and_capital_letters_are_paths_of_their_own():
    routes, wrong = paths_of(
        given.path_of("/a", "api", path_type="Exact"),
        given.path_of("/a", "web"),
        given.path_of("/a/", "web"),
        given.path_of("/A", "api"),
    )
    assert routes == {
        "=a.example/a": "shop_api_80",
        "a.example/A": "shop_api_80",
        "a.example/a": "shop_web_80",
        "a.example/good": "shop_web_80",
    }
    assert wrong == []


def test_two_equal_paths_in_one_ingress_go_to_the_first_and_name_the_second():
    routes, wrong = paths_of(given.path_of("/a", "api"), given.path_of("/a/", "web"))
    assert routes["a.example/a"] == "shop_api_80"
    assert wrong == [
        "ingress shop/web: spec.rules[0].http.paths[1].path: the same path is at spec.rules[0].http.paths[0], which counts"
    ]


def test_two_rules_for_one_host_count_as_one():
    rules = [given.rule("a.example", "/a", "api"), given.rule("A.example.", "/b")]
    shown = inventory(*SERVICES, given.ingress("shop", "web", rules=rules))
    assert served(shown) == {"a.example/a": "shop_api_80", "a.example/b": "shop_web_80"}
    assert reasons(shown) == []
