"""Replies and lines that are cut, late, lost, wrong: nobody is sent astray, and the end is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.deployments import started
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.running import Ground
from integration.sockproxy import CHUNK_BYTES, Fault, SockProxy
from integration.steps import Steps
from tests.given import ingress, service, slice_

BEFORE = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
AFTER = ("10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5")
STAYING = {"10.0.0.2:80", "10.0.0.3:80"}
EVER_WANTED = {f"10.0.0.{number}:80" for number in range(1, 6)}
STEP_BYTES = 13
PATIENCE_SECONDS = 15.0


@pytest.fixture
def steps(haproxy: HAProxyBinary) -> Iterator[Steps]:
    objects = (ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", *BEFORE))
    with Steps(haproxy.path, objects) as steps:
        yield steps


def addresses(ips: tuple[str, ...]) -> list[str]:
    return [f"{ip}:80" for ip in ips]


def there_and_back(steps: Steps, fault: Fault, connection: int) -> None:
    """Let one connection of a change meet with a fault; see that nobody is in danger then, and that the change comes."""

    def nobody_is_in_danger() -> None:
        ready = steps.ready()
        assert set(ready) <= EVER_WANTED, "somebody is sent to a stranger"
        assert len(set(ready)) == len(ready), "one address is in two slots"
        assert set(ready) >= STAYING, "somebody who stays has to pause"

    steps.proxy.faults = [None] * connection + [fault]
    steps.change(slice_("shop", "web", *AFTER), meanwhile=nobody_is_in_danger)
    assert steps.ready() == addresses(AFTER)
    steps.proxy.faults = []
    steps.change(slice_("shop", "web", *BEFORE))
    assert steps.ready() == addresses(BEFORE)


def connections_of_a_change(steps: Steps) -> tuple[list[int], list[int]]:
    """How many bytes each connection of a change sends and gets."""
    steps.proxy.seen.requests.clear()
    steps.proxy.seen.replies.clear()
    steps.change(slice_("shop", "web", *AFTER))
    sizes = list(map(len, steps.proxy.seen.requests)), list(map(len, steps.proxy.seen.replies))
    steps.change(slice_("shop", "web", *BEFORE))
    return sizes


def test_a_line_cut_at_any_byte_sends_nobody_astray(steps: Steps) -> None:
    requests, _ = connections_of_a_change(steps)
    for connection, size in enumerate(requests):
        for request_bytes in range(size):
            there_and_back(steps, Fault(request_bytes=request_bytes), connection)
    assert steps.filed().count("server s") == len(BEFORE)


def test_a_reply_cut_at_any_byte_sends_nobody_astray(steps: Steps) -> None:
    _, replies = connections_of_a_change(steps)
    for connection, size in enumerate(replies):
        for reply_bytes in range(connection, size, STEP_BYTES):
            there_and_back(steps, Fault(reply_bytes=reply_bytes), connection)


REPLIES = {
    "nothing": lambda _reply: b"",
    "half of it twice": lambda reply: reply[: len(reply) // 2] * 2,
    "another language": lambda _reply: b"HTTP/1.1 200 OK\r\n\r\n",
    "no text": lambda reply: b"\0\xff\xfe" + reply,
    "other line ends": lambda reply: reply.replace(b"\n", b"\r\n"),
    "a newer format": lambda reply: reply.replace(b"\n1\n#", b"\n2\n#"),
    "no header": lambda reply: reply.replace(b"# be_id", b"be_id"),
    "help": lambda reply: b"Unknown command: 'set'. Please enter one of the following commands only:\n" * 40 + b"\n",
    "all refused": lambda reply: b"Permission denied\n\n" * reply.count(b"\n\n"),
}


@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_that_makes_no_sense_sends_nobody_astray(steps: Steps, reply: str) -> None:
    requests, _ = connections_of_a_change(steps)
    for connection in range(len(requests)):
        there_and_back(steps, Fault(rewrite=REPLIES[reply]), connection)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(delay_seconds=1.5),
        Fault(delay_seconds=2.5),
        Fault(trickle_bytes=1),
        Fault(swallows=True),
        Fault(rewrite=lambda _reply: bytes(70_000_000), trickle_bytes=CHUNK_BYTES * 16),
    ],
    ids=["slow", "too slow", "byte by byte", "lost", "endless"],
)
@with_every_haproxy
def test_replies_that_come_late_or_never_end_are_waited_for_as_long_as_is_right(
    ground: Ground, pods: Pods, fault: Fault
) -> None:
    web = started(ground, pods, "web", 3, path="/")
    ground.run()
    with SockProxy(ground.runtime_socket) as proxy, unfailing_load(ground, rate=100) as requests:
        for connection in range(2):
            proxy.faults = [None] * connection + [fault]
            newcomers = web.start(1)
            assert requests.wait_for(newcomers, PATIENCE_SECONDS)
            web.retire(web.names[:1])
            ground.until(web.serves)
        assert proxy.faults == []
    assert ground.reloads() == {}
