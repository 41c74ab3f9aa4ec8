"""A client that asks too often is refused, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service
from integration.stack import ANSWER_SECONDS

OFTEN = 6


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """Limits are over an hour, so that no slow machine forgets."""
    binary: HAProxyBinary = request.param
    limit = {"rate_limit_requests": "3", "rate_limit_period": "1h"}
    spared = {"rate_limit_allow_source_range": ", ".join(f"127.0.1.{number}" for number in range(100))}
    objects = (
        service("web"),
        service("slow"),
        ingress("silent", to="web", host="silent.example"),
        ingress("limited", to="web", host="limited.example", **limit),
        ingress("other", to="web", host="other.example", **limit, rate_limit_status_code="503"),
        ingress("keyed", to="web", host="keyed.example", **limit, rate_limit_key="header:X-Key"),
        ingress("spared", to="web", host="spared.example", **limit, **spared),
        ingress("busy", to="slow", host="busy.example", limit_connections="1"),
    )
    with AnnotatedSite(binary.path, *objects, services=("web", "slow")) as site:
        yield site


def statuses(site: AnnotatedSite, host: str, source: str, **headers: str) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [site.request(host=f"{host}.example", source=source, headers=sent).status for _ in range(OFTEN)]


def test_each_client_of_each_ingress_is_counted_by_itself(site: AnnotatedSite) -> None:
    assert statuses(site, "limited", "127.0.0.2") == [200] * 3 + [429] * 3
    assert statuses(site, "limited", "127.0.0.3") == [200] * 3 + [429] * 3
    assert statuses(site, "other", "127.0.0.2") == [200] * 3 + [503] * 3
    assert statuses(site, "silent", "127.0.0.2") == [200] * OFTEN


def test_a_header_tells_one_client_from_another_and_else_the_address(site: AnnotatedSite) -> None:
    assert statuses(site, "keyed", "127.0.0.2", X_Key="a") == [200] * 3 + [429] * 3
    assert statuses(site, "keyed", "127.0.0.2", X_Key="b") == [200] * 3 + [429] * 3
    assert statuses(site, "keyed", "127.0.0.2") == [200] * 3 + [429] * 3


def test_spared_networks_are_not_counted(site: AnnotatedSite) -> None:
    assert statuses(site, "spared", "127.0.1.99") == [200] * OFTEN
    assert statuses(site, "spared", "127.0.1.100") == [200] * 3 + [429] * 3


def test_one_more_request_at_once_is_refused_and_later_it_is_not(site: AnnotatedSite) -> None:
    pod = site.pods["slow"]
    with ThreadPoolExecutor(1) as client:
        waiting = client.submit(site.request, "/slow", host="busy.example")
        assert pod.has_slow_request.wait(ANSWER_SECONDS)
        assert site.request(host="busy.example").status == 429
        assert site.request(host="busy.example", source="127.0.0.9").status == 200
        pod.go_on.set()
        assert waiting.result().status == 200
    assert site.request(host="busy.example").status == 200
