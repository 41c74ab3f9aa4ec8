"""A site has the names that its Ingress adds, and believes the proxies that the operator names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import OPERATORS, AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    namespace, _, name = OPERATORS.partition("/")
    trusted = ", ".join(f"127.0.1.{number}" for number in range(50))
    options = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": {"real-ip-header": "X-Forwarded-For", "real-ip-networks": trusted},
    }
    moved = {"redirect_from": "gone.example, older.example", "redirect_from_code": "308"}
    objects = (
        options,
        service("web"),
        ingress("silent", to="web", host="silent.example", allow_source_range="127.0.0.0/16, 192.0.2.7"),
        ingress("known", "/app", to="web", host="known.example", server_alias="alias.example, *.wild.example"),
        ingress("moved", "/app", to="web", host="moved.example", **moved),
        ingress("bare", to="web", host="bare.example", from_to_www_redirect="true"),
        ingress("www", to="web", host="www.other.example", from_to_www_redirect="true"),
        ingress("many", "/app", to="web", host="many.example", server_alias_regex=r"[a-z]+\.many\.(one|two)$"),
        ingress("more", "/app", to="web", host="more.example", redirect_from_regex=r"^(old|older)\.many\.one"),
        ingress("star", to="web", host="*.star.example", server_alias_regex=r".*\.example"),
        ingress("quiet", to="web", host="quiet.example", forwarded_for="false"),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("known.example/app", 200),
        ("alias.example/app", 200),
        ("x.wild.example/app", 200),
        ("alias.example/", 404),
        ("moved.example/app", 200),
        ("bare.example/", 200),
        ("new.many.one/app", 200),
        ("New.many.two:8080/app", 200),
        ("new.many.one/", 404),
        ("new.many.three/app", 404),
        ("new.many.one.evil/app", 404),
        ("new1.many.one/app", 404),
        ("other.unheard.example/", 200),
        ("known.example/other", 404),
        (f"{'x' * 250}.many.one/app", 404),
    ],
)
def test_an_alias_has_the_paths_of_its_ingress(site: AnnotatedSite, url: str, status: int) -> None:
    host, slash, path = url.partition("/")
    assert site.request(slash + path, host=host).status == status


@pytest.mark.parametrize(
    ("url", "status", "location"),
    [
        ("gone.example/any?x=1", 308, "http://moved.example/any?x=1"),
        ("old.many.one/any?x=1", 302, "http://more.example/any?x=1"),
        ("older.example/", 308, "http://moved.example/"),
        ("www.bare.example/a", 302, "http://bare.example/a"),
        ("other.example/a", 302, "http://www.other.example/a"),
    ],
)
def test_a_host_that_moved_sends_its_requests_after_it(
    site: AnnotatedSite, url: str, status: int, location: str
) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host)
    assert (answer.status, answer.headers["location"]) == (status, location)


@pytest.mark.parametrize(
    ("source", "said", "seen"),
    [
        ("127.0.1.49", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("127.0.1.0", "192.0.2.7", "192.0.2.7"),
        ("127.0.1.0", "nonsense", "127.0.1.0"),
        ("127.0.0.1", "192.0.2.7", "127.0.0.1"),
        ("127.0.1.50", "192.0.2.7", "127.0.1.50"),
    ],
)
def test_the_clients_address_is_what_a_trusted_proxy_saw(
    site: AnnotatedSite, source: str, said: str, seen: str
) -> None:
    answer = site.request(host="silent.example", source=source, headers={"X-Forwarded-For": said})
    assert (answer.status, answer.seen["x-forwarded-for"], answer.seen["x-real-ip"]) == (200, seen, seen)


def test_a_trusted_proxy_brings_no_client_in_that_may_not_come(site: AnnotatedSite) -> None:
    sent = {"X-Forwarded-For": "203.0.113.9"}
    assert site.request(host="silent.example", source="127.0.1.0", headers=sent).status == 403


def test_pods_learn_no_address_where_they_shall_not(site: AnnotatedSite) -> None:
    seen = site.request(host="quiet.example", headers={"X-Forwarded-For": "1.2.3.4"}).seen
    assert {"x-forwarded-for", "x-real-ip"} & seen.keys() == set()
