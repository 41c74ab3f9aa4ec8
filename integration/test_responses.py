"""Answers that name the pods' own world are put right on their way to clients; requests of some are not logged."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, operators, service
from integration.odd_pods import OddPod
from integration.stack import ANSWER_SECONDS

HEADERS = (
    "Set-Cookie: a=1; Path=/app/x; Domain=pods.internal; Secure\r\n"
    "Set-Cookie: b=2; domain=podsXinternal; path=/other\r\n"
    "Location: http://pods.internal:8080/login?next=/\r\n"
)


@pytest.fixture(scope="module")
def syslog() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(ANSWER_SECONDS)
        yield listener


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, syslog: socket.socket) -> Iterator[AnnotatedSite]:
    """One pod, and an Ingress for each annotation, and one without."""
    binary: HAProxyBinary = request.param
    objects = (
        service("web"),
        operators(log_target=f"127.0.0.1:{syslog.getsockname()[1]}", log_format="%{+Q}r"),
        ingress("domain", to="web", host="domain.example", response_cookie_domain="pods.internal shop.example"),
        ingress("path", to="web", host="path.example", response_cookie_path="/app/ /"),
        ingress(
            *("place", "/"),
            to="web",
            host="place.example",
            response_location_from="http://pods.internal:8080/",
            response_location_to="https://shop.example/",
        ),
        ingress("quiet", to="web", host="quiet.example", access_log="false"),
        ingress("plain", to="web", host="plain.example"),
    )
    with OddPod("a") as pod:
        pod.headers = HEADERS
        with AnnotatedSite(binary.path, *objects, services=(), served_by={"web": [pod.address]}) as made:
            yield made


COOKIES = {
    "plain.example": ["a=1; Path=/app/x; Domain=pods.internal; Secure", "b=2; domain=podsXinternal; path=/other"],
    "domain.example": ["a=1; Path=/app/x; Domain=shop.example; Secure", "b=2; domain=podsXinternal; path=/other"],
    "path.example": ["a=1; Path=/x; Domain=pods.internal; Secure", "b=2; domain=podsXinternal; path=/other"],
}


@pytest.mark.parametrize("host", COOKIES)
def test_cookies_of_pods_are_set_for_the_site_that_clients_know(site: AnnotatedSite, host: str) -> None:
    assert site.request("/", host=host).headers["set-cookie"] == ", ".join(COOKIES[host])


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("plain.example", "http://pods.internal:8080/login?next=/"),
        ("place.example", "https://shop.example/login?next=/"),
    ],
)
def test_redirects_of_pods_lead_to_the_site_that_clients_know(site: AnnotatedSite, host: str, location: str) -> None:
    assert site.request("/", host=host).headers["location"] == location


def test_requests_are_logged_unless_their_ingress_says_otherwise(site: AnnotatedSite, syslog: socket.socket) -> None:
    site.request("/quiet", host="quiet.example")
    site.request("/told", host="plain.example")
    lines = iter(lambda: syslog.recv(65536).decode(), "")
    until = next(line for line in lines if "/quiet" in line or "/told" in line)
    assert "/told" in until
