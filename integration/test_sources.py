"""Requests come in from the networks that the Ingress of their host allows, and from no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service

MANY = "\n".join(f"10.{number // 256}.{number % 256}.0/24" for number in range(10_000))


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    both = {"allow_source_range": "127.0.0.0/22, ::1", "deny_source_range": "127.0.1.0/24\n127.0.2.2"}
    objects = (
        service("web"),
        ingress("silent", to="web", host="silent.example"),
        ingress("one", to="web", host="one.example", allow_source_range="127.0.0.2"),
        ingress("both", to="web", host="both.example", **both),
        ingress("denied", to="web", host="denied.example", deny_source_range="127.0.0.0/23, 2000::/3"),
        ingress("many", to="web", host="many.example", allow_source_range=f"{MANY}\n127.0.0.3"),
        ingress("gone", to="web", host="gone.example", redirect_to="/x", deny_source_range="127.0.0.2"),
        ingress("any", to="web", host="*.any.example", allow_source_range="127.0.0.2"),
    )
    with AnnotatedSite(binary.path, *objects, ip="::") as site:
        yield site


@pytest.mark.parametrize(
    ("host", "source", "status"),
    [
        ("silent", "127.0.0.1", 200),
        ("silent", "::1", 200),
        ("one", "127.0.0.2", 200),
        ("one", "127.0.0.3", 403),
        ("one", "::1", 403),
        ("both", "127.0.0.1", 200),
        ("both", "127.0.1.1", 403),
        ("both", "127.0.2.2", 403),
        ("both", "127.0.2.3", 200),
        ("both", "127.0.3.9", 200),
        ("both", "127.0.4.1", 403),
        ("both", "::1", 200),
        ("denied", "127.0.1.9", 403),
        ("denied", "127.0.2.1", 200),
        ("denied", "::1", 200),
        ("many", "127.0.0.3", 200),
        ("many", "127.0.0.4", 403),
        ("gone", "127.0.0.2", 403),
        ("gone", "127.0.0.3", 302),
        ("x.any", "127.0.0.2", 200),
        ("x.any", "127.0.0.3", 403),
    ],
)
def test_a_request_comes_in_from_allowed_networks_alone(
    site: AnnotatedSite, host: str, source: str, status: int
) -> None:
    assert site.request(host=f"{host}.example", source=source).status == status
