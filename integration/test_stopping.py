"""hadyn stops as asked: requests under way end well, or HAProxy goes on without it."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.loads import unfailing_load
from integration.running import Ground, RunningHadyn

SLOW_SECONDS = 1.0


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 2, path="/")


@pytest.fixture
def slow(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods take their time."""
    return started(ground, pods, "slow", 2, delay_seconds=SLOW_SECONDS)


@contextmanager
def under_way(ground: Ground, slow: Deployment, count: int = 4) -> Iterator[list[Future[tuple[int, str]]]]:
    """So many requests that have reached the slow pods."""
    with ThreadPoolExecutor(count) as clients:
        requests = [clients.submit(ground.get, "/slow") for _ in range(count)]
        ground.until(lambda: ground.slots(slow.backend)["sessions"] == count)
        yield requests


def statuses(requests: list[Future[tuple[int, str]]]) -> set[int]:
    return {request.result()[0] for request in requests}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_requests_under_way_end_well_when_hadyn_is_asked_to_stop(
    ground: Ground, slow: Deployment, number: signal.Signals
) -> None:
    hadyn = ground.run()
    with under_way(ground, slow) as requests:
        hadyn.signal(number)
        assert statuses(requests) == {200}
    assert hadyn.wait() == 0
    assert ground.processes() == []
    assert [path.name for path in ground.folder.path.glob("**/*.sock")] == []
    assert ground.log.rstrip().endswith("stopped, and HAProxy with it")


def test_a_second_signal_ends_what_the_first_one_waits_for(ground: Ground, pods: Pods, web: Deployment) -> None:
    endless = started(ground, pods, "endless", 1, delay_seconds=60)
    hadyn = ground.run("--shutdown-grace", "60s")
    with ThreadPoolExecutor(1) as client:
        client.submit(ground.get, "/endless")
        ground.until(lambda: ground.slots(endless.backend)["sessions"] == 1)
        hadyn.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert ground.processes()
        assert hadyn.terminate() == 0
    assert ground.processes() == []


def test_shutdown_grace_bounds_how_long_requests_are_waited_for(ground: Ground, pods: Pods, web: Deployment) -> None:
    endless = started(ground, pods, "endless", 1, delay_seconds=60)
    hadyn = ground.run("--shutdown-grace", "500ms")
    with ThreadPoolExecutor(1) as client:
        client.submit(ground.get, "/endless")
        ground.until(lambda: ground.slots(endless.backend)["sessions"] == 1)
        assert hadyn.terminate() == 0
    assert ground.processes() == []


def test_a_haproxy_left_running_serves_on_and_is_adopted(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run("--leave-running")
    web.start(1)
    ground.until(web.serves)
    master, worker = ground.status()["haproxy"]["pid"], ground.worker()

    with unfailing_load(ground, rate=200):
        assert hadyn.terminate() == 0
        assert ground.worker() == worker
        ground.run()

    assert (ground.status()["haproxy"]["pid"], ground.worker()) == (master, worker)
    assert ground.metric("hadyn_commands_total") == 0
    assert "took over the HAProxy that runs" in ground.log


def test_another_port_is_taken_up_by_the_haproxy_left_running(ground: Ground, web: Deployment) -> None:
    ground.run("--leave-running").terminate()
    port = ground.http_port

    ground.http_port = ground.another_port()
    ground.run()

    ground.until(lambda: ground.get()[1] in web.names)
    assert ground.reloads() == {"GLOBAL_CHANGED": 1}
    assert port != ground.http_port


def test_a_full_resync_on_sighup_changes_nothing_that_is_right(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run()
    ground.say(f"set server {web.backend}/s1 weight 7")

    hadyn.signal(signal.SIGHUP)

    ground.until(lambda: "weight of slot s1 changed" in ground.log)
    assert ground.metric("hadyn_commands_total") == 1
    assert ground.metric("hadyn_drift_repaired_total") == 1


def moments(hadyn: RunningHadyn, ground: Ground, pods: Pods) -> dict[str, Callable[[], object]]:
    """What goes on when hadyn is asked to stop."""
    api = Deployment(ground, pods, "api", path="/api")
    api.start(1)

    def reloading() -> None:
        api.publish()
        ground.until(lambda: (ground.folder.candidate / "haproxy.cfg").stat().st_mtime > time.time() - 0.5)

    def reloaded() -> None:
        api.publish()
        ground.until(lambda: ground.get("/api")[0] == 200)

    return {"reloading": reloading, "reloaded": reloaded, "at once": lambda: None}


@pytest.mark.parametrize("moment", ["reloading", "reloaded", "at once"])
def test_hadyn_stops_at_any_moment(ground: Ground, pods: Pods, web: Deployment, moment: str) -> None:
    for _ in range(3):
        (ground.manifests / "api.yaml").unlink(missing_ok=True)
        hadyn = ground.run()
        moments(hadyn, ground, pods)[moment]()
        assert hadyn.terminate() == 0
        assert ground.processes() == []


def test_a_signal_during_the_start_leaves_nothing_behind(pods: Pods) -> None:
    for wait_seconds in (0.05, 0.15, 0.25, 0.3, 0.35, 0.4, 0.5):
        with Ground() as ground:
            web = Deployment(ground, pods, "web")
            web.publish()
            web.start(1)
            with subprocess.Popen(ground.command(), stderr=subprocess.DEVNULL) as process:
                time.sleep(wait_seconds)
                process.terminate()
                process.wait(15)
            ground.until(lambda ground=ground: not ground.processes(), seconds=2)  # type: ignore[misc]
