"""What hadyn's configuration costs a request: HAProxy's CPU, beside a file written by hand for the same job.

The CPU of the worker is measured, not the clock, so that a busy machine disturbs little; both
configurations take turns, and the ratio is that of their best turns: noise only adds.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Endpoint, Route
from hadyn.model.names import slot_name
from hadyn.model.route_entries import entries
from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section, main_config
from hadyn.runtime.connection import unix_conversation
from integration.bench.report import Chapter, Figure
from integration.haproxies import HAProxyBinary, RunningHAProxy, free_port
from integration.stack import ANSWER_SECONDS, Stack

HOSTS = 10_000
REQUESTS = 4_000
PIPELINE = 50
TURNS = 12
ANSWERER = """\
defaults
  mode http
  timeout client 1m
  timeout connect 1s
  timeout server 1m
frontend answers
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string ok
"""
BY_HAND = """\
defaults
  mode http
  timeout client 60s
  timeout connect 3s
  timeout server 60s
  timeout http-request 10s
  timeout http-keep-alive 75s
  retries 3
  option redispatch 1
  option forwardfor
frontend front
  bind 127.0.0.1:{front}
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Real-IP %[src]
  http-request del-header Forwarded
  {route}
backend web
  balance roundrobin
  server s1 127.0.0.1:{port}
"""
ONE_ROUTE = "use_backend web if {{ req.hdr(host),host_only -i h1.example }}"
MANY_ROUTES = "use_backend %[req.hdr(host),host_only,lower,map_str({folder}/hosts.map)]"


def cost_of_a_request(haproxies: list[HAProxyBinary]) -> Chapter:
    """Measure with one route and with many, on each HAProxy."""
    figures = [figure for haproxy in haproxies for figure in _figures(haproxy)]
    how = (
        f"HAProxy's CPU for {REQUESTS:,} requests of 200 bytes to one pod, kept alive, {TURNS} turns each: hadyn's files with their "
        "default options, and a file written by hand for the same job (route by host, the same headers and timeouts)."
    )
    return Chapter("What a request costs", how, figures)


def _figures(haproxy: HAProxyBinary) -> Iterator[Figure]:
    for hosts, wanted in ((1, 0.95), (HOSTS, 0.9)):
        by_hand, by_hadyn = _measured(haproxy, hosts)
        ratio = by_hand / by_hadyn
        routes = "1 route" if hosts == 1 else f"{hosts:,} hosts"
        yield Figure(
            f"{haproxy.branch}, {routes}: by hand ÷ hadyn",
            f"{ratio:.2f} ({by_hand * 1e6:.1f} ÷ {by_hadyn * 1e6:.1f} µs)",
            f"≥ {wanted}",
            ratio >= wanted,
            "the frontend's rules: those that refuse ``..`` and escapes, the map look-ups, the headers set; each is 0.1 to 0.5 µs",
        )


def _measured(haproxy: HAProxyBinary, hosts: int) -> tuple[float, float]:
    """Return the seconds of CPU for one request: by hand, by hadyn."""
    with ExitStack() as opened:
        answers = free_port()
        opened.enter_context(RunningHAProxy(haproxy, ANSWERER.format(port=answers)))
        hand = opened.enter_context(_by_hand(haproxy, hosts, answers))
        hadyn = opened.enter_context(_by_hadyn(haproxy, hosts, answers))
        taken: dict[int, list[float]] = {hand[0]: [], hadyn[0]: []}
        for turn in range(TURNS + 1):
            for pid, port in (hand, hadyn):
                seconds = _cpu_of(pid, port, hosts)
                # The first turn fills caches and opens connections.
                taken[pid] += [seconds] * (turn > 0)
        return min(taken[hand[0]]), min(taken[hadyn[0]])


@contextmanager
def _by_hand(haproxy: HAProxyBinary, hosts: int, answers: int) -> Iterator[tuple[int, int]]:
    front = free_port()
    with tempfile.TemporaryDirectory(prefix="hadyn-") as folder:
        (Path(folder) / "hosts.map").write_text("".join(f"h{number}.example web\n" for number in range(1, hosts + 1)))
        route = ONE_ROUTE if hosts == 1 else MANY_ROUTES
        text = BY_HAND.format(front=front, port=answers, route=route.format(folder=folder))
        with RunningHAProxy(haproxy, text) as running:
            yield running.pid(), front


@contextmanager
def _by_hadyn(haproxy: HAProxyBinary, hosts: int, answers: int) -> Iterator[tuple[int, int]]:
    with Stack(haproxy.path) as stack:
        settings = replace(stack.config_settings(), threads=2)
        stack.files.put_main(main_config(settings, stack.process.binary.capabilities))
        seating = Seating(10, {slot_name(1): Endpoint(Address("127.0.0.1", answers))})
        stack.files.sections.put("web", backend_section(Backend("web", "bench/web:80"), seating))
        routes = (Route(f"h{number}.example", "/", False, "web", "bench/web") for number in range(1, hosts + 1))
        stack.route(entries(routes))
        stack.start()
        said = unix_conversation(stack.settings.runtime_socket, ANSWER_SECONDS)(b"show info\n").decode()
        yield int(said.partition("\nPid: ")[2].split()[0]), stack.address.port


def _cpu_of(pid: int, port: int, hosts: int) -> float:
    """Send requests over one connection; return the worker's seconds of CPU for each."""
    before = _cpu_seconds(pid)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for first in range(0, REQUESTS, PIPELINE):
            numbers = (1 + (first + number) * 7919 % hosts for number in range(PIPELINE))
            connection.sendall(b"".join(_request(number) for number in numbers))
            _read_answers(connection, PIPELINE)
    return (_cpu_seconds(pid) - before) / REQUESTS


def _request(number: int) -> bytes:
    head = f"GET /shop/cart?item=42 HTTP/1.1\r\nHost: h{number}.example\r\nAccept: text/html\r\n"
    return (
        f"{head}User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\nCookie: session=0123456789abcdef\r\n\r\n".encode()
    )


def _read_answers(connection: socket.socket, count: int) -> None:
    seen = b""
    while seen.count(b"\r\n\r\nok") < count:
        received = connection.recv(65536)
        assert received, seen[-200:]
        seen += received


def _cpu_seconds(pid: int) -> float:
    """CPU that all threads of a process have had, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
