"""What a browser makes of answers to pages of other origins (the Fetch standard's CORS check)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from integration.annotated import AnnotatedSite, Answer
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service

SIMPLE_METHODS = {"GET", "HEAD", "POST"}


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    some = {
        "cors_enable": "true",
        "cors_allow_origin": "https://a.shop.example, https://*.Wild.example, http://b.example:8080",
        "cors_allow_credentials": "true",
        "cors_allow_methods": "GET, PUT",
        "cors_allow_headers": "X-Shop, Content-Type",
        "cors_expose_headers": "X-Total",
        "cors_max_age": "600",
    }
    matched = {
        "cors_enable": "true",
        "cors_allow_credentials": "true",
        "cors_allow_origin_regex": r"https?://[a-z]+\.shop\.example$ https://(one|two)\.example(:[0-9]+)?",
    }
    objects = (
        service("web"),
        ingress("silent", to="web", host="silent.example"),
        ingress("open", to="web", host="open.example", cors_enable="true", cors_allow_credentials="true"),
        ingress("some", to="web", host="some.example", **some),
        ingress("matched", to="web", host="matched.example", **matched),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


@dataclass(frozen=True, slots=True)
class Page:
    """A page of some origin in a browser, which reads an answer only where the answers allow it."""

    site: AnnotatedSite
    origin: str

    def fetch(
        self, host: str, *, method: str = "GET", header: str = "", with_credentials: bool = False
    ) -> Answer | None:
        """Return what the page may read, None where the browser keeps it to itself."""
        if method not in SIMPLE_METHODS or header:
            asked = {"Origin": self.origin, "Access-Control-Request-Method": method}
            asked |= {"Access-Control-Request-Headers": header.lower()} if header else {}
            preflight = self.site.request("/x", host=host, method="OPTIONS", headers=asked)
            is_fine = preflight.status in range(200, 300) and self._is_allowed(preflight, with_credentials)
            methods = _listed(preflight, "access-control-allow-methods") | SIMPLE_METHODS
            names = {name.lower() for name in _listed(preflight, "access-control-allow-headers")}
            if not (is_fine and method in methods and {header.lower()} <= names | {""}):
                return None
        headers = (
            {"Origin": self.origin}
            | ({header: "1"} if header else {})
            | ({"Cookie": "a=b"} if with_credentials else {})
        )
        answer = self.site.request("/x", host=host, method=method, headers=headers)
        return answer if self._is_allowed(answer, with_credentials) else None

    def _is_allowed(self, answer: Answer, with_credentials: bool) -> bool:
        allowed = answer.headers.get("access-control-allow-origin")
        if with_credentials:
            return allowed == self.origin and answer.headers.get("access-control-allow-credentials") == "true"
        return allowed in ("*", self.origin)


def _listed(answer: Answer, name: str) -> set[str]:
    return {each.strip() for each in answer.headers.get(name, "").split(",")}


@pytest.mark.parametrize("origin", ["https://a.shop.example", "https://x.wild.example", "http://b.example:8080"])
def test_pages_of_allowed_origins_read_answers_with_credentials(site: AnnotatedSite, origin: str) -> None:
    answer = Page(site, origin).fetch("some.example", with_credentials=True)
    assert answer is not None
    assert (answer.status, answer.seen["cookie"]) == (200, "a=b")
    assert (answer.headers["access-control-expose-headers"], answer.headers["vary"]) == ("X-Total", "Origin")


@pytest.mark.parametrize(
    "origin",
    [
        "http://a.shop.example",
        "https://a.shop.example.evil.example",
        "https://xa.shop.example",
        "https://wild.example",
        "https://x.y.wild.example",
        "https://x-wild.example",
        "https://x.wildxexample",
        "http://b.example",
        "null",
    ],
)
def test_pages_of_other_origins_read_nothing(site: AnnotatedSite, origin: str) -> None:
    assert Page(site, origin).fetch("some.example") is None
    assert Page(site, origin).fetch("some.example", method="PUT") is None


def test_all_pages_read_answers_without_credentials_where_all_are_allowed(site: AnnotatedSite) -> None:
    page = Page(site, "https://any.example")
    assert page.fetch("open.example") is not None
    assert page.fetch("open.example", header="X-Requested-With") is not None
    assert page.fetch("open.example", with_credentials=True) is None


def test_a_preflight_is_answered_without_a_pod_and_says_what_is_allowed(site: AnnotatedSite) -> None:
    page = Page(site, "https://a.shop.example")
    asked = {"Origin": page.origin, "Access-Control-Request-Method": "PUT"}
    before = site.pods["web"].seen
    preflight = site.request(host="some.example", method="OPTIONS", headers=asked)
    assert (preflight.status, preflight.headers["access-control-max-age"]) == (204, "600")
    assert site.pods["web"].seen == before
    assert page.fetch("some.example", header="X-Shop") is not None
    assert page.fetch("some.example", header="X-Other") is None
    assert page.fetch("some.example", method="DELETE") is None


def test_pods_speak_for_themselves_where_nobody_asks_hadyn(site: AnnotatedSite) -> None:
    assert Page(site, "https://a.shop.example").fetch("silent.example") is None
    assert "vary" not in site.request(host="silent.example", headers={"Origin": "https://a.shop.example"}).headers


@pytest.mark.parametrize(
    ("origin", "is_read"),
    [
        ("https://a.shop.example", True),
        ("http://b.shop.example", True),
        ("https://two.example:8443", True),
        ("https://two.example", True),
        ("https://a.b.shop.example", False),
        ("https://a.shop.example.evil.example", False),
        ("https://x.https://a.shop.example", False),
        ("https://shop.example", False),
        ("null", False),
    ],
)
def test_an_origin_has_to_match_an_expression_as_a_whole(site: AnnotatedSite, origin: str, is_read: bool) -> None:
    answer = Page(site, origin).fetch("matched.example", with_credentials=True)
    assert (answer is not None) is is_read
