"""Run a program as a container would: with process ids and mounts of its own.

``python -m integration.namespaces [--hide FOLDER]… -- PROGRAM…`` needs root. Signals are
passed on, the exit status is the program's, and it does not outlive this process.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys

NEW_MOUNTS, NEW_PIDS = 0x00020000, 0x20000000
PRIVATE_FOR_ALL = 0x4000 | 0x40000
SET_DEATH_SIGNAL = 1
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGABRT, signal.SIGUSR1, signal.SIGUSR2)

libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hide", action="append", default=[], metavar="FOLDER")
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    _checked(libc.unshare(NEW_MOUNTS | NEW_PIDS))
    child = os.fork()
    if child == 0:
        _become(arguments.program, arguments.hide)
    for number in PASSED_ON:
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) % 256


def _become(program: list[str], hidden: list[str]) -> None:
    """Take the place of the first process of the new namespace."""
    _checked(libc.prctl(SET_DEATH_SIGNAL, signal.SIGKILL))
    _mount("none", "/", "", PRIVATE_FOR_ALL)
    _mount("proc", "/proc", "proc", 0)
    for folder in hidden:
        _mount("none", folder, "tmpfs", 0)
    os.execvp(program[0], program)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _checked(libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    sys.exit(main())
