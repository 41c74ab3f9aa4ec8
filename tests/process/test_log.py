"""HAProxy's own log stays small while HAProxy appends to it."""

from pathlib import Path

import pytest

from hadyn.process.log import KEPT, LARGEST, ProcessLog


@pytest.fixture
def log(tmp_path: Path) -> ProcessLog:
    return ProcessLog(tmp_path / "haproxy.log")


def test_a_large_log_keeps_its_end_in_whole_lines_and_its_writer(log: ProcessLog) -> None:
    with log.open() as haproxy:
        haproxy.writelines(b"[WARNING] line %08d\n" % number for number in range(LARGEST // 20))
        haproxy.flush()
        log.trim()
        haproxy.write(b"[NOTICE] the last\n")
    lines = log.path.read_bytes().splitlines()
    assert log.size() <= KEPT + 20
    assert lines[-1] == b"[NOTICE] the last"
    assert {line[:15] for line in lines[:-1]} == {b"[WARNING] line "}


def test_a_small_log_is_left_alone(log: ProcessLog) -> None:
    with log.open() as haproxy:
        haproxy.write(b"one\n")
    log.trim()
    assert log.path.read_bytes() == b"one\n"


def test_what_was_said_since_a_moment_is_found_again(log: ProcessLog) -> None:
    with log.open() as haproxy:
        haproxy.write(b"before\n")
        haproxy.flush()
        position = log.size()
        haproxy.write(b"after\n")
    assert log.since(position) == "after\n"


def test_a_log_that_is_not_there_yet_says_nothing(log: ProcessLog) -> None:
    log.trim()
    assert (log.size(), log.since(0)) == (0, "")


def test_the_log_is_private_and_never_somebody_elses_file(log: ProcessLog, tmp_path: Path) -> None:
    log.open().close()
    assert log.path.stat().st_mode & 0o777 == 0o600
    log.path.unlink()
    log.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        log.open()
