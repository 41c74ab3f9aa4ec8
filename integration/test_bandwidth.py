"""Answers are sent as fast as their Service says, by the first HAProxy at hand that can."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import find_haproxies
from integration.manifests import ingress, service
from integration.stack import ANSWER_SECONDS

LIMIT = 2_000
LONG = "x" * 2_400
"""A header that the pod sends back, so that its answer is longer than the limit."""


@pytest.fixture(scope="module")
def shaped() -> Iterator[AnnotatedSite]:
    binary = next(each for each in find_haproxies() if each.version > (2, 7))
    objects = (
        service("slow", limit_rate=str(LIMIT)),
        service("spared", limit_rate=str(LIMIT), limit_rate_after="4k"),
        service("caught", limit_rate=str(LIMIT), limit_rate_after="1k"),
        *(ingress(name, host=f"{name}.example") for name in ("slow", "spared", "caught")),
    )
    with AnnotatedSite(binary.path, *objects, services=("slow", "spared", "caught")) as site:
        yield site


def pieces(site: AnnotatedSite, name: str) -> list[int]:
    """Ask for a long answer; return how long its pieces are, as they come."""
    address = site.stack.address
    connection = http.client.HTTPConnection(address.ip, address.port, timeout=4 * ANSWER_SECONDS)
    connection.request("GET", "/", headers={"Host": f"{name}.example", "X-Long": LONG})
    response = connection.getresponse()
    found = list(iter(lambda: len(response.read1(65_536)), 0))
    connection.close()
    assert sum(found) > len(LONG)
    return found


@pytest.mark.parametrize("name", ["slow", "caught"])
def test_no_more_than_the_limit_is_sent_at_once(shaped: AnnotatedSite, name: str) -> None:
    assert max(pieces(shaped, name)) <= LIMIT


def test_an_answer_that_is_short_enough_is_sent_as_it_comes(shaped: AnnotatedSite) -> None:
    assert pieces(shaped, "spared")[0] > LIMIT
