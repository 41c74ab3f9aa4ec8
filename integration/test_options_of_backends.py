"""What annotations say of a backend is what requests to it meet: who answers, how long, how often, in which words."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from hadyn.model.addresses import Address
from hadyn.runtime.connection import unix_conversation
from integration.annotated import AnnotatedSite, Answer
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service
from integration.odd_pods import HTTP2_PREFACE, PROXY_SIGNATURE, OddPod

USERS = [f"user-{number}" for number in range(12)]
PATIENCE_SECONDS = 5.0

OPTIONS: dict[str, dict[str, str]] = {
    "plain": {},
    "by-header": {"load_balance": "hdr(x-user)"},
    "by-parameter": {"load_balance": "url_param user"},
    "by-path": {"load_balance": "uri"},
    "by-whole-uri": {"load_balance": "uri whole"},
    "by-source": {"load_balance": "source"},
    "bounded": {"load_balance": "source", "hash_balance_factor": "101"},
    "first": {"load_balance": "first"},
    "random": {"load_balance": "random(3)"},
    "least": {"load_balance": "leastconn"},
    "limited": {"maxconn_server": "1", "timeout_queue": "200ms"},
    "limited-sessions": {
        "maxconn_server": "1",
        "maxqueue_server": "1",
        "affinity": "hdr(x-user)",
        "redispatch": "false",
    },
    "abandoned": {"maxconn_server": "1", "timeout_queue": "10s", "abort_on_close": "true"},
    "short": {"timeout_server": "200ms"},
    "unreachable": {"timeout_connect": "100ms", "retries": "0"},
    "tunnel": {"timeout_tunnel": "200ms"},
    "closing": {"timeout_server_fin": "200ms"},
    "once": {"retries": "1"},
    "again": {"retry_on": "503"},
    "never": {"retry_on": "none"},
    "http2": {"backend_protocol": "h2"},
    "grpc": {"backend_protocol": "grpc"},
    "proxy": {"send_proxy_protocol": "v1"},
    "proxy-binary": {"send_proxy_protocol": "v2"},
}
"""Services by name, each the only one of its own host, with what is said of it."""


@dataclass
class Place:
    """The site with the pods of its Services; all but "unreachable" are led to the same three."""

    site: AnnotatedSite
    pods: list[OddPod]

    @property
    def pod(self) -> OddPod:
        """The only one of those Services that have one."""
        return self.pods[0]

    def ask(self, name: str, path: str = "/", **headers: str) -> Answer:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.site.request(path, host=f"{name}.example", headers=said)

    def answering(self, name: str, path: str = "/", **headers: str) -> str:
        return self.ask(name, path, **headers).text

    @contextmanager
    def held_request(self, name: str, **headers: str) -> Iterator[Callable[[], Answer]]:
        """A request that its pod does not answer within the block; what is given waits for its answer."""
        answers: list[Answer] = []
        for pod in self.pods:
            pod.hold()
        asking = threading.Thread(target=lambda: answers.append(self.ask(name, **headers)))
        asking.start()
        holders = self._wait_for_request()
        for pod in set(self.pods) - holders:
            pod.release()
        try:
            yield lambda: answers[0]
        finally:
            for pod in self.pods:
                pod.release()
            asking.join()

    def await_waiting(self, requests: int, name: str) -> None:
        """Return once so many requests wait for a pod."""
        conversation = unix_conversation(self.site.stack.settings.runtime_socket, PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            _, *rows = conversation(f"show stat shop_{name}_80 2 -1\n".encode()).decode().strip().splitlines()
            if rows[0].split(",")[2] == str(requests):
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _wait_for_request(self) -> set[OddPod]:
        while True:
            for pod in self.pods:
                if pod.has_request.wait(0.01):
                    return {pod}


ALONE = {
    "limited",
    "abandoned",
    "short",
    "tunnel",
    "closing",
    "once",
    "again",
    "never",
    "http2",
    "grpc",
    "proxy",
    "proxy-binary",
}


def documents() -> Iterator[Document]:
    for name, said in OPTIONS.items():
        yield service(name, **said)
        yield ingress(name, host=f"{name}.example")


@contextmanager
def crowded_port() -> Iterator[Address]:
    """A port whose queue of connections is full, so that another one is not answered."""
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        yield Address("127.0.0.1", address[1])


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Place]:
    binary: HAProxyBinary = request.param
    with ExitStack() as opened:
        pods = [opened.enter_context(OddPod(name)) for name in ("a", "b", "c")]
        addresses = [pod.address for pod in pods]
        served_by = {name: addresses[:1] if name in ALONE else addresses for name in OPTIONS}
        served_by["unreachable"] = [opened.enter_context(crowded_port())]
        site = AnnotatedSite(binary.path, *documents(), services=(), served_by=served_by)
        yield Place(opened.enter_context(site), pods)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("by-header", lambda user: ("/", {"X_User": user})),
        ("by-parameter", lambda user: (f"/?user={user}", {})),
        ("by-path", lambda user: (f"/{user}", {})),
        ("by-whole-uri", lambda user: (f"/?{user}", {})),
    ],
)
def test_a_hash_sends_what_is_alike_to_one_pod_and_the_rest_elsewhere(
    site: Place, name: str, asked: Callable[[str], tuple[str, dict[str, str]]]
) -> None:
    def answers() -> dict[str, str]:
        return {user: site.answering(name, path, **headers) for user in USERS for path, headers in [asked(user)]}

    first = answers()
    assert [answers(), answers()] == [first, first]
    assert len(set(first.values())) >= 2


def test_a_query_is_no_part_of_what_uri_hashes(site: Place) -> None:
    assert len({site.answering("by-path", f"/x?{user}") for user in USERS}) == 1


def test_source_and_first_send_one_client_to_one_pod(site: Place) -> None:
    assert len({site.answering("by-source") for _ in range(6)}) == 1
    assert len({site.answering("first") for _ in range(6)}) == 1


def test_without_annotation_pods_take_turns_and_random_meets_all_of_them(site: Place) -> None:
    assert {site.answering("plain") for _ in range(3)} == {"a", "b", "c"}
    assert {site.answering("random") for _ in range(60)} == {"a", "b", "c"}


def test_a_bound_sends_what_is_beyond_the_average_to_other_pods(site: Place) -> None:
    with site.held_request("bounded") as answer:
        others = {site.answering("bounded") for _ in range(4)}
    assert answer().text not in others


def test_least_connections_passes_by_the_pod_that_is_busy(site: Place) -> None:
    with site.held_request("least") as answer:
        others = {site.answering("least") for _ in range(6)}
    assert answer().text not in others
    assert len(others) == 2


def test_a_pod_gets_no_more_requests_at_once_than_it_may_have(site: Place) -> None:
    with site.held_request("limited") as answer:
        beyond = site.ask("limited")
    assert (answer().status, beyond.status) == (200, 503)
    assert site.ask("limited").status == 200


def test_a_request_that_waits_for_a_pod_ends_with_its_client(site: Place) -> None:
    if site.site.stack.process.binary.capabilities.version < (2, 8):
        pytest.skip("HAProxy 2.6 was seen to let it wait on, as the option's sentence says")
    with site.held_request("abandoned"):
        address = site.site.stack.address
        with socket.create_connection((address.ip, address.port)) as client:
            client.sendall(b"GET /abandoned HTTP/1.1\r\nHost: abandoned.example\r\n\r\n")
            site.await_waiting(1, "abandoned")
        site.await_waiting(0, "abandoned")
    site.ask("abandoned")
    assert not [head for head in site.pod.heard if head.startswith("GET /abandoned")]


def test_a_pod_that_is_silent_too_long_has_failed(site: Place) -> None:
    site.pod.hold()
    answered = site.ask("short")
    site.pod.release()
    assert answered.status == 504


def test_a_pod_that_takes_no_connection_in_time_is_given_up(site: Place) -> None:
    assert site.ask("unreachable").status == 503


def opened_tunnel(site: Place, name: str) -> socket.socket:
    address = site.site.stack.address
    tunnel = socket.create_connection((address.ip, address.port), PATIENCE_SECONDS)
    tunnel.sendall(
        f"GET /switch HTTP/1.1\r\nHost: {name}.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode()
    )
    assert tunnel.recv(65536).startswith(b"HTTP/1.1 101")
    return tunnel


def test_a_tunnel_on_which_nobody_speaks_is_closed(site: Place) -> None:
    with opened_tunnel(site, "tunnel") as tunnel:
        assert tunnel.recv(1) == b""


def test_a_tunnel_that_the_client_has_closed_on_its_side_ends(site: Place) -> None:
    with opened_tunnel(site, "closing") as tunnel:
        tunnel.shutdown(socket.SHUT_WR)
        assert tunnel.recv(1) == b""


@pytest.mark.parametrize(
    ("name", "mishaps", "status"),
    [
        ("once", ["close"], 200),
        ("once", ["close", "close"], 502),
        ("plain", ["close"], 200),
        ("never", ["close"], 502),
        ("again", ["503", "503"], 200),
        ("plain", ["503"], 503),
    ],
)
def test_a_request_is_tried_again_as_often_and_when_it_is_said(
    site: Place, name: str, mishaps: list[str], status: int
) -> None:
    for pod in site.pods:
        pod.mishaps.extend(mishaps)
    answered = site.ask(name).status
    for pod in site.pods:
        pod.mishaps.clear()
    assert answered == status


@pytest.mark.parametrize("name", ["http2", "grpc"])
def test_a_pod_hears_http_two_where_that_is_said(site: Place, name: str) -> None:
    site.pod.heard.clear()
    assert site.ask(name).status == 200
    assert site.pod.heard == [HTTP2_PREFACE.decode()]


def test_a_pod_hears_who_the_client_is_before_the_request(site: Place) -> None:
    site.pod.heard.clear()
    site.ask("proxy")
    site.ask("proxy-binary")
    plain, binary = site.pod.heard
    assert plain.startswith("PROXY TCP4 127.0.0.1 127.0.0.1 ")
    assert binary.encode("latin-1").startswith(PROXY_SIGNATURE + b"\x21\x11")
