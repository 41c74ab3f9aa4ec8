"""What an Ingress says of its own requests holds for them alone, though another leads to the same backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """Three Ingresses lead to one Service: one with a Host and an app-root of its own, one with another, a silent one."""
    binary: HAProxyBinary = request.param
    objects = (
        service("web"),
        ingress("one", to="web", host="one.example", set_host="pods.one", app_root="/shop?from=root"),
        ingress("two", to="web", host="two.example", set_host="pods.two"),
        ingress("silent", to="web", host="silent.example"),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


@pytest.mark.parametrize(
    ("host", "seen"), [("one.example", "pods.one"), ("two.example", "pods.two"), ("silent.example", "silent.example")]
)
def test_each_ingress_has_its_own_say_on_requests_to_a_shared_backend(
    site: AnnotatedSite, host: str, seen: str
) -> None:
    answer = site.request("/x", host=host)
    assert (answer.status, answer.seen["host"]) == (200, seen)


def test_requests_for_the_root_are_sent_to_the_app_root_of_their_ingress(site: AnnotatedSite) -> None:
    answer = site.request("/", host="one.example")
    assert (answer.status, answer.headers["location"]) == (302, "/shop?from=root")


@pytest.mark.parametrize(("host", "path"), [("one.example", "/other"), ("two.example", "/"), ("silent.example", "/")])
def test_all_other_requests_reach_the_pods(site: AnnotatedSite, host: str, path: str) -> None:
    assert site.request(path, host=host).status == 200
