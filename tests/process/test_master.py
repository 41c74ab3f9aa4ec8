"""What masters of five versions answered, read as values; integration/ asks the real ones."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.errors import NotHAProxy, ReplyCutShort, SocketTimeout, SocketUnreachable
from hadyn.process.master import Processes, ask, has_failed, processes_in, worker_pid_in

HEAD = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
AFTER_START_2_6 = f"""{HEAD}\
11741           master          0 [failed: 0]   0d00h00m00s     2.6.12-1+deb12u4
# workers
11743           worker          0               0d00h00m00s     2.6.12-1+deb12u4
# programs

"""
AFTER_FAILED_RELOAD_2_8 = f"""{HEAD}\
11772           master          2 [failed: 1]   0d00h00m01s     2.8.25-5cf5d0683
# workers
11778           worker          1               0d00h00m01s     2.8.25-5cf5d0683
# programs

"""
AFTER_FAILED_RELOAD_3_4 = f"""{HEAD}\
11838           master          2 [failed: 1]   0d00h00m01s     3.4.7-1
# workers
# old workers
11843           worker          1               0d00h00m01s     3.4.7-1

"""
WITH_OLD_WORKERS = f"""{HEAD}\
5               master          9 [failed: 0]   0d00h00m01s     3.2.26-1
# workers
90              worker          0               0d00h00m01s     3.2.26-1
# old workers
70              worker          2               0d00h00m01s     3.2.26-1
80              worker          1               0d00h00m01s     3.2.26-1
"""


@pytest.mark.parametrize(
    ("said", "processes", "old"),
    [
        (AFTER_START_2_6, Processes(11741, 0, 0, (11743,)), 0),
        (AFTER_FAILED_RELOAD_2_8, Processes(11772, 2, 1, (11778,)), 0),
        (AFTER_FAILED_RELOAD_3_4, Processes(11838, 2, 1, (11843,)), 0),
        (WITH_OLD_WORKERS, Processes(5, 9, 0, (90, 70, 80)), 2),
    ],
)
def test_the_table_of_processes_is_read_in_every_version(said: str, processes: Processes, old: int) -> None:
    assert processes_in(said) == processes
    assert processes_in(said).old_workers == old


@pytest.mark.parametrize("said", ["", "HTTP/1.1 400 Bad Request\r\n", "Unknown command.\n", HEAD])
def test_an_answer_without_a_master_is_not_haproxys(said: str) -> None:
    with pytest.raises(NotHAProxy):
        processes_in(said)


def test_the_serving_worker_is_the_one_that_names_itself() -> None:
    assert worker_pid_in("Name: HAProxy\nPid: 4711\nUptime: 0d\n") == 4711
    assert worker_pid_in("Permission denied\n") is None


@pytest.mark.parametrize(
    ("said", "is_so"), [("Success=0\n--\n[ALERT] …", True), ("Success=1\n--\n", False), ("", False)]
)
def test_only_a_plain_no_is_a_failed_reload(said: str, is_so: bool) -> None:
    assert has_failed(said) is is_so


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen(1)
        yield listening


def test_a_socket_where_nobody_answers_is_a_timeout(listener: socket.socket) -> None:
    with pytest.raises(SocketTimeout):
        ask(Path(listener.getsockname()), "show proc", timeout_seconds=0.01)


def test_a_socket_file_that_a_killed_haproxy_left_is_unreachable(listener: socket.socket) -> None:
    path = Path(listener.getsockname())
    listener.close()
    with pytest.raises(SocketUnreachable, match="Connection refused"):
        ask(path, "show proc")


def test_a_path_too_long_for_a_socket_is_unreachable() -> None:
    with pytest.raises(SocketUnreachable, match="too long"):
        ask(Path("/" + "x" * 200), "show proc")


def test_a_connection_that_breaks_after_the_command_is_no_reason_to_send_it_again(listener: socket.socket) -> None:
    def reset() -> None:
        connection, _ = listener.accept()
        connection.close()  # with the command unread, which resets the connection

    thread = threading.Thread(target=reset)
    thread.start()
    path = Path(listener.getsockname())
    with pytest.raises(ReplyCutShort):
        ask(path, "reload " + "x" * 1_000_000)
    thread.join()
