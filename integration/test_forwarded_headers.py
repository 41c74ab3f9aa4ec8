"""A balancer that ends TLS in front is believed what it says of its clients; nobody else is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from integration.annotated import OPERATORS, AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service

BALANCER, STRANGER = "127.0.1.7", "127.0.0.1"
FOR, PROTO, HOST, PORT = (f"x-forwarded-{word}" for word in ("for", "proto", "host", "port"))


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    namespace, _, name = OPERATORS.partition("/")
    options = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": {"real-ip-header": FOR, "real-ip-networks": "127.0.1.0/24", "forwarded-headers": "append"},
    }
    objects = (
        options,
        service("web"),
        ingress("open", to="web", host="open.example", hsts="true", hsts_max_age="60"),
        ingress("sealed", to="web", host="sealed.example", force_ssl_redirect="true"),
        ingress("moved", to="web", host="moved.example", redirect_host="new.example"),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (
            {FOR: "192.0.2.9, 203.0.113.5", PROTO: "https", HOST: "shop.example", PORT: "443"},
            {FOR: f"192.0.2.9, 203.0.113.5, {BALANCER}", PROTO: "https", HOST: "shop.example", PORT: "443"},
        ),
        ({FOR: "203.0.113.5"}, {FOR: f"203.0.113.5, {BALANCER}", PROTO: "http", HOST: "open.example"}),
        ({PROTO: "gopher", PORT: "0"}, {FOR: BALANCER, PROTO: "http", HOST: "open.example"}),
    ],
)
def test_what_the_balancer_says_of_a_request_is_kept(
    site: AnnotatedSite, sent: Mapping[str, str], seen: Mapping[str, str]
) -> None:
    answer = site.request(host="open.example", source=BALANCER, headers=sent)
    assert {name: answer.seen[name] for name in seen} == seen
    assert 0 < int(answer.seen[PORT]) < 65536


def test_what_anybody_else_says_of_a_request_is_said_afresh(site: AnnotatedSite) -> None:
    sent = {FOR: "192.0.2.9", PROTO: "https", HOST: "bank.example", PORT: "443"}
    answer = site.request(host="open.example", source=STRANGER, headers=sent)
    assert {name: answer.seen[name] for name in (FOR, PROTO, HOST)} == {
        FOR: STRANGER,
        PROTO: "http",
        HOST: "open.example",
    }
    assert answer.seen[PORT] != "443"


@pytest.mark.parametrize(
    ("source", "sent", "status"),
    [
        (BALANCER, {PROTO: "https"}, 200),
        (BALANCER, {PROTO: "http"}, 302),
        (BALANCER, {}, 302),
        (STRANGER, {PROTO: "https"}, 302),
    ],
)
def test_only_requests_that_came_unencrypted_are_sent_to_https(
    site: AnnotatedSite, source: str, sent: Mapping[str, str], status: int
) -> None:
    assert site.request(host="sealed.example", source=source, headers=sent).status == status


@pytest.mark.parametrize(("said", "scheme"), [("https", "https"), ("http", "http")])
def test_a_redirect_keeps_the_scheme_that_the_balancer_saw(site: AnnotatedSite, said: str, scheme: str) -> None:
    answer = site.request(host="moved.example", source=BALANCER, headers={PROTO: said})
    assert answer.headers["location"] == f"{scheme}://new.example/"


@pytest.mark.parametrize(
    ("source", "said", "promised"),
    [(BALANCER, "https", "max-age=60"), (BALANCER, "http", None), (STRANGER, "https", None)],
)
def test_browsers_behind_the_balancer_are_told_to_come_over_tls(
    site: AnnotatedSite, source: str, said: str, promised: str | None
) -> None:
    answer = site.request(host="open.example", source=source, headers={PROTO: said})
    assert answer.headers.get("strict-transport-security") == promised
