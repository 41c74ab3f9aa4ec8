"""``hadyn demo`` as a newcomer runs it, and its load, which forgives nothing."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from hadyn.demo.generator import Order
from hadyn.demo.hadyn_process import free_ports
from hadyn.demo.load import Load

DEMO = (sys.executable, "-m", "hadyn", "demo")
WAIT_SECONDS = 60.0
SHORT = "--seconds", "4"


class Place:
    """Where a demo puts its folder; afterwards nothing may be left there, nor any process that names it."""

    def __init__(self, path):
        self.path = path
        self.environment = {**os.environ, "TMPDIR": str(path), "TERM": "xterm-256color", "COLUMNS": "100"}

    def start(self, *arguments, **more):
        everything = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | more
        return subprocess.Popen([*DEMO, *arguments], env=self.environment, text=True, **everything)

    def run(self, *arguments):
        """The exit code of a demo and the lines it printed."""
        with self.start(*arguments) as demo:
            said, _ = demo.communicate(timeout=WAIT_SECONDS)
        return demo.returncode, said.splitlines()

    def processes(self):
        """Those whose command line names this place."""
        return [line for line in command_lines() if str(self.path) in line]

    def is_empty(self):
        return not self.processes() and not list(self.path.iterdir())


def command_lines():
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            lines.append(f"{entry.parent.name} {entry.read_bytes().decode(errors='replace')}")
    return lines


@pytest.fixture
def place():
    # Not in tmp_path, which can be too long for sockets.
    with tempfile.TemporaryDirectory(prefix="h-") as path:
        yield Place(Path(path))


def summary_line(lines, name):
    (line,) = [line for line in lines if line.startswith(name)]
    return line.removeprefix(name)


def figure(lines, name):
    """The number in that line of the summary."""
    return float(summary_line(lines, name).split()[0].replace(",", ""))


def test_no_request_fails_while_pods_come_and_go_and_a_service_is_added(place, haproxy):
    code, lines = place.run(*SHORT, "--haproxy", str(haproxy.path))

    assert lines[-1] == "Pods came and went, and no request failed."
    assert code == 0
    assert figure(lines, "failed") == 0
    assert figure(lines, "requests") > 1000
    assert figure(lines, "changes") > 5
    reloads = ["0"] if haproxy.capabilities.has_dynamic_backends else ["1", "NEW_BACKEND", "1"]
    assert summary_line(lines, "reloads").split() == reloads
    assert place.is_empty()


def test_its_length_can_be_set_from_outside(place):
    place.environment["HADYN_DEMO_SECONDS"] = "2"

    code, lines = place.run()

    assert code == 0
    assert any("of 2 s" in line for line in lines)


def test_settings_of_another_hadyn_do_not_reach_the_one_of_the_demo(place):
    place.environment |= {"HADYN_STATE_DIR": "/nowhere", "HADYN_SLOTS": "1", "HADYN_HTTP_PORT": "1"}

    code, _ = place.run("--seconds", "2")

    assert code == 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_broken_off_leaves_nothing_behind(place, sent):
    with place.start("--seconds", "600") as demo:
        first = demo.stdout.readline()
        demo.send_signal(sent)
        demo.communicate(timeout=WAIT_SECONDS)

    assert "s  " in first
    assert demo.returncode == 130
    assert place.is_empty()


def test_a_demo_broken_off_while_it_starts_leaves_nothing_behind(place):
    with place.start("--seconds", "600") as demo:
        deadline = time.monotonic() + WAIT_SECONDS
        while not list(place.path.iterdir()):
            assert time.monotonic() < deadline
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=WAIT_SECONDS)

    assert demo.returncode == 130
    assert place.is_empty()


def test_a_haproxy_that_does_not_start_is_one_sentence(place):
    code, lines = place.run("--haproxy", "/bin/false")

    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith("hadyn: hadyn run ended at once: ")
    assert place.is_empty()


def test_a_terminal_sees_slots_in_colour_and_then_the_summary(place):
    leader, follower = pty.openpty()
    with place.start("--seconds", "3", stdin=follower, stdout=follower, stderr=follower) as demo:
        os.close(follower)
        seen = b"".join(iter(lambda: read_terminal(leader), b"")).decode()
    os.close(leader)

    assert demo.returncode == 0
    assert "shop/web:80" in seen
    assert "\x1b[1;37;4" in seen
    assert "no request failed" in seen[seen.rindex("change to traffic") :]


def read_terminal(leader):
    try:
        return os.read(leader, 65536)
    except OSError:
        # How Linux tells that the other end is closed.
        return b""


class TestTheLoad:
    """Against pods themselves, without HAProxy in between: whatever goes wrong must be seen."""

    def order(self, pod, **more):
        return Order(pod.address.ip, pod.address.port, "shop.example", **{"rate": 200.0, "timeout_seconds": 1.0} | more)

    def test_it_sends_at_its_rate_on_new_and_on_kept_connections(self, pods):
        pod = pods.start("web-1")

        with Load(self.order(pod)) as load:
            assert load.wait_for(["web-1"], timeout=WAIT_SECONDS)
            time.sleep(1)
            results = load.stop()

        assert 150 < results.sent < 400
        assert results.answered == results.sent == pod.answered
        assert results.by_pod == {"web-1": results.sent}
        assert dict(results.failures) == {}

    def test_a_port_where_nobody_listens_is_a_failure_for_each_request(self):
        (port,) = free_ports(1)

        with Load(Order("127.0.0.1", port, "shop.example", rate=200.0)) as load:
            time.sleep(0.5)
            results = load.stop()

        assert results.answered == 0
        assert dict(results.failures) == {"connecting: Connection refused": results.sent}

    def test_a_pod_that_is_too_slow_is_a_failure(self, pods):
        with Load(self.order(pods.start("web-1", delay_seconds=30), timeout_seconds=0.2)) as load:
            time.sleep(0.5)
            results = load.stop()

        assert dict(results.failures) == {"timeout: no answer": results.sent}

    def test_a_pod_that_dies_is_a_failure_of_what_it_had(self, pods):
        pod = pods.start("web-1", delay_seconds=0.05)

        with Load(self.order(pod)) as load:
            assert load.wait_for(["web-1"], timeout=WAIT_SECONDS)
            pod.kill()
            time.sleep(0.2)
            results = load.stop()

        assert results.failed == results.sent - results.answered > 0
        assert any("before the answer" in kind for kind in results.failures)

    def test_a_load_that_is_killed_is_a_failure_and_not_a_silence(self, pods):
        with Load(self.order(pods.start("web-1"))) as load:
            assert load.wait_for(["web-1"], timeout=WAIT_SECONDS)
            os.kill(load.pid, signal.SIGKILL)
            results = load.stop()

        assert results.failures["the load's process died"] == 1

    def test_connections_in_use_at_a_time_are_bounded(self, pods):
        order = self.order(pods.start("web-1", delay_seconds=0.5), most_connections=10, rate=1000.0)

        with Load(order) as load:
            assert load.wait_for(["web-1"], timeout=WAIT_SECONDS)
            results = load.stop()

        assert results.failures["no connection left"] > 0
        assert results.answered + results.failed == results.sent
