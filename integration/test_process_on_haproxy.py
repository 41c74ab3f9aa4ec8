"""HAProxy started, adopted, reloaded, broken and stopped: every real one at hand."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hadyn.errors import ConfigurationRefused, HAProxyUnusable, ReloadFailed, WrongUsage
from hadyn.model.desired import Endpoint, MapName
from hadyn.model.directives import Directive
from hadyn.process.handle import ProcessHandle
from hadyn.process.master import ask, processes_in, worker_pid_in
from integration.haproxies import HAProxyBinary
from integration.stack import ANSWER_SECONDS, EchoPod, Stack

NONSENSE = Directive("nonsense")


@pytest.fixture
def pod() -> Iterator[EchoPod]:
    with EchoPod() as echo:
        yield echo


@pytest.fixture
def stack(haproxy: HAProxyBinary) -> Iterator[Stack]:
    with Stack(haproxy.path) as made:
        yield made


@pytest.fixture
def web(stack: Stack, pod: EchoPod) -> Stack:
    """A HAProxy that runs, and sends requests for a.example to one pod."""
    stack.put("web", Endpoint(pod.address))
    stack.route({(MapName.PREFIX, "a.example/"): "web", (MapName.HOSTS, "a.example"): "a.example"})
    stack.start()
    return stack


def worker_of(stack: Stack) -> int:
    pid = worker_pid_in(ask(stack.settings.runtime_socket, "show info"))
    assert pid is not None
    return pid


def test_haproxy_serves_when_start_returns(web: Stack) -> None:
    assert web.get()[1]["x-backend"] == "web"
    assert worker_of(web) in processes_in(ask(web.settings.master_socket, "show proc")).workers


def test_sockets_and_files_are_private(web: Stack) -> None:
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in web.folder.path.rglob("*")}
    assert {modes["runtime.sock"], modes["master.sock"], modes["haproxy.log"], modes["haproxy.cfg"]} == {0o600}
    assert {modes["run"], modes["master"], modes["backends"]} == {0o700}


def test_haproxy_knows_nothing_of_hadyns_environment(web: Stack) -> None:
    assert web.process.handle is not None
    environment = Path(f"/proc/{web.process.handle.pid}/environ").read_bytes()
    names = {entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry}
    own = {name for name in names if not name.startswith(b"HAPROXY_")}
    assert own - {b"PWD"} == {b"PATH"}  # a shell script in HAProxy's place exports PWD


@pytest.mark.root
def test_a_worker_that_root_started_is_nobody_in_an_empty_folder(web: Stack) -> None:
    worker = Path(f"/proc/{worker_of(web)}")
    owners = {line.split()[1] for line in (worker / "status").read_text().splitlines() if line[:4] in {"Uid:", "Gid:"}}
    assert owners == {"65534"}
    assert (worker / "root").readlink() == web.folder.empty


def test_a_reload_brings_a_new_backend_and_another_worker(web: Stack, pod: EchoPod) -> None:
    before = worker_of(web)
    web.put("api", Endpoint(pod.address))
    web.route({(MapName.PREFIX, "a.example/api/"): "api"})
    web.install()
    web.process.reload()
    assert web.get("/api")[1]["x-backend"] == "api"
    assert worker_of(web) != before


def test_reloads_in_a_row_all_come_off(web: Stack) -> None:
    workers = [worker_of(web)]
    for _ in range(5):
        web.process.reload()
        workers.append(worker_of(web))
    assert len(set(workers)) == 6


def test_a_refused_candidate_names_its_backend_and_touches_nothing(web: Stack) -> None:
    before = {path: path.read_bytes() for path in web.folder.backends.iterdir()}
    web.put("fine")
    web.put("broken", directives=[NONSENSE])
    candidate = web.files.stage()
    with pytest.raises(ConfigurationRefused, match="unknown keyword 'nonsense'") as refused:
        web.process.check(candidate.files)
    assert {candidate.backend_at(alert) for alert in refused.value.alerts} == {"broken"}
    assert {path: path.read_bytes() for path in web.folder.backends.iterdir()} == before
    web.files.sections.forget_unjudged("broken")
    web.install()
    web.process.reload()
    assert any("backend fine from hadyn" in path.read_text() for path in web.folder.backends.iterdir())


@pytest.mark.parametrize(
    "directive",
    [
        Directive("use-server", "s9", "if", "TRUE"),
        Directive("stick-table", "type", "nonsense"),
        Directive("errorfile", "999", "/nowhere"),
        Directive("http-request", "nonsense"),
        Directive("filter", "nonsense"),
    ],
)
def test_every_kind_of_alert_leads_to_the_backend_at_fault(stack: Stack, directive: Directive) -> None:
    stack.put("fine")
    stack.put("broken", directives=[directive])
    candidate = stack.files.stage()
    with pytest.raises(ConfigurationRefused) as refused:
        stack.process.check(candidate.files)
    assert {candidate.backend_at(alert) for alert in refused.value.alerts} - {None} == {"broken"}


def test_a_file_broken_by_hand_fails_the_reload_and_the_old_worker_serves_on(web: Stack) -> None:
    before = worker_of(web)
    veteran = ProcessHandle(before)
    broken = web.folder.backends / "000.cfg"
    broken.write_text("backend by_hand from hadyn\n    nonsense\n")
    with pytest.raises(ConfigurationRefused) as refused:
        web.process.reload()
    assert [(alert.file, alert.line) for alert in refused.value.alerts] == [(str(broken), 2)]
    assert (worker_of(web), web.get()[0]) == (before, 200)
    broken.unlink()
    web.process.reload()
    assert web.get()[0] == 200
    assert veteran.wait(ANSWER_SECONDS)


def test_a_reload_that_cannot_bind_is_no_fault_of_the_configuration(web: Stack) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        before = worker_of(web)
        config = web.folder.main_config.read_text()
        taken = holder.getsockname()[1]
        web.folder.main_config.write_text(config.replace("    bind ", f"    bind 127.0.0.1:{taken}\n    bind ", 1))
        with pytest.raises(ReloadFailed, match=r"(?i)cannot bind|in use"):
            web.process.reload()
    assert (worker_of(web), web.get()[0]) == (before, 200)
    web.process.reload()
    assert worker_of(web) != before


def test_a_port_that_another_haproxy_would_share_is_taken(web: Stack, haproxy: HAProxyBinary) -> None:
    with Stack(haproxy.path, port=web.address.port) as second:
        with pytest.raises(WrongUsage, match=rf"port {web.address.port} is taken by pid \d+ \(.+\)"):
            second.start()
        assert second.process.running() is None
    assert web.get()[0] == 200


def test_a_haproxy_that_does_not_start_says_why_and_leaves_no_process(stack: Stack) -> None:
    stack.put("broken", directives=[NONSENSE])
    stack.files.install(stack.files.stage())
    with pytest.raises(HAProxyUnusable, match=r"does not start: unknown keyword 'nonsense'.*haproxy\.log"):
        stack.process.start([stack.address])
    assert (stack.process.running(), stack.process.handle) == (None, None)


START_AND_WAIT = """
import sys
from pathlib import Path
from integration.stack import Stack
stack = Stack(Path(sys.argv[1]), state_dir=Path(sys.argv[2]), port=int(sys.argv[3]))
print(stack.start(), flush=True)
sys.stdin.read()
"""


def test_haproxy_outlives_a_killed_hadyn_and_the_next_one_adopts_it(web: Stack, haproxy: HAProxyBinary) -> None:
    web.process.stop(0.0)
    words = [sys.executable, "-c", START_AND_WAIT, haproxy.path, web.folder.path, str(web.address.port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hadyn:
        assert hadyn.stdout is not None
        pid = int(hadyn.stdout.readline())
        hadyn.kill()
    assert web.get()[0] == 200
    before = worker_of(web)
    assert web.process.adopt() == pid
    assert worker_of(web) == before
    web.process.reload()
    assert web.get()[0] == 200
    web.process.stop(1.0)
    assert web.process.running() is None


def test_there_is_nothing_to_adopt_where_nothing_runs(stack: Stack) -> None:
    assert stack.process.adopt() is None
    assert stack.process.wait_exit(0.0)


@pytest.mark.parametrize("whom", ["worker", "master"])
def test_a_killed_haproxy_is_noticed_and_comes_back_with_the_present_addresses(
    web: Stack, pod: EchoPod, whom: str
) -> None:
    with EchoPod() as other:
        web.put("web", Endpoint(other.address))
        web.files.write_shards()
        assert web.process.handle is not None
        os.kill({"worker": worker_of(web), "master": web.process.handle.pid}[whom], signal.SIGKILL)
        assert web.process.wait_exit(ANSWER_SECONDS)
        assert web.process.adopt() is None or whom == "master"
        web.process.start([web.address])
        _, seen = web.get()
        assert seen["host"] == "a.example"
        assert (other.seen, pod.seen) == (1, 0)


def test_the_end_of_haproxy_is_told_without_asking(web: Stack) -> None:
    handle = web.process.handle
    assert isinstance(handle, ProcessHandle)
    with ThreadPoolExecutor(1) as watcher:
        ended = watcher.submit(handle.wait, None)
        assert not ended.done()
        web.process.stop(0.0)
        assert ended.result(ANSWER_SECONDS)


def test_stopping_lets_a_request_finish(web: Stack, pod: EchoPod) -> None:
    with ThreadPoolExecutor(2) as people:
        request = people.submit(web.get, "/slow")
        assert pod.has_slow_request.wait(ANSWER_SECONDS)
        stopping = people.submit(web.process.stop, ANSWER_SECONDS)
        pod.go_on.set()
        assert request.result()[0] == 200
        stopping.result()
    assert web.process.running() is None
    assert list(web.folder.path.rglob("*.sock")) == []


def test_stopping_does_not_wait_longer_than_its_grace(web: Stack, pod: EchoPod) -> None:
    with ThreadPoolExecutor(1) as people:
        request = people.submit(web.get, "/slow")
        assert pod.has_slow_request.wait(ANSWER_SECONDS)
        web.process.stop(0.1)
        assert request.exception() is not None
    assert web.process.running() is None


def test_a_haproxy_that_hangs_is_ended_all_the_same_with_its_worker(web: Stack) -> None:
    assert web.process.handle is not None
    worker = ProcessHandle(worker_of(web))
    for process in (web.process.handle, worker):
        process.send(signal.SIGSTOP)
    web.process.stop(0.0)
    assert not worker.is_running


def test_an_old_worker_is_counted_while_it_finishes_a_request(web: Stack, pod: EchoPod) -> None:
    with ThreadPoolExecutor(1) as people:
        request = people.submit(web.get, "/slow")
        assert pod.has_slow_request.wait(ANSWER_SECONDS)
        web.process.reload()
        assert web.process.processes().old_workers == 1
        pod.go_on.set()
        assert request.result()[0] == 200


def test_a_wheel_of_another_program_is_never_started(stack: Stack, tmp_path: Path) -> None:
    program = tmp_path / "haproxy"
    program.write_text("#!/bin/sh\necho 'HAProxy version 2.8.0'\nsleep 0\nexit 3\n")
    program.chmod(0o755)
    with Stack(program) as false, pytest.raises(ConfigurationRefused, match=r"HAProxy version 2\.8\.0"):
        false.start()
