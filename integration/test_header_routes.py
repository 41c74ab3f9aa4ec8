"""Ingresses of one host and path that headers of requests tell apart, each asked through a real HAProxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

SERVICES = ("web", "next", "later", "like", "api")


def by_header(host: str, to: str, path: str = "/", **annotations: str) -> Document:
    """An Ingress beside others of the same host, called after both."""
    return ingress(f"{to}-for-{host}", path, to=to, host=f"{host}.example", **annotations)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """Hosts whose paths lead elsewhere for requests with a header."""
    binary: HAProxyBinary = request.param
    objects = (
        *map(service, SERVICES),
        by_header("one", "web"),
        by_header("one", "next", header_match="X-Env: staging"),
        by_header("one", "later", header_match="X-Env: staging\nX-User: bob[1](.*"),
        by_header("one", "like", header_match_regex="X-Env: ^(test|qa)[0-9]*$"),
        by_header("deep", "web"),
        by_header("deep", "api", "/api", header_match="X-Env: staging"),
        by_header("deep", "later", header_match="X-User: bob"),
        by_header("alone", "next", "/api", header_match="X-Env: staging"),
        by_header("own", "web"),
        by_header("own", "next", header_match="X-Env: staging", deny_paths="/secret", rewrite_target="/moved"),
        by_header("own", "later", header_match="X-Env: gone", redirect_to="https://b.example/"),
        by_header("own", "api", header_match="X-Env: near", allow_source_range="127.9.9.9"),
        by_header("mixed", "web", "/", use_regex="true"),
        by_header("mixed", "api", "/v[0-9]+/x", use_regex="true") | {},
        by_header("mixed", "next", header_match="X-Env: staging"),
    )
    objects[-2]["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = "ImplementationSpecific"
    with AnnotatedSite(binary.path, *objects, services=SERVICES) as site:
        yield site


def who_answers(site: AnnotatedSite, host: str, path: str, headers: dict[str, str]) -> str:
    """Ask once; return the name of the Service whose pod was asked."""
    before = {name: pod.seen for name, pod in site.pods.items()}
    assert site.request(path, host=f"{host}.example", headers=headers).status == 200
    (asked,) = (name for name, pod in site.pods.items() if pod.seen > before[name])
    return asked


@pytest.mark.parametrize(
    ("host", "path", "headers", "who"),
    [
        ("one", "/", {}, "web"),
        ("one", "/", {"X-Env": "staging"}, "next"),
        ("one", "/deep", {"x-eNV": "staging"}, "next"),
        ("one", "/", {"X-Env": "Staging"}, "web"),
        ("one", "/", {"X-Env": "staging2"}, "web"),
        ("one", "/", {"X-Env": "staging|=bob[1](.*"}, "web"),
        ("one", "/", {"X-Not-X-Env": "staging"}, "web"),
        ("one", "/", {"X-Other": "x-env: staging"}, "web"),
        ("one", "/", {"X-Env": "staging", "X-User": "bob[1](.*"}, "later"),
        ("one", "/", {"X-Env": "staging", "X-User": "bob1"}, "next"),
        ("one", "/", {"X-User": "bob[1](.*"}, "web"),
        ("one", "/", {"X-Env": "qa7"}, "like"),
        ("one", "/", {"X-Env": "qa7", "X-User": "x|y"}, "like"),
        ("one", "/", {"X-Env": "xqa7"}, "web"),
        ("one", "/", {"X-Env": "qa7", "X-User": "u" * 1100}, "web"),
        ("deep", "/api/x", {"X-Env": "staging"}, "api"),
        ("deep", "/api/x", {}, "web"),
        ("deep", "/api", {"X-User": "bob"}, "later"),
        ("deep", "/apis", {"X-Env": "staging"}, "web"),
        ("alone", "/api/x", {"X-Env": "staging"}, "next"),
        ("mixed", "/v1/x", {"X-Env": "staging"}, "api"),
        ("mixed", "/v/x", {"X-Env": "staging"}, "next"),
        ("mixed", "/v/x", {}, "web"),
    ],
)
def test_requests_go_where_their_headers_lead(
    site: AnnotatedSite, host: str, path: str, headers: dict[str, str], who: str
) -> None:
    assert who_answers(site, host, path, headers) == who


@pytest.mark.parametrize("headers", [{}, {"X-Env": "other"}, {"X-User": "staging"}])
def test_a_path_that_nobody_has_without_the_header_is_not_found(site: AnnotatedSite, headers: dict[str, str]) -> None:
    assert site.request("/api", host="alone.example", headers=headers).status == 404


def test_what_an_ingress_says_holds_for_the_requests_with_its_header(site: AnnotatedSite) -> None:
    staging = {"X-Env": "staging"}
    assert site.request("/secret", host="own.example").status == 200
    assert site.request("/secret", host="own.example", headers=staging).status == 403
    assert site.request("/x", host="own.example", headers=staging).seen[":path"] == "/moved/x"
    assert site.request("/x", host="own.example").seen[":path"] == "/x"
    assert site.request("/", host="own.example", headers={"X-Env": "gone"}).status == 302
    assert site.request("/", host="own.example", headers={"X-Env": "near"}).status == 403
    assert site.request("/", host="own.example", headers={"X-Env": "near"}, source="127.9.9.9").status == 200
