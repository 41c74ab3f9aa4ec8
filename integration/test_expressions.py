"""Paths that are regular expressions, through a real HAProxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

NGINX = "nginx.ingress.kubernetes.io"
FREE = "ImplementationSpecific"


def said(name: str, path: str, *, to: str = "web", host: str = "", **annotations: str) -> Document:
    """An Ingress of one free path; ``nginx_use_regex`` is that annotation of ingress-nginx."""
    foreign = {key: annotations.pop(key) for key in list(annotations) if key.startswith("nginx_")}
    document = ingress(name, path, to=to, host=host or f"{name}.example", **annotations)
    document["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = FREE
    for key, value in foreign.items():
        document["metadata"]["annotations"][f"{NGINX}/{key.removeprefix('nginx_').replace('_', '-')}"] = value
    return document


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """One Service for expressions, and one for what they leave."""
    binary: HAProxyBinary = request.param
    objects = (
        service("web"),
        service("rest"),
        ingress("silent", to="rest", host="silent.example"),
        said("numbers", r"/item/[0-9]+$", use_regex="true"),
        said("begins", r"/v[12]/", use_regex="true"),
        said("cased", r"/(list|item)/.*", use_regex="true"),
        said("caseless", r"/(list|item)/.*", nginx_use_regex="true"),
        said("groups", r"/api/(v\d)/(.*)", use_regex="true", rewrite_target="/$2/of/$1"),
        said("uncounted", r"/(?:a|b)/(.*)", use_regex="true", rewrite_target="/$1"),
        said("moved", r"/(old|older)/(.*)", nginx_rewrite_target="/new/$2"),
        said("whole", r"/x[0-9]*/", use_regex="true", rewrite_target="/only"),
        said("order-1", r"/shop/[a-z]+", host="order.example", use_regex="true"),
        ingress("order-2", "/", to="rest", host="order.example"),
        ingress("order-3", "/shop/longer/than/that", to="rest", host="order.example"),
        said("wild", r"/[a-f]+$", host="*.wild.example", use_regex="true"),
        said("guarded", r"/secret/[a-z]+", host="guarded.example", use_regex="true", allow_source_range="192.0.2.1"),
        ingress("open", "/", to="rest", host="guarded.example"),
    )
    with AnnotatedSite(binary.path, *objects, services=("web", "rest")) as site:
        yield site


@pytest.mark.parametrize(
    ("url", "served_by"),
    [
        ("numbers.example/item/12", "web"),
        ("numbers.example/item/12/x", ""),
        ("numbers.example/item/x", ""),
        ("begins.example/v1/any", "web"),
        ("begins.example/v3/any", ""),
        ("begins.example/x/v1/", ""),
        ("cased.example/list/", "web"),
        ("cased.example/List/", ""),
        ("caseless.example/LIST/x", "web"),
        ("order.example/shop/abc", "web"),
        ("order.example/shop/1", "rest"),
        ("order.example/shop/longer/than/that/x", "rest"),
        ("order.example/shop/longer/than/this", "web"),
        ("a.wild.example/abc", "web"),
        ("a.wild.example/xyz", ""),
        ("silent.example/item/1", "rest"),
    ],
)
def test_an_expression_takes_what_it_matches_and_leaves_the_rest(site: AnnotatedSite, url: str, served_by: str) -> None:
    assert taker(site, url) == served_by


def taker(site: AnnotatedSite, url: str) -> str:
    """Ask once; return the Service whose pod has answered, "" for a 404."""
    host, slash, path = url.partition("/")
    before = {name: pod.seen for name, pod in site.pods.items()}
    answer = site.request(slash + path, host=host)
    taken = [name for name, pod in site.pods.items() if pod.seen > before[name]]
    assert answer.status == (200 if taken else 404)
    return "".join(taken)


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("groups.example/api/v2/a/b?c=d", "/a/b/of/v2?c=d"),
        ("groups.example/api/v2/", "//of/v2"),
        ("groups.example/api/v2/a|r302^/evil|b", "/a%7Cr302^/evil%7Cb/of/v2"),
        ("uncounted.example/b/rest", "/rest"),
        ("moved.example/Older/x", "/new/x"),
        ("whole.example/x12/y", "/only"),
    ],
)
def test_pods_see_what_groups_of_an_expression_matched(site: AnnotatedSite, url: str, seen: str) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host)
    assert (answer.status, answer.seen.get(":path")) == (200, seen)


def test_nobody_slips_past_an_expression_with_a_path_longer_than_expressions_are_judged_for(
    site: AnnotatedSite,
) -> None:
    guarded = site.request("/secret/x", host="guarded.example")
    longer = site.request("/secret/" + "x" * 1024, host="guarded.example")
    others = site.request("/" + "x" * 1024, host="silent.example")
    assert (guarded.status, longer.status, others.status) == (403, 400, 200)
