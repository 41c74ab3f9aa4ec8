"""Lines of docs/haproxy-facts.md about which slot gets a request, shown on every HAProxy at hand."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from integration.haproxies import HAProxyBinary, RunningHAProxy, free_port
from integration.odd_pods import OddPod

FRONT = "frontend front\n  bind 127.0.0.1:{port}\n  default_backend web\nbackend web\n"
FREE = "  server-template s 3-4 127.0.0.1:1 disabled weight 1\n"
COOKIE = re.compile(r"^set-cookie: (SRV=[^;\r]*)", re.MULTILINE | re.IGNORECASE)


@pytest.fixture
def pods() -> Iterator[list[OddPod]]:
    with ExitStack() as opened:
        yield [opened.enter_context(OddPod(name)) for name in ("a", "b", "c")]


def seated(pods: list[OddPod], *lines: str) -> str:
    """A backend with the first two pods in its first two slots, and two that are free."""
    occupied = "".join(f"  server s{number} {pod.address} weight 1\n" for number, pod in enumerate(pods[:2], 1))
    return FRONT + "".join(f"  {line}\n" for line in lines) + occupied + FREE


def answer(port: int, *, client: str = "127.0.0.1", cookie: str = "") -> str:
    with socket.create_connection(("127.0.0.1", port), 5, (client, 0)) as connection:
        header = f"Cookie: {cookie}\r\n" if cookie else ""
        connection.sendall(f"GET / HTTP/1.1\r\nHost: a.example\r\n{header}Connection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def cookies(port: int, requests: int = 12) -> dict[str, str]:
    """The cookie that a client without one gets, by the pod that answers."""
    answers = [answer(port) for _ in range(requests)]
    return {said[-1]: COOKIE.findall(said)[0] for said in answers}


def move(running: RunningHAProxy, pod: OddPod, slot: str) -> None:
    running.say(f"set server web/{slot} state maint;set server web/{slot} addr 127.0.0.1 port {pod.address.port}")
    time.sleep(0.05)
    running.say(f"set server web/{slot} state ready")


@pytest.mark.fact("dynamic-cookies-follow-the-address")
def test_a_dynamic_cookie_leads_to_the_pod_wherever_it_sits(start, haproxy, pods: list[OddPod]) -> None:
    port = free_port()
    lines = ("cookie SRV insert indirect nocache dynamic", "dynamic-cookie-key web")
    running = start(seated(pods, *lines).replace("{port}", str(port)))

    before = cookies(port)
    move(running, pods[2], "s1")
    move(running, pods[0], "s3")
    added = f"add server web/s5 {pods[2].address} weight 1"
    running.say(f"set server web/s1 state maint;{added};set server web/s5 state ready")
    after = cookies(port)

    assert {pod: answer(port, cookie=cookie)[-1] for pod, cookie in before.items()} == {"a": "a", "b": "b"}
    assert {pod: after[pod] for pod in before} == before
    assert (after["c"] == "SRV=") == (not haproxy.is_at_least(2, 8))


def test_two_haproxies_give_a_pod_the_same_dynamic_cookie(start, pods: list[OddPod]) -> None:
    one, other = free_port(), free_port()
    lines = ("cookie SRV insert indirect nocache dynamic", "dynamic-cookie-key web")
    start(seated(pods, *lines).replace("{port}", str(one)))
    start(seated([pods[1], pods[0]], *lines).replace("{port}", str(other)))
    assert cookies(one) == cookies(other)


@pytest.mark.fact("stick-tables-by-address")
def test_a_table_keyed_by_address_leads_to_the_pod_wherever_it_sits(start, pods: list[OddPod]) -> None:
    port = free_port()
    lines = ("balance roundrobin", "stick-table type ipv6 size 100k expire 30m srvkey addr", "stick on src")
    running = start(seated(pods, *lines).replace("{port}", str(port)))
    clients = [f"127.0.0.{number}" for number in range(2, 10)]

    def meet() -> dict[str, str]:
        return {client: answer(port, client=client)[-1] for client in clients}

    before = meet()
    move(running, pods[2], "s1")
    move(running, pods[0], "s3")
    after = meet()

    assert set(before.values()) == {"a", "b"}
    assert after == before
    assert meet() == before


@pytest.mark.fact("consistent-hashes")
@pytest.mark.parametrize("algorithm", ["source", "uri whole", "hdr(x-user)", "url_param user"])
def test_a_consistent_hash_takes_weights_and_slots(start, pods: list[OddPod], algorithm: str) -> None:
    lines = (f"balance {algorithm}", "hash-type consistent", "hash-balance-factor 150")
    running = start(seated(pods, *lines).replace("{port}", str(free_port())))

    weighed = running.say("set server web/s1 weight 7;set server web/s1 weight 0")
    added = running.say(f"add server web/s5 {pods[2].address} weight 1")

    assert weighed.strip() == ""
    assert added.strip().splitlines()[-1] == "New server registered."


@pytest.mark.fact("checks-of-added-slots")
def test_a_slot_that_is_added_is_checked_once_its_checks_are_enabled(start, pods: list[OddPod]) -> None:
    words = "check inter 50ms rise 1 fall 1"
    lines = ("option httpchk", "http-check send meth GET uri /healthz", "http-check expect status 200")
    running = start(seated(pods[:0], *lines).replace("{port}", str(free_port())))

    running.say(f"add server web/s1 {pods[0].address} {words};set server web/s1 state ready")
    running.say(f"add server web/s2 {pods[1].address} {words};enable health web/s2;set server web/s2 state ready")
    running.wait_until(lambda: len(pods[1].heard) > 2)

    assert pods[0].heard == []
    assert pods[1].heard[0].startswith("GET /healthz ")


@pytest.mark.fact("peers-keep-tables")
def test_a_process_learns_the_tables_of_the_one_before_from_its_peer(start, haproxy: HAProxyBinary) -> None:
    port, name = free_port(), f"hadyn-peers-{free_port()}"
    tables = "backend web\n stick-table type ip size 100 expire 1h peers p store gpc0\n server s1 127.0.0.1:1"
    running = start(
        f"peers p\n peer local abns@{name}\nfrontend f\n bind 127.0.0.1:{port}\n default_backend web\n{tables}",
        arguments=("-L", "local"),
        is_master=True,
    )
    # Until 2.8 a process that has had nobody to learn from waits five seconds before it teaches.
    running.wait_for(lambda: haproxy.is_at_least(3, 0) or "resync_timeout=<PAST>" in running.say("show peers"))

    running.say("set table web key 192.0.2.1 data.gpc0 7")
    running.reload()
    running.wait_for(lambda: "gpc0=7" in running.say("show table web"))
