"""What HAProxy remembers of its clients outlives its reloads, and its replicas know it, too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, Endpoint, Route
from hadyn.model.directives import Directive
from hadyn.model.names import PEERS, slot_name
from hadyn.model.route_entries import entries
from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section, main_config
from hadyn.render.replicas import Replicas, alone
from hadyn.runtime.connection import unix_conversation
from integration.haproxies import HAProxyBinary, free_port
from integration.stack import ANSWER_SECONDS, EchoPod, Stack

TABLE = Directive(
    *("stick-table", "type", "string", "len", "64", "size", "100k", "expire", "1h", "peers", PEERS, "srvkey", "addr")
)
STICK = Directive("stick", "on", "req.hdr(X-User)")
TEACHES_SECONDS = 6.0
"""A process up to 2.8 that had nobody to learn from teaches nobody for five seconds. haproxy-facts.md#peers-keep-tables"""


@pytest.fixture
def pods() -> Iterator[list[EchoPod]]:
    with ExitStack() as opened:
        yield [opened.enter_context(EchoPod()) for _ in range(3)]


@contextmanager
def served(haproxy: HAProxyBinary, pods: list[EchoPod], replicas: Replicas | None = None) -> Iterator[Stack]:
    """One HAProxy before these pods, which binds users to them."""
    with Stack(haproxy.path) as stack:
        replicas = replicas or alone(str(stack.settings.runtime_socket))
        settings = replace(stack.config_settings(), replicas=replicas)
        stack.files.put_main(main_config(settings, stack.process.binary.capabilities))
        backend = Backend("web", "shop/web:80", directives=(TABLE, STICK))
        seats = {slot_name(number): Endpoint(pod.address) for number, pod in enumerate(pods, 1)}
        stack.files.sections.put("web", backend_section(backend, Seating(4, seats)))
        stack.route(entries([Route("a.example", "/", False, "web", "shop/web")]))
        stack.start()
        yield stack


def remembered(stack: Stack) -> str:
    return unix_conversation(stack.settings.runtime_socket, ANSWER_SECONDS)(b"show table web\n").decode()


def wait_for_users(stack: Stack, count: int) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while f"used:{count}" not in remembered(stack):
        assert time.monotonic() < deadline, remembered(stack)
        time.sleep(0.05)


def pods_of(stack: Stack, pods: list[EchoPod], users: list[str]) -> list[int]:
    """Which pod each user's request reaches."""
    reached = []
    for user in users:
        before = [pod.seen for pod in pods]
        assert stack.get(**{"X-User": user})[0] == 200
        reached.append(next(number for number, pod in enumerate(pods) if pod.seen > before[number]))
    return reached


USERS = [f"user-{number}" for number in range(7)]


def test_clients_stay_with_their_pods_over_a_reload(haproxy: HAProxyBinary, pods: list[EchoPod]) -> None:
    with served(haproxy, pods) as stack:
        time.sleep(TEACHES_SECONDS * (not haproxy.is_at_least(3, 0)))
        before = pods_of(stack, pods, USERS)
        stack.process.reload()
        wait_for_users(stack, len(USERS))
        assert set(before) == {0, 1, 2}
        assert pods_of(stack, pods, USERS) == before


def test_a_replica_leads_the_same_clients_to_the_same_pods(haproxy: HAProxyBinary, pods: list[EchoPod]) -> None:
    ports = free_port(), free_port()
    one = Replicas("one", f"hadyn-one-{ports[0]}", ports[0], (("two", Address("127.0.0.1", ports[1])),))
    two = Replicas("two", f"hadyn-two-{ports[1]}", ports[1], (("one", Address("127.0.0.1", ports[0])),))
    with served(haproxy, pods, one) as first, served(haproxy, pods[1:] + pods[:1], two) as second:
        before = pods_of(first, pods, USERS)
        wait_for_users(second, len(USERS))
        assert pods_of(second, pods, USERS) == before
