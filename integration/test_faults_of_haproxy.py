"""HAProxy hangs, loses its socket to nobody or to a stranger: hadyn gets over it, and says so once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.haproxies import RunningHAProxy, find_haproxies
from integration.loads import unfailing_load
from integration.running import Ground, RunningHadyn

HANGING_SECONDS = 30.0
DRIFT = "--drift-interval", "500ms"


def served(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods are at hand before hadyn is."""
    return started(ground, pods, "web", 3, path="/", slots="60")


@contextlib.contextmanager
def all_connections_taken(path: Path) -> Iterator[None]:
    """Keep as many connections to HAProxy open as it has, and more."""
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            connection = stack.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(path))
            connection.sendall(b"prompt\n")
        yield


def threads(hadyn: RunningHadyn) -> int:
    return len(list(Path(f"/proc/{hadyn.pid}/task").iterdir()))


@with_every_haproxy
def test_changes_gather_while_haproxy_hangs_and_are_applied_once(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    before, threads_before = ground.worker(), threads(hadyn)
    leavers = []
    with unfailing_load(ground, rate=10, timeout_seconds=60) as requests:
        assert requests.wait_for(web.names, 5)
        for pid in ground.processes():
            os.kill(pid, signal.SIGSTOP)
        hanging_until = time.monotonic() + HANGING_SECONDS
        leavers += web.replace()
        ground.until(lambda: "did not answer within 2 s" in ground.log)
        while time.monotonic() < hanging_until:
            leavers += web.replace()
            time.sleep(0.2)
        cycles = ground.status()["cycles"]
        for pid in ground.processes():
            os.kill(pid, signal.SIGCONT)
        ground.until(web.serves)
        ground.until(lambda: ground.status()["cycles"] > cycles)

    assert ground.status()["cycles"] <= cycles + 2
    assert ground.log.count("did not answer within 2 s") == 1
    assert "HAProxy answers again after" in ground.log
    assert len(leavers) > 50
    assert threads(hadyn) <= threads_before + 1
    assert (ground.worker(), ground.reloads()) == (before, {})
    time.sleep(1.5)
    assert web.serves()


@with_every_haproxy
def test_hadyn_tells_who_asks_while_haproxy_hangs_and_stops_when_told(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run("--shutdown-grace", "0s")
    for pid in ground.processes():
        os.kill(pid, signal.SIGSTOP)
    web.replace()
    ground.until(lambda: "did not answer within 2 s" in ground.log)
    assert ground.status()["haproxy"]["running"] is False
    assert hadyn.terminate() == 0
    assert ground.processes() == []


@with_every_haproxy
def test_a_hadyn_that_starts_beside_a_hanging_haproxy_adopts_it_when_it_answers(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run("--leave-running").terminate()
    before = ground.worker()
    web.replace()
    for pid in ground.processes():
        os.kill(pid, signal.SIGSTOP)
    ground.start()
    ground.until(lambda: "did not answer within 2 s" in ground.log)
    for pid in ground.processes():
        os.kill(pid, signal.SIGCONT)
    ground.until(web.serves)
    assert ground.worker() == before


@with_every_haproxy
def test_a_removed_runtime_socket_is_opened_again_without_a_failed_request(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run()
    with unfailing_load(ground, rate=100) as requests:
        assert requests.wait_for(web.names, 5)
        ground.runtime_socket.unlink()
        newcomers = web.start(2)
        assert requests.wait_for(newcomers, 15)
    ground.until(web.serves)
    assert ground.reloads() == {"SOCKET_GONE": 2}
    assert ground.log.count("cannot reach HAProxy") == 1
    assert ground.judged() == ""


@with_every_haproxy
def test_a_runtime_socket_that_another_haproxy_took_is_taken_back(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    stranger = "backend shop_web_80\n  server-template s 1-60 127.0.0.1:1 disabled\n"
    ground.run(*DRIFT)
    with RunningHAProxy(find_haproxies()[0], stranger) as other, unfailing_load(ground, rate=100) as requests:
        assert requests.wait_for(web.names, 5)
        other.runtime_socket.rename(ground.runtime_socket)
        ground.until(lambda: "is no worker of the HAProxy on" in ground.log)
        newcomers = web.start(2)
        assert requests.wait_for(newcomers, 20)
        ground.until(web.serves)
    assert ground.reloads() == {"SOCKET_GONE": 2}


@with_every_haproxy
def test_all_connections_to_the_runtime_socket_taken_is_waited_out(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run()
    with all_connections_taken(ground.runtime_socket):
        newcomers = web.start(1)
        ground.until(lambda: "did not answer within 2 s" in ground.log)
    ground.until(web.serves)
    assert set(newcomers) <= {ground.get()[1] for _ in range(20)}
