"""Runtime, execution and inspection on every real HAProxy at hand."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable

import pytest

from hadyn.errors import (
    HadynError,
    NotHAProxy,
    ReplyCutShort,
    ReplyNotUnderstood,
    SocketTimeout,
    SocketUnreachable,
    WrongUsage,
)
from hadyn.model.desired import MapName
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddMapEntry, DeleteMapEntry, SetMapEntry
from hadyn.planner.observed import ObservedBackend
from hadyn.planner.plan import Plan
from hadyn.runtime.client import Runtime, identify
from hadyn.runtime.connection import unix_conversation
from hadyn.runtime.execution import execute
from hadyn.runtime.inspect import Inspection
from integration.haproxies import RunningHAProxy
from integration.pods import Client, Pod, got
from tests.planner.texts import endpoint
from tests.runtime.given import part, steps, without_age

FRONT = "frontend front\n  bind unix@{folder}/front.sock\n  default_backend web\n"
FREE = "backend web\n  server-template s 1-4 127.0.0.1:1 disabled\nbackend _503\n"
MANY = "".join(f"backend b{number}\n  server-template s 1-20 127.0.0.1:1 disabled\n" for number in range(100))


def lines_through(running: RunningHAProxy) -> tuple[Runtime, list[bytes]]:
    """Return a Runtime with the lines it says."""
    said: list[bytes] = []
    converse = unix_conversation(running.runtime_socket)

    def overheard(line: bytes) -> bytes:
        said.append(line)
        return converse(line)

    return Runtime(overheard, capabilities=running.binary.capabilities, map_folder=str(running.folder)), said


def test_a_newcomer_gets_requests_after_two_connections(start):
    running = start(FRONT + FREE)
    runtime, said = lines_through(running)
    with Pod("pod-a") as pod:
        where = f"{pod.ip}:{pod.port}"
        execution = execute(Plan((part(f"s2 addr {where}; s2 weight 3", "s2 ready", s2=f"{where} weight=3"),)), runtime)

        assert got(running.front) == "200 pod-a"
    assert [proof.endpoint for proof in execution.proven] == [endpoint(f"{where} weight=3")]
    assert not execution.failed
    assert len(said) == 2


def test_a_slot_is_ready_only_where_its_newcomer_listens(start):
    """The one race that would send a request to a stranger: many times, with requests under way."""
    running = start(FRONT + FREE)
    runtime = running.runtime()
    answers: set[str] = set()
    with Pod("pod-a") as pod, Pod("pod-b") as other:
        for round_number in range(30):
            slot, leaver = ("s1", "s2")[:: 1 if round_number % 2 else -1]
            where = (pod, other)[round_number % 2]
            steps_in = f"{slot} addr {where.ip}:{where.port}"
            steps_out = f"{slot} ready; {leaver} maint"
            seats = {slot: f"{where.ip}:{where.port}"}
            execution = execute(Plan((part(steps_in, steps_out, **seats),)), runtime)
            assert not execution.backends_to_repair
            answers.add(f"{where.name} {got(running.front)}")

    assert answers == {"pod-a 200 pod-a", "pod-b 200 pod-b"}


def test_two_thousand_slots_are_filled_in_one_plan(start):
    running = start(MANY)
    slots = range(1, 21)
    parts = [
        part(
            "; ".join(f"s{slot} addr 10.{number}.0.{slot}:80" for slot in slots),
            "; ".join(f"s{slot} ready" for slot in slots),
            backend=f"b{number}",
            **{f"s{slot}": f"10.{number}.0.{slot}:80" for slot in slots},
        )
        for number in range(100)
    ]

    execution = execute(Plan(tuple(parts)), running.runtime())

    assert len(execution.proven) == 2000
    assert not execution.failed + execution.withheld
    by_name = running.runtime().observe([f"b{number}" for number in range(100)])
    assert without_age(running.runtime().observe(None)) == without_age(by_name)


def test_a_repeated_plan_is_done_though_nothing_changes(start):
    running = start(FREE)
    plan = Plan((part("s1 addr 10.0.0.1:80; s1 weight 1", "s1 ready", s1="10.0.0.1:80"),))

    first, second = execute(plan, running.runtime()), execute(plan, running.runtime())

    assert without_age(first.backends) == without_age(second.backends)
    assert not second.failed


def test_sessions_of_a_slot_are_counted_while_it_drains(start):
    running = start(FRONT + FREE)
    with Pod("pod-a") as pod, Client(running.front) as client:
        where = f"{pod.ip}:{pod.port}"
        execute(Plan((part(f"s1 addr {where}", "s1 ready", s1=where),)), running.runtime())
        pod.hold()
        client.ask()
        running.wait_until(lambda: pod.requests == 1)
        running.runtime().send(steps("web", "s1 drain"))
        draining = running.runtime().observe(["web"])["web"].slots[0]
        pod.release()
        client.answer()
        running.wait_until(lambda: running.runtime().observe(["web"])["web"].slots[0].sessions == 0)

    assert (draining.state, draining.sessions) == ("drain", 1)


def test_backends_without_slots_are_observed(start):
    running = start(FREE)

    assert running.runtime().observe(["_503", "gone"]) == {"_503": ObservedBackend("_503")}
    assert running.runtime().observe(None)["_503"] == ObservedBackend("_503")


def test_map_entries_are_read_as_they_were_told(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[path,map({folder}/exact.map)]\n",
        files={"exact.map": "a.example/ x\n"},
    )
    runtime = running.runtime()
    keys = ["a.example/%20", 'a.example/"q"', "a.example/#x", "a.example/é", "a.example/" + "l" * 1000]

    outcomes = runtime.send(
        [
            *(AddMapEntry(MapName.EXACT, key, "web") for key in keys),
            SetMapEntry(MapName.EXACT, keys[0], "api"),
            DeleteMapEntry(MapName.EXACT, "a.example/"),
        ]
    )

    assert {outcome.verdict for outcome in outcomes} == {"done"}
    assert runtime.read_map("exact") == {**dict.fromkeys(keys, "web"), keys[0]: "api"}
    assert runtime.read_map("other") == {}


def test_the_process_is_told_and_another_one_after_a_reload(start):
    running = start(FREE, is_master=True)
    before = running.runtime().identity()

    running.reload()
    after = running.runtime().identity()

    assert before.version == after.version == running.binary.version
    assert before.pid != after.pid
    assert not after.is_stopping


@pytest.mark.parametrize("level", ["user", "operator"])
def test_a_socket_to_look_at_is_refused(start, level):
    running = start(FREE, level=level)

    with pytest.raises(NotHAProxy, match="level admin"):
        running.runtime().identity()
    assert {outcome.text for outcome in running.runtime().send(steps("web", "s1 ready; s1 weight 3"))} == {
        "Permission denied"
    }


def test_a_haproxy_that_was_stopped_is_a_timeout(start):
    running = start(FREE)
    running.freeze()

    with pytest.raises(SocketTimeout):
        unix_conversation(running.runtime_socket, timeout_seconds=0.1)(b"show info\n")


def test_a_haproxy_that_was_killed_leaves_a_socket_that_is_unreachable(start):
    running = start(FREE)
    running.signal(signal.SIGKILL)
    running.exit_status()

    assert running.runtime_socket.exists()
    with pytest.raises(SocketUnreachable):
        running.runtime().observe(None)
    with pytest.raises(SocketUnreachable):
        Inspection(str(running.runtime_socket))


def test_a_haproxy_killed_while_it_answers_is_no_answer_at_all(start):
    running = start(MANY)
    converse = unix_conversation(running.runtime_socket)

    def killed_meanwhile(line: bytes) -> bytes:
        running.signal(signal.SIGKILL)
        return converse(line)

    with pytest.raises((ReplyCutShort, SocketUnreachable)):
        Runtime(killed_meanwhile, capabilities=running.binary.capabilities, map_folder="/maps").observe(None)


def test_an_answer_beyond_the_limit_is_not_read_to_its_end(start):
    running = start(MANY)

    with pytest.raises(ReplyNotUnderstood):
        unix_conversation(running.runtime_socket, limit_bytes=10_000)(b"show servers state\n")


def test_figures_are_shown_for_process_frontends_and_a_slot(start):
    running = start(FRONT + FREE)
    with Pod("pod-a") as pod:
        where = f"{pod.ip}:{pod.port}"
        execute(Plan((part(f"s1 addr {where}; s1 weight 7", "s1 ready", s1=f"{where} weight=7"),)), running.runtime())
        got(running.front)
    inspection = Inspection(str(running.runtime_socket))

    process = inspection.process()
    (frontend,) = inspection.frontends()
    slot = inspection.slot("web", "s1")

    assert (process.pid, process.threads, process.max_connections) == (running.pid(), 2, 200)
    assert (frontend.name, frontend.status, frontend.requests) == ("front", "OPEN", 1)
    assert (slot.status, slot.weight, slot.requests) == ("no check", 7, 1)
    assert inspection.slot("web", "s9") is None
    assert inspection.slot("gone", "s1") is None


def test_a_name_that_would_be_a_second_command_is_not_asked_for(start):
    inspection = Inspection(str(start(FREE).runtime_socket))

    with pytest.raises(WrongUsage):
        inspection.slot("web", "s1; disable server web/s1")


def test_a_stopped_haproxy_is_not_waited_for_by_who_looks(start):
    running = start(FREE)
    inspection = Inspection(str(running.runtime_socket), timeout_seconds=0.1)
    running.freeze()

    with pytest.raises(SocketTimeout):
        inspection.process()


STRANGERS: list[Callable[[str], object]] = [
    lambda path: identify(unix_conversation(path, timeout_seconds=0.5)),
    lambda path: Inspection(path, timeout_seconds=0.5),
    lambda path: Runtime(
        unix_conversation(path, timeout_seconds=0.5), capabilities=Capabilities((2, 8)), map_folder="/maps"
    ).observe(None),
]


@pytest.mark.parametrize("look", STRANGERS)
@pytest.mark.parametrize("says", [b"", b"220 mail\r\n", b"show info\n", b"\x00\xff" * 100])
def test_another_program_on_the_socket_is_an_error_of_ours(tmp_path, monkeypatch, look, says):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("stranger.sock")
        listener.listen()
        threading.Thread(target=answer_once, args=(listener, says), daemon=True).start()

        with pytest.raises(HadynError):
            look("stranger.sock")


def answer_once(listener: socket.socket, says: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(says)
