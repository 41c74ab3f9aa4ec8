"""Speak with HAProxy's master: which processes there are, whether a reload came off.

Rules: one connection a question, its write side closed, because the master's socket stays
open otherwise; while the master executes itself anew, connections are refused, so
everything is asked again for a while. haproxy-facts.md#master-refuses-while-reloading
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tenacity

from hadyn.errors import NotHAProxy, ReplyCutShort, SocketTimeout, SocketUnreachable

PROCESS = re.compile(r"^(\d+)\s+(master|worker)\s+(\d+)(?:\s+\[failed: (\d+)\])?", re.MULTILINE)
PID = re.compile(r"^Pid: (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Processes:
    """What ``show proc`` tells: the master's pid, its reloads and those that failed since the last success.

    ``workers`` are pids, the old ones included that still finish their requests.
    """

    master: int
    reloads: int
    failed: int
    workers: tuple[int, ...]

    @property
    def old_workers(self) -> int:
        """How many workers wait for their end. After a failed reload the one that serves is listed as old, too."""
        return max(0, len(self.workers) - 1)


def ask(path: Path, command: str, *, timeout_seconds: float = 5.0) -> str:
    """Send one command to a socket of HAProxy and return all of its answer.

    Raises SocketUnreachable; SocketTimeout when the answer takes longer; ReplyCutShort when
    the command was sent, so that it may have been carried out, and the connection broke.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_seconds)
        try:
            connection.connect(str(path))
        except TimeoutError as cause:
            raise SocketTimeout(str(path), timeout_seconds) from cause
        except OSError as cause:
            raise SocketUnreachable(str(path), cause) from cause
        try:
            connection.sendall(command.encode("ascii") + b"\n")
            connection.shutdown(socket.SHUT_WR)
            answer = bytearray()
            while received := connection.recv(65536):
                answer += received
        except TimeoutError as cause:
            raise SocketTimeout(str(path), timeout_seconds) from cause
        except OSError as cause:
            raise ReplyCutShort(str(path), commands=1, replies=0) from cause
    return answer.decode("latin-1")


def ask_again(path: Path, command: str, *, timeout_seconds: float, while_true: Callable[[], bool]) -> str:
    """As ``ask``, but go on trying for up to timeout_seconds while nobody answers and ``while_true`` holds."""
    again = _again(lambda failure: isinstance(failure, SocketUnreachable) and while_true(), timeout_seconds)
    return again(ask, path, command, timeout_seconds=timeout_seconds)


def list_processes(path: Path, *, timeout_seconds: float, while_true: Callable[[], bool]) -> Processes:
    """Return the processes; a master that executes itself anew in the middle of its answer is asked again, too."""

    def look() -> Processes:
        said = ask(path, "show proc", timeout_seconds=timeout_seconds)
        if not said:
            raise ReplyCutShort(str(path), commands=1, replies=0)
        return processes_in(said)

    is_passing = SocketUnreachable, ReplyCutShort
    return _again(lambda failure: isinstance(failure, is_passing) and while_true(), timeout_seconds)(look)


def _again(is_passing: Callable[[BaseException], bool], seconds: float) -> tenacity.Retrying:
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_passing),
        stop=tenacity.stop_after_delay(seconds),
        wait=tenacity.wait_random(0.005, 0.03),
        reraise=True,
    )


def processes_in(said: str) -> Processes:
    """Read ``show proc``; raises NotHAProxy where there is no master in it."""
    found = PROCESS.findall(said)
    masters = [(int(pid), int(reloads), int(failed or 0)) for pid, kind, reloads, failed in found if kind == "master"]
    if len(masters) != 1:
        raise NotHAProxy(
            "the master socket does not answer as HAProxy's does",
            remedy="Another program may have taken the socket; look into the state folder",
        )
    return Processes(*masters[0], tuple(int(pid) for pid, kind, *_ in found if kind == "worker"))


def worker_pid_in(said: str) -> int | None:
    """Return the pid that ``show info`` on the runtime socket names."""
    found = PID.search(said)
    return int(found[1]) if found else None


def is_stopping(said: str) -> bool:
    """Tell whether ``@!PID show info`` is of a worker that takes no more commands, or of none that is there."""
    return "\nStopping: 1\n" in said or not worker_pid_in(said)


def has_succeeded(said: str) -> bool:
    """Tell whether a reply to ``reload`` says that it came off; 2.6 never says."""
    return said.startswith("Success=1")


def has_failed(said: str) -> bool:
    """Tell whether a reply to ``reload`` says that it failed; 2.6 never says. haproxy-facts.md#reload-answers"""
    return said.startswith("Success=0")
