"""Processes held by pidfd, children and strangers alike."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hadyn.process.handle import ProcessHandle, leads_session, processes_with


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_the_end_of_a_child_is_noticed_and_the_child_reaped(sleeper: subprocess.Popen[bytes]) -> None:
    handle = ProcessHandle(sleeper.pid, sleeper)
    assert handle.is_running
    assert not handle.wait(0)
    handle.send(signal.SIGTERM)
    assert handle.wait(None)
    assert sleeper.returncode == -signal.SIGTERM


def test_the_end_of_a_process_that_is_no_child_is_noticed(sleeper: subprocess.Popen[bytes]) -> None:
    script = (
        "import sys; from hadyn.process.handle import ProcessHandle; print(ProcessHandle(int(sys.argv[1])).wait(30))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(sleeper.pid)], stdout=subprocess.PIPE) as watcher:
        sleeper.terminate()
        assert watcher.communicate()[0] == b"True\n"


def test_a_signal_to_a_process_that_is_gone_hits_nobody(sleeper: subprocess.Popen[bytes]) -> None:
    handle = ProcessHandle(sleeper.pid, sleeper)
    handle.send(signal.SIGKILL)
    handle.wait(None)
    handle.send(signal.SIGTERM)
    assert not handle.is_running


def test_a_process_that_is_gone_cannot_be_held(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(ProcessLookupError):
        ProcessHandle(sleeper.pid)


def test_a_handle_that_nobody_needs_gives_its_descriptor_back(sleeper: subprocess.Popen[bytes]) -> None:
    handle = ProcessHandle(sleeper.pid)
    descriptor = handle.fileno()
    del handle
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_process_is_found_by_words_of_its_command_line() -> None:
    command = [sys.executable, "-c", "print(flush=True); input()", "-S", "one.sock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # its command line is there
        assert list(processes_with(("-S", "one.sock"))) == [process.pid]
        assert list(processes_with(("one.sock", "-S"))) == []
        process.communicate(b"\n")


def test_a_process_leads_a_session_only_if_it_was_started_in_one(sleeper: subprocess.Popen[bytes]) -> None:
    with subprocess.Popen(["sleep", "60"]) as follower:
        assert (leads_session(sleeper.pid), leads_session(follower.pid)) == (True, False)
        follower.kill()
