"""Another Service answers while that of a route has no pod that serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hadyn.runtime.connection import unix_conversation
from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service
from integration.stack import ANSWER_SECONDS


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """The Service "empty" has no pod."""
    binary: HAProxyBinary = request.param
    objects = (
        service("web"),
        service("empty"),
        service("sorry"),
        ingress("served", to="web", host="served.example", default_backend="sorry"),
        ingress("empty", to="empty", host="empty.example", default_backend="sorry"),
        ingress("silent", to="empty", host="silent.example"),
        ingress("both", to="empty", host="both.example", default_backend="empty"),
    )
    with AnnotatedSite(binary.path, *objects, services=("web", "sorry")) as site:
        yield site


@pytest.mark.parametrize(
    ("host", "status", "asked"),
    [("served", 200, "web"), ("empty", 200, "sorry"), ("silent", 503, ""), ("both", 503, "")],
)
def test_a_stand_in_is_asked_where_nobody_serves(site: AnnotatedSite, host: str, status: int, asked: str) -> None:
    before = {name: pod.seen for name, pod in site.pods.items()}
    assert site.request(host=f"{host}.example").status == status
    assert [name for name, pod in site.pods.items() if pod.seen > before[name]] == [asked] * bool(asked)


def say(site: AnnotatedSite, line: str) -> None:
    unix_conversation(site.stack.settings.runtime_socket, ANSWER_SECONDS)(f"{line}\n".encode())


def test_a_stand_in_steps_back_when_a_pod_serves_again(site: AnnotatedSite) -> None:
    say(site, "set server shop_web_80/s1 state maint")
    away = site.pods["sorry"].seen
    assert site.request(host="served.example").status == 200
    say(site, "set server shop_web_80/s1 state ready")
    back = site.pods["sorry"].seen
    assert site.request(host="served.example").status == 200
    assert (back, site.pods["sorry"].seen) == (away + 1, back)
