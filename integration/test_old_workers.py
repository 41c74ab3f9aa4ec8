"""Old workers are few: reloads wait for them, endpoint changes do not."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from hadyn.demo.pods import Pods
from hadyn.process.master import list_processes
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.loads import unfailing_load
from integration.running import Ground

REQUESTS = 200
PATIENCE_SECONDS = 5.0


@contextlib.contextmanager
def requests_that_last(ground: Ground, slow: Deployment) -> Iterator[None]:
    """Begin a request ten times a second, so that every worker has one."""
    is_over = threading.Event()

    def begin() -> None:
        with contextlib.ExitStack() as stack:
            while not is_over.wait(0.1):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", ground.http_port)))
                connection.sendall(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")

    clients = threading.Thread(target=begin)
    clients.start()
    try:
        yield
    finally:
        is_over.set()
        clients.join()
        for pod in slow.remove(slow.names):
            pod.kill()


def old_workers(ground: Ground) -> int:
    socket_path = ground.folder.path / "master" / "master.sock"
    return list_processes(socket_path, timeout_seconds=5, while_true=lambda: True).old_workers


@with_every_haproxy
def test_two_hundred_reloads_asked_for_in_a_row_wait_for_old_workers_while_endpoints_do_not(
    ground: Ground, pods: Pods
) -> None:
    web, other = started(ground, pods, "web", 3), started(ground, pods, "other", 1)
    # Its answers take longer than the test.
    slow = started(ground, pods, "slow", 1, delay_seconds=60)
    ground.run("--reload-interval", "0", "--max-old-workers", "3")
    slowest, most = 0.0, 0
    with requests_that_last(ground, slow), unfailing_load(ground, "/web", rate=100) as requests:
        for seconds in range(1, REQUESTS + 1):
            # A line of its own in the backend: a reload in every version.
            other.publish(timeout_server=f"{seconds}s")
            time.sleep(0.02)
            most = max(most, old_workers(ground))
        assert ground.status()["reloads"]["pending"] == ["BACKEND_CHANGED"]
        for _ in range(10):
            began = time.monotonic()
            web.start(1)
            ground.until(web.serves)
            slowest = max(slowest, time.monotonic() - began)
            web.retire(web.names[:1])
            most = max(most, old_workers(ground))
        assert requests.wait_for(web.names[-1:], 5)

    assert most == 3
    assert slowest < PATIENCE_SECONDS
    assert 1 <= ground.log.count("a reload waits for one of 3 old workers") <= ground.log.count("reloaded because")
    ground.until(lambda: ground.status()["reloads"]["pending"] == [])
    assert f"timeout server {REQUESTS}000ms" in ground.section(other.backend)
