"""Lines of docs/haproxy-facts.md about sockets that outlive or do not outlive, shown on every HAProxy at hand."""

from __future__ import annotations

import os
import select
import signal
import socket

import pytest

from hadyn.errors import SocketTimeout
from hadyn.process.master import ask
from integration.haproxies import RunningHAProxy
from integration.unseated import REPLACEMENTS

FREE = "backend web\n  server-template s 1-2 127.0.0.1:1 disabled\n"
SHORT_TIMEOUT = "global\n  stats timeout 1s\n"
SILENT_MILLISECONDS = 2000
ENDING_MILLISECONDS = 5000
SILENCE_SECONDS = 0.5
MANY = 5000


def address(running: RunningHAProxy) -> str:
    """Where the first slot points."""
    return running.say("show servers state web").strip().split("\n")[2].split()[4]


def has_reloaded(running: RunningHAProxy) -> bool:
    """A master that reloads answers nothing at first."""
    return "# workers" in running.say_to_master("show proc")


def goes_unanswered(running: RunningHAProxy, question: str) -> bool:
    try:
        ask(running.master_socket, question, timeout_seconds=SILENCE_SECONDS)
    except SocketTimeout:
        return True
    return False


@pytest.mark.fact("a-reload-keeps-its-sockets")
def test_a_reload_opens_a_removed_runtime_socket_only_by_another_spelling(start):
    running = start(FREE, is_master=True)
    running.runtime_socket.unlink()
    running.say_to_master("reload")
    running.wait_until(lambda: has_reloaded(running))
    assert not running.runtime_socket.exists()

    path = running.folder / "haproxy.cfg"
    path.write_text(path.read_text().replace("/runtime.sock", "//runtime.sock"))
    running.say_to_master("reload")

    running.wait_until(lambda: running.pid() > 0)


@pytest.mark.fact("a-signal-opens-the-master-socket")
@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_a_signal_to_the_master_opens_its_socket_anew_wherever_it_is(start, replacement):
    running = start(FREE, is_master=True)
    before = running.pid()
    replacement(running.master_socket)
    running.signal(signal.SIGUSR2)
    running.wait_until(lambda: has_reloaded(running) and running.pid() not in (0, before))


def test_the_masters_socket_is_there_all_through_a_reload(start):
    running = start(FREE, is_master=True)
    before, seen = running.pid(), set()
    running.say_to_master("reload")
    running.wait_until(lambda: seen.add(running.master_socket.is_socket()) or running.pid() not in (0, before))
    assert seen == {True}


@pytest.mark.fact("a-silent-connection-to-the-master-stays")
def test_a_silent_connection_to_the_master_ends_with_a_reload_and_with_the_master(start):
    running = start(SHORT_TIMEOUT + FREE, is_master=True)
    for end in (lambda: running.say_to_master("reload"), lambda: os.kill(running.pid(), signal.SIGKILL)):
        running.wait_until(lambda: running.pid() > 0 and has_reloaded(running))
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(running.master_socket))
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            assert poll.poll(SILENT_MILLISECONDS) == []
            end()
            assert poll.poll(ENDING_MILLISECONDS)


@pytest.mark.fact("a-gone-worker-is-asked-in-vain")
def test_the_master_may_leave_a_question_about_a_gone_worker_unanswered(start):
    running = start(FREE, is_master=True)
    gone = running.pid()
    running.reload()
    running.wait_until(lambda: f"\n{gone} " not in running.say_to_master("show proc"))
    question = f"@!{gone} show info"
    assert any(goes_unanswered(running, question) for _ in range(MANY)) == running.binary.is_at_least(2, 8)
    assert "# workers" in running.say_to_master("show proc")


@pytest.mark.fact("a-line-outlives-who-sent-it")
def test_a_line_is_carried_out_after_its_sender_has_gone(start):
    running = start(FREE)
    running.freeze()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(running.runtime_socket))
        connection.sendall(b"set server web/s1 addr 10.0.0.1 port 80\n")

    running.signal(signal.SIGCONT)

    running.wait_until(lambda: address(running) == "10.0.0.1")
