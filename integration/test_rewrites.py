"""Pods see the path that the Ingress of a request says, whichever other Ingress leads to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

NGINX = "nginx.ingress.kubernetes.io/rewrite-target"
HAPROXYTECH = "haproxy.org/path-rewrite"


def said(host: str, path: str = "/", path_type: str = "Prefix", *, alias: str = "", **annotations: str) -> Document:
    """An Ingress of one path; ``alias="NAME=VALUE"`` is an annotation by its whole name."""
    document = ingress(host.partition(".")[0], path, to="web", host=host, **annotations)
    document["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = path_type
    if alias:
        name, _, value = alias.partition("=")
        document["metadata"]["annotations"][name] = value
    return document


FREE = "ImplementationSpecific"


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """One Service, and a host for each thing that can be said."""
    binary: HAProxyBinary = request.param
    objects = (
        service("web"),
        said("silent.example"),
        said("strip.example", "/app", rewrite_target="/"),
        said("deep.example", "/a/b", rewrite_target="/x/y"),
        said("root.example", "/", rewrite_target="/sub/"),
        said("exact.example", "/one", "Exact", rewrite_target="/two"),
        said("groups.example", "/app(/|$)(.*)", FREE, alias=f"{NGINX}=/$2"),
        said("group.example", "/app/(.*)", FREE, alias=f"{NGINX}=/v1/$1"),
        said("whole.example", "/app", alias=f"{NGINX}=/only"),
        said("prefix.example", "/", path_rewrite="/api/v1 /v1"),
        said("drop.example", "/", path_rewrite="/api /"),
        said("expression.example", "/", alias=rf"{HAPROXYTECH}=/foo/(.*) /bar/\1"),
        said("before.example", "/", alias=rf"{HAPROXYTECH}=(.*) /foo\1"),
        said("all.example", "/", alias=f"{HAPROXYTECH}=/here"),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("silent.example/app/x", "/app/x"),
        ("strip.example/app/x/y?a=b", "/x/y?a=b"),
        ("strip.example/app/", "/"),
        ("strip.example/app", "/"),
        ("strip.example/app//x", "//x"),
        ("strip.example/app/app/app", "/app/app"),
        ("deep.example/a/b/c", "/x/y/c"),
        ("deep.example/a/b", "/x/y"),
        ("deep.example/a/b/", "/x/y/"),
        ("root.example/a/b", "/sub/a/b"),
        ("root.example/", "/sub/"),
        ("exact.example/one", "/two"),
        ("groups.example/app/x/y", "/x/y"),
        ("groups.example/app", "/"),
        ("group.example/app/x", "/v1/x"),
        ("whole.example/app/x?a=b", "/only?a=b"),
        ("prefix.example/api/v1/x?a=b", "/v1/x?a=b"),
        ("prefix.example/api/v1", "/v1"),
        ("prefix.example/api/v10", "/api/v10"),
        ("drop.example/api", "/"),
        ("drop.example/api/api", "/api"),
        ("drop.example/other", "/other"),
        ("expression.example/foo/x", "/bar/x"),
        ("before.example/x", "/foo/x"),
        ("all.example/x", "/here"),
    ],
)
def test_pods_see_the_path_that_the_ingress_says(site: AnnotatedSite, url: str, seen: str) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host)
    assert (answer.status, answer.seen.get(":path")) == (200, seen)
