"""Headers that an Ingress sets, adds or takes away reach pods and clients as they are written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service

TEXT = 'it\'s "100%" #1 of ${PATH} \\ %[env(PATH)]  %{+Q}[src] ; {x}'


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    request_headers = {
        "request_set_headers": f"X-Set: {TEXT}\nX-Second: 2\n",
        "request_add_headers": "X-Client: hadyn",
        "request_del_headers": "X-Secret, x-debug",
        "forwarded_prefix": "/shop",
    }
    response_headers = {
        "response_set_headers": f"X-Set: {TEXT}",
        "response_add_headers": "X-More: 1\nX-More: 2",
        "response_del_headers": "Server",
    }
    safe = {"hsts": "true", "hsts_include_subdomains": "true", "hsts_preload": "true", "hsts_max_age": "600"}
    objects = (
        service("web"),
        ingress("silent", to="web", host="silent.example"),
        ingress("asked", to="web", host="asked.example", **request_headers),
        ingress("answered", to="web", host="answered.example", **response_headers),
        ingress("safe", to="web", host="safe.example", **safe),
        ingress("small", to="web", host="small.example", body_size="1k"),
        ingress("hidden", to="web", host="hidden.example", deny_paths="/metrics, /actuator/health.json"),
    )
    with AnnotatedSite(binary.path, *objects, speaks_tls=True) as site:
        yield site


def test_pods_see_the_headers_that_are_set_as_they_are_written(site: AnnotatedSite) -> None:
    seen = site.request(host="asked.example", headers={"X-Set": "mine", "X-Client": "me"}).seen
    assert (seen["x-set"], seen["x-second"], seen["x-forwarded-prefix"]) == (TEXT, "2", "/shop")


def test_pods_see_added_headers_besides_those_of_the_client(site: AnnotatedSite) -> None:
    assert site.request(host="asked.example").seen["x-client"] == "hadyn"
    site.request(host="asked.example", headers={"X-Client": "me"})
    assert site.received("web", "x-client") == ["me", "hadyn"]


def test_pods_do_not_see_headers_that_are_taken_away(site: AnnotatedSite) -> None:
    sent = {"X-Secret": "1", "X-Debug": "2", "X-Kept": "3"}
    assert {"x-secret", "x-debug", "x-kept"} & site.request(host="asked.example", headers=sent).seen.keys() == {
        "x-kept"
    }
    assert {"x-secret", "x-debug"} <= site.request(host="silent.example", headers=sent).seen.keys()


def test_clients_get_the_headers_that_are_set_and_added(site: AnnotatedSite) -> None:
    headers = site.request(host="answered.example").headers
    assert (headers["x-set"], headers["x-more"], "server" in headers) == (TEXT, "1, 2", False)
    assert "server" in site.request(host="silent.example").headers


def test_encrypted_answers_alone_ask_browsers_to_come_over_tls(site: AnnotatedSite) -> None:
    wanted = "max-age=600; includeSubDomains; preload"
    assert site.request(host="safe.example", encrypted=True).headers["strict-transport-security"] == wanted
    assert "strict-transport-security" not in site.request(host="safe.example").headers
    assert "strict-transport-security" not in site.request(host="silent.example", encrypted=True).headers


@pytest.mark.parametrize(
    ("host", "size", "status"), [("small", 1024, 200), ("small", 1025, 413), ("silent", 1025, 200)]
)
def test_a_body_over_the_limit_is_refused(site: AnnotatedSite, host: str, size: int, status: int) -> None:
    assert site.request(host=f"{host}.example", body=b"x" * size).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        "/metrics/x?y",
        "//metrics",
        "/./metrics",
        "/%6detrics",
        "/metrics;x",
        "/metrics%2fx",
        "/actuator//health.json",
    ],
)
def test_a_denied_path_is_refused_however_it_is_spelled(site: AnnotatedSite, path: str) -> None:
    assert site.request(path, host="hidden.example").status in (400, 403)
    assert site.request(path, host="hidden.example").seen == {}


@pytest.mark.parametrize("path", ["/metricsx", "/x/metrics", "/actuator/healthxjson"])
def test_other_paths_are_served(site: AnnotatedSite, path: str) -> None:
    assert site.request(path, host="hidden.example").status == 200
