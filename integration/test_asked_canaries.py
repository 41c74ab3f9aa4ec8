"""Requests ask for a canary by header or cookie, and several canaries share a route: counted by who answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

REQUESTS = 40
CANARIES = ("next", "later", "gone")
HOSTS = ("header", "value", "pattern", "cookie", "both", "total", "several", "empty", "kept", "guarded", "deep", "bare")
ALWAYS = {"X-Canary": "always"}


def stable(host: str, **annotations: str) -> tuple[Document, Document]:
    """A Service called like the first label of its host, and its Ingress."""
    return service(f"web-{host}"), ingress(f"web-{host}", host=f"{host}.example", **annotations)


def canary(host: str, to: str = "next", **annotations: str) -> Document:
    """An Ingress that lets a Service share what that host has."""
    spelled = {f"canary_{key}": value for key, value in annotations.items()}
    return ingress(f"{to}-for-{host}", to=to, host=f"{host}.example", canary="true", **spelled)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """A Service for each way to ask, each with the same canaries; of these the one called gone has no pod."""
    binary: HAProxyBinary = request.param
    own: Mapping[str, Mapping[str, str]] = {
        "kept": {"affinity": "cookie"},
        "guarded": {"deny_paths": "/secret"},
        "bare": {"default_backend": "later"},
    }
    objects = (
        *(document for host in HOSTS for document in stable(host, **own.get(host, {}))),
        *map(service, CANARIES),
        canary("header", by_header="X-Canary"),
        canary("value", by_header="X-Canary", by_header_value="v2[(.*"),
        canary("pattern", by_header="X-Canary", by_header_pattern="^v[23]($|-)"),
        canary("pattern", "later", by_header="x-canary", by_header_pattern="(?i)LATE"),
        canary("cookie", by_cookie="canary.1"),
        canary("both", by_header="X-Canary", by_cookie="canary", weight="100"),
        canary("total", weight="1", weight_total="4"),
        canary("several", weight="20", by_header="X-Version", by_header_value="next"),
        canary("several", "later", weight="30", by_header="X-Version", by_header_value="later", by_cookie="late"),
        canary("empty", "gone", by_header="X-Canary", by_cookie="canary", weight="50"),
        canary("kept", by_header="X-Canary"),
        canary("guarded", by_header="X-Canary"),
        canary("deep", by_header="X-One"),
        canary("deep", "later", by_header="X-Two", by_cookie="two"),
        canary("deep", "gone", by_header="X-Three"),
        canary("bare", by_header="X-Canary"),
    )
    services = (*(f"web-{host}" for host in HOSTS if host != "bare"), "next", "later")
    with AnnotatedSite(binary.path, *objects, services=services) as site:
        yield site


def who_answers(site: AnnotatedSite, host: str, times: int = 1, path: str = "/", **headers: str) -> Counter[str]:
    """Ask so often; return how often each pod was asked, the stable one as "stable"."""
    before = {name: pod.seen for name, pod in site.pods.items()}
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    for _ in range(times):
        assert site.request(path, host=f"{host}.example", headers=spelled).status == 200
    asked = {name: pod.seen - before[name] for name, pod in site.pods.items()}
    return +Counter({"stable" if name == f"web-{host}" else name: number for name, number in asked.items()})


@pytest.mark.parametrize(
    ("host", "headers", "who"),
    [
        ("header", {}, "stable"),
        ("header", {"X-Canary": "always"}, "next"),
        ("header", {"x-canary": "never"}, "stable"),
        ("header", {"X-Canary": "Always"}, "stable"),
        ("header", {"X-Canary": "always-not"}, "stable"),
        ("header", {"X-Other": "x-canary: always"}, "stable"),
        ("header", {"X-Not-X-Canary": "always"}, "stable"),
        ("header", {"Cookie": "X-Canary=always"}, "stable"),
        ("value", {"X-Canary": "v2[(.*"}, "next"),
        ("value", {"X-Canary": "v2[(.*2"}, "stable"),
        ("value", {"X-Canary": "always"}, "stable"),
        ("pattern", {"X-Canary": "v3"}, "next"),
        ("pattern", {"X-Canary": "v2-beta"}, "next"),
        ("pattern", {"X-Canary": "v4"}, "stable"),
        ("pattern", {"X-Canary": "av3"}, "stable"),
        ("pattern", {"X-Canary": "too late"}, "later"),
        ("pattern", {"X-Canary": "v3 is late"}, "later"),
        ("pattern", {"X-Canary": "x" * 1100 + "late"}, "stable"),
        ("pattern", {"X-Other": "late"}, "stable"),
        ("cookie", {"Cookie": "a=b; canary.1=always; c=d"}, "next"),
        ("cookie", {"Cookie": "canary.1=always"}, "next"),
        ("cookie", {"Cookie": "canary.1=never"}, "stable"),
        ("cookie", {"Cookie": "canary-1=always"}, "stable"),
        ("cookie", {"Cookie": "xcanary.1=always"}, "stable"),
        ("both", {}, "next"),
        ("both", {"X-Canary": "never"}, "stable"),
        ("both", {"Cookie": "canary=never"}, "stable"),
        ("both", {"X-Canary": "always", "Cookie": "canary=never"}, "next"),
        ("both", {"X-Canary": "never", "Cookie": "canary=always"}, "stable"),
        ("both", {"X-Canary": "other", "Cookie": "canary=never"}, "stable"),
        ("several", {"X-Version": "next"}, "next"),
        ("several", {"X-Version": "later"}, "later"),
        ("several", {"Cookie": "late=always"}, "later"),
        ("several", {"Cookie": "late=never"}, "stable"),
        ("deep", {"X-One": "always"}, "next"),
        ("deep", {"X-Two": "always"}, "later"),
        ("deep", {"X-Two": "never", "X-One": "always"}, "stable"),
        ("deep", {"X-Two": "other", "X-One": "always"}, "next"),
        ("deep", {"X-Three": "always", "X-Two": "other"}, "stable"),
        ("deep", {"Cookie": "two=always"}, "later"),
        ("bare", {"X-Canary": "always"}, "next"),
        ("bare", {}, "later"),
    ],
)
def test_a_request_goes_where_its_header_and_then_its_cookie_ask_for(
    site: AnnotatedSite, host: str, headers: dict[str, str], who: str
) -> None:
    assert who_answers(site, host, 3, **headers) == {who: 3}


def test_a_share_of_a_total_is_that_part_of_all_requests(site: AnnotatedSite) -> None:
    assert who_answers(site, "total", REQUESTS) == {"stable": 30, "next": 10}


def test_shares_of_several_canaries_add_up(site: AnnotatedSite) -> None:
    assert who_answers(site, "several", REQUESTS) == {"stable": 20, "next": 8, "later": 12}


@pytest.mark.parametrize("headers", [{}, ALWAYS, {"X-Canary": "never"}, {"Cookie": "canary=always"}])
def test_a_canary_without_pods_fails_no_request(site: AnnotatedSite, headers: dict[str, str]) -> None:
    assert who_answers(site, "empty", 10, **headers) == {"stable": 10}


def test_a_client_whose_cookie_binds_it_to_the_canary_stays_there_without_asking(site: AnnotatedSite) -> None:
    bound = site.request(host="kept.example", headers=ALWAYS).headers["set-cookie"].partition(";")[0]
    assert who_answers(site, "kept", 5, Cookie=bound) == {"next": 5}
    assert who_answers(site, "kept", 5) == {"stable": 5}


def test_who_asks_for_a_canary_gets_past_no_rule_of_the_route(site: AnnotatedSite) -> None:
    assert who_answers(site, "guarded", 1, **ALWAYS) == {"next": 1}
    assert site.request("/secret", host="guarded.example", headers=ALWAYS).status == 403
