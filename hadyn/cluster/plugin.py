"""Run a credential plugin to its end, or to the end of patience.

This file is a program of its own: the kubernetes package waits for whatever it starts, for
ever and with all requests behind it, so it is given this to start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

SECONDS = 30
"""Plugins of clouds take some seconds; nobody is there to log in by hand."""
NOT_RUN = 127
GAVE_UP = 124


def patient(command: str, arguments: Sequence[str], seconds: float = SECONDS) -> list[str]:
    """Return the words that run a plugin so that it ends in time."""
    return [sys.executable, "-I", __file__, str(seconds), command, *arguments]


def run(seconds: float, command: Sequence[str]) -> int:
    """Run it, pass on what it prints, and return its exit status."""
    try:
        plugin = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    except OSError as cause:
        sys.stderr.write(f"cannot run {command[0]}: {cause.strerror}\n")
        return NOT_RUN
    try:
        printed, _ = plugin.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        # With all that it has started: one of those may hold its output open.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(plugin.pid, signal.SIGKILL)
        plugin.wait()
        sys.stderr.write(f"{command[0]} did not end within {seconds:g} s\n")
        return GAVE_UP
    sys.stdout.buffer.write(printed)
    sys.stdout.flush()
    return plugin.returncode


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), sys.argv[2:]))
