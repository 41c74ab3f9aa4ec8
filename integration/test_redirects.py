"""Requests are sent to another place as the Ingress of their host says, and others are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

CHALLENGE = "/.well-known/acme-challenge/token"


def secured(document: Document, *hosts: str) -> Document:
    """Let an Ingress ask for a certificate of its hosts, whichever there is."""
    document["spec"]["tls"] = [{"hosts": list(hosts)}]
    return document


def said(host: str, **annotations: str) -> Document:
    return ingress(host.partition(".")[0], to="web", host=host, **annotations)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """One Service, and a host for each thing that can be said."""
    binary: HAProxyBinary = request.param
    silent = ingress("silent", to="web", host="silent.example")
    objects: tuple[Any, ...] = (
        service("web"),
        silent,
        secured(said("tls.example"), "tls.example"),
        secured(ingress("under", to="web", host="under.wild.example"), "*.wild.example"),
        secured(said("root.example", app_root="/shop?x=1"), "root.example"),
        secured(said("off.example", ssl_redirect="false"), "off.example"),
        secured(said("code.example", ssl_redirect_code="308", ssl_redirect_port="8443"), "code.example"),
        said("forced.example", force_ssl_redirect="true"),
        secured(said("to.example", redirect_to="https://sale.example/a?b=(c)#d"), "to.example"),
        said("path.example", redirect_to="/closed", redirect_code="307"),
        said("moved.example", redirect_host="https://new.example:8443", redirect_code="301"),
        said("renamed.example", redirect_host="name.example"),
    )
    with AnnotatedSite(binary.path, *objects, speaks_tls=True) as site:
        yield site


@pytest.mark.parametrize(
    ("url", "status", "location"),
    [
        ("tls.example/a?b=c", 302, "https://tls.example/a?b=c"),
        ("TLS.example.:8080/a", 302, "https://tls.example/a"),
        ("under.wild.example/", 302, "https://under.wild.example/"),
        ("root.example/", 302, "https://root.example/"),
        ("code.example/a", 308, "https://code.example:8443/a"),
        ("forced.example/a", 302, "https://forced.example/a"),
        ("to.example/any?thing", 302, "https://sale.example/a?b=(c)#d"),
        (f"to.example{CHALLENGE}", 302, "https://sale.example/a?b=(c)#d"),
        ("path.example/any?thing", 307, "/closed"),
        ("moved.example/a?b=c", 301, "https://new.example:8443/a?b=c"),
        ("renamed.example/a?b=c", 302, "http://name.example/a?b=c"),
    ],
)
def test_a_plain_request_is_sent_where_its_ingress_says(
    site: AnnotatedSite, url: str, status: int, location: str
) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host)
    assert (answer.status, answer.headers.get("location")) == (status, location)


@pytest.mark.parametrize(
    ("url", "status", "location"),
    [
        ("root.example/", 302, "/shop?x=1"),
        ("to.example/", 302, "https://sale.example/a?b=(c)#d"),
        ("renamed.example/a?b=c", 302, "https://name.example/a?b=c"),
    ],
)
def test_an_encrypted_request_is_sent_where_its_ingress_says(
    site: AnnotatedSite, url: str, status: int, location: str
) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host, encrypted=True)
    assert (answer.status, answer.headers.get("location")) == (status, location)


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("silent.example/", False),
        ("silent.example/", True),
        ("tls.example/", True),
        (f"tls.example{CHALLENGE}", False),
        ("off.example/", False),
        ("forced.example/", True),
        ("root.example/other", True),
    ],
)
def test_all_other_requests_reach_the_pods(site: AnnotatedSite, url: str, encrypted: bool) -> None:
    host, slash, path = url.partition("/")
    answer = site.request(slash + path, host=host, encrypted=encrypted)
    assert (answer.status, answer.seen["host"]) == (200, host)
