"""Requests go where Ingress says: the rules of the frontend, asked of every real HAProxy."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, Endpoint, MapName, Route
from hadyn.model.route_entries import entries
from integration.haproxies import HAProxyBinary
from integration.stack import ANSWER_SECONDS, EchoPod, Stack

ROUTES = [
    # host, path, exact, backend
    ("a.example", "/", False, "root"),
    ("a.example", "/foo", False, "foo"),
    ("a.example", "/foo/bar", False, "foobar"),
    ("a.example", "/foo", True, "foo_exact"),
    ("a.example", "/slash/", False, "slash"),
    ("a.example", "/slash/", True, "slash_exact"),
    ("b.example", "/only", False, "only"),
    ("*.wild.example", "/", False, "wild"),
    ("*.wild.example", "/deep", False, "wild_deep"),
    ("known.wild.example", "/x", False, "known"),
    ("gone.example", "/", False, None),
    ("late.example", "/", False, "not_there_yet"),
    (ANY_HOST, "/any", False, "any"),
]
BACKENDS = {backend for *_, backend in ROUTES if backend} - {"not_there_yet"}


@dataclass(frozen=True, slots=True)
class Site:
    stack: Stack
    pod: EchoPod

    def status_of(self, request: str) -> int:
        """Send bytes of our own making and return the status of the answer."""
        return int(self.answer_to(request).split(" ")[1])

    def answer_to(self, request: str) -> str:
        address = self.stack.address
        with socket.create_connection((address.ip, address.port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(request.encode("latin-1"))
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode("latin-1")


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """One HAProxy for all questions, since no answer changes it."""
    binary: HAProxyBinary = request.param
    with EchoPod() as pod, Stack(binary.path) as stack:
        for name in sorted(BACKENDS):
            stack.put(name, Endpoint(pod.address))
        stack.put("default", Endpoint(pod.address))
        stack.put("no_endpoints")
        routes = [Route(host, path, exact, backend, "test/ingress") for host, path, exact, backend in ROUTES]
        stack.route(entries([*routes, Route("empty.example", "/", False, "no_endpoints", "test/ingress")]))
        stack.start()
        yield Site(stack, pod)


@pytest.mark.parametrize(
    ("host", "path", "backend"),
    [
        # the longest prefix, by whole elements
        ("a.example", "/", "root"),
        ("a.example", "/other", "root"),
        ("a.example", "/foo/", "foo"),
        ("a.example", "/foo/x", "foo"),
        ("a.example", "/foobar", "root"),
        ("a.example", "/foo/bar", "foobar"),
        ("a.example", "/foo/bar/", "foobar"),
        ("a.example", "/foo/barn", "foo"),
        # exact before prefix, and only exactly
        ("a.example", "/foo", "foo_exact"),
        ("a.example", "/foo?query=/foo/bar", "foo_exact"),
        ("a.example", "/slash/", "slash_exact"),
        ("a.example", "/slash", "slash"),
        ("a.example", "/slash/x", "slash"),
        # paths are compared as they are
        ("a.example", "/FOO", "root"),
        ("a.example", "//foo", "root"),
        ("a.example", "/f%6fo/x", "root"),
        ("a.example", "/foo/..bar", "foo"),
        ("a.example", "/foo/./bar", "foo"),
        # hosts in all their spellings
        ("A.Example", "/foo/x", "foo"),
        ("a.example:8080", "/foo/x", "foo"),
        ("a.example.", "/foo/x", "foo"),
        ("a.example.:8080", "/foo/x", "foo"),
        # a wildcard stands for one label
        ("one.wild.example", "/", "wild"),
        ("ONE.wild.example:80", "/deep/x", "wild_deep"),
        # a known host does not fall to its wildcard
        ("known.wild.example", "/x", "known"),
        # rules without a host are for hosts that nobody knows
        ("unknown.example", "/any", "any"),
        ("two.one.wild.example", "/any/x", "any"),
        ("wild.example", "/any", "any"),
        ("127.0.0.1:8080", "/any", "any"),
        ("[::1]:8080", "/any", "any"),
        ("_", "/any", "any"),
    ],
)
def test_a_request_reaches_the_backend_of_its_route(site: Site, host: str, path: str, backend: str) -> None:
    status, seen = site.stack.get(path, host=host)
    assert (status, seen["x-backend"], seen[":path"]) == (200, backend, path)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("b.example", "/"),
        ("b.example", "/onlyonce"),
        ("known.wild.example", "/y"),
        ("two.one.wild.example", "/"),
        ("unknown.example", "/"),
        ("unknown.example", "/anything"),
        ("b.example", "/any"),
        ("*", "/"),
        ("a.example,b.example", "/only"),
    ],
)
def test_a_request_without_a_route_is_a_404_where_nothing_is_the_default(site: Site, host: str, path: str) -> None:
    answer = site.answer_to(f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n")
    assert answer.split(" ")[1] in {"404", "400"}
    assert "x-backend" not in answer


def test_the_404_is_hadyns_page(site: Site) -> None:
    answer = site.answer_to("GET / HTTP/1.0\r\nHost: b.example\r\n\r\n")
    assert answer.endswith("404 Not Found: no route for this host and path\n")


@pytest.mark.parametrize("host", ["gone.example", "late.example", "empty.example"])
def test_a_route_that_leads_nowhere_is_a_503_at_once(site: Site, host: str) -> None:
    answer = site.answer_to(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n")
    assert answer.split(" ")[1] == "503"
    assert answer.endswith("503 Service Unavailable: no endpoint can answer now\n")


@pytest.mark.parametrize(
    "path",
    [
        "/foo/../other",
        "/foo/..",
        "/..",
        "/foo/%2e%2e/other",
        "/foo/%2E./other",
        "/foo/.%2e",
        "/foo/..%2fother",
        "/foo%2f..%2fother",
        "/foo/..;/other",
        "/foo/..\\other",
        "/foo/..%5cother",
        "/foo%00",
        "/foo/%zz/other",
        "/foo/%zz/../other",
        "/foo%",
    ],
)
def test_a_path_that_a_pod_could_read_as_another_one_is_refused(site: Site, path: str) -> None:
    assert site.status_of(f"GET {path} HTTP/1.0\r\nHost: a.example\r\n\r\n") == 400


@pytest.mark.parametrize(
    "request_head",
    [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: .\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
        "CONNECT a.example:80 HTTP/1.1\r\nHost: a.example:80\r\nConnection: close\r\n\r\n",
        "GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\nConnection: close\r\n\r\n",
    ],
)
def test_a_request_that_has_no_host_or_no_path_is_refused(site: Site, request_head: str) -> None:
    assert site.status_of(request_head) == 400


@pytest.mark.parametrize(
    "lengths",
    [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: xchunked",
        "Content-Length: +5",
        "Content-Length:\r\nContent-Length: 5",
    ],
)
def test_a_request_of_doubtful_length_reaches_no_pod(site: Site, lengths: str) -> None:
    head = f"POST /foo HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{lengths}\r\n\r\nhello"
    assert "x-backend" not in site.answer_to(head)


def test_what_a_client_says_of_itself_is_replaced_by_what_haproxy_knows(site: Site) -> None:
    lies = {
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "admin.example",
        "X-Forwarded-Port": "443",
        "X-Real-IP": "10.1.2.3",
        "Forwarded": "for=10.1.2.3",
        "X__Forwarded__For": "10.1.2.3",
        "X-Other": "kept",
    }
    _, seen = site.stack.get("/foo", host="a.example", **lies)
    assert {name: seen.get(name) for name in map(str.lower, lies)} | {
        "x_forwarded_for": seen.get("x_forwarded_for")
    } == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-host": "a.example",
        "x-forwarded-port": str(site.stack.address.port),
        "x-real-ip": "127.0.0.1",
        "forwarded": None,
        "x__forwarded__for": None,
        "x_forwarded_for": None,
        "x-other": "kept",
    }


def test_a_default_backend_takes_what_nothing_else_does(haproxy: HAProxyBinary) -> None:
    with EchoPod() as pod, Stack(haproxy.path) as stack:
        stack.put("default", Endpoint(pod.address))
        stack.route({(MapName.EXACT, DEFAULT_KEY): "default", (MapName.HOSTS, "a.example"): "a.example"})
        stack.start()
        for host, path in [("a.example", "/"), ("unknown.example", "/x/y")]:
            assert stack.get(path, host=host)[1]["x-backend"] == "default"
        assert stack.get("/x/../y")[0] == 400
