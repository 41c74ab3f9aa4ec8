"""Answers are compressed for clients that take it, where an annotation says so, and what needs no compression is not."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service
from integration.odd_pods import OddPod
from integration.stack import ANSWER_SECONDS

TEXT = "to be or not to be " * 200
BODY = TEXT.encode()


@pytest.fixture(scope="module")
def pod() -> Iterator[OddPod]:
    with OddPod(TEXT) as pod:
        yield pod


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, pod: OddPod) -> Iterator[AnnotatedSite]:
    """Two Services with the same pod, of which one has its answers compressed."""
    binary: HAProxyBinary = request.param
    objects = (
        *(service("wordy", compression="true"), ingress("wordy", host="wordy.example")),
        *(service("plain"), ingress("plain", host="plain.example")),
    )
    served_by = {name: [pod.address] for name in ("wordy", "plain")}
    with AnnotatedSite(binary.path, *objects, services=(), served_by=served_by) as made:
        yield made


def answer(site: AnnotatedSite, host: str, accepted: str) -> tuple[str | None, bytes]:
    """Return how the body is encoded, and the body as it came."""
    connection = http.client.HTTPConnection(site.stack.address.ip, site.stack.address.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/", headers={"Host": host, "Accept-Encoding": accepted})
        response = connection.getresponse()
        return response.getheader("Content-Encoding"), response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "image/svg+xml"])
def test_text_is_compressed_for_who_takes_it(site: AnnotatedSite, pod: OddPod, kind: str) -> None:
    pod.headers = f"Content-Type: {kind}\r\n"
    encoding, body = answer(site, "wordy.example", "br, gzip")
    assert encoding == "gzip"
    assert gzip.decompress(body) == BODY
    assert len(body) < len(BODY) / 10


@pytest.mark.parametrize(
    ("host", "accepted", "headers"),
    [
        ("plain.example", "gzip", "Content-Type: text/html\r\n"),
        ("wordy.example", "identity", "Content-Type: text/html\r\n"),
        ("wordy.example", "gzip", "Content-Type: image/png\r\n"),
        ("wordy.example", "gzip", "Content-Type: text/html\r\nCache-Control: no-transform\r\n"),
    ],
    ids=["without the annotation", "for a client that takes none", "pictures", "against the pod's word"],
)
def test_nothing_else_is_compressed(site: AnnotatedSite, pod: OddPod, host: str, accepted: str, headers: str) -> None:
    pod.headers = headers
    assert answer(site, host, accepted) == (None, BODY)


def test_what_a_pod_compressed_by_itself_is_left_as_it_is(site: AnnotatedSite, pod: OddPod) -> None:
    pod.headers = "Content-Type: text/html\r\nContent-Encoding: br\r\n"
    assert answer(site, "wordy.example", "br, gzip") == ("br", BODY)
