"""Somebody who reads a page of the docs and types its commands."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[1]
COMMAND_SECONDS = 90.0


class Reader:
    """Types commands into a shell with this environment, in the folder of the sources."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._background: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what goes on in the background, the last one first."""
        while self._background:
            process = self._background.pop()
            process.send_signal(signal.SIGTERM)
            process.wait(COMMAND_SECONDS)

    def types(self, command: str) -> str:
        """Run a command; return what it says, or "" for one that goes on in the background."""
        if not command.endswith("&"):
            return self.done(command).stdout
        words = ["bash", "-c", f"exec {command.removesuffix('&')}"]
        self._background.append(subprocess.Popen(words, cwd=ROOT, env=self._environment))
        return ""

    def done(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its good end."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done


def tools_in(folder: Path) -> Path:
    """Make a folder for PATH where ``hadyn`` is that of these sources; PYTHONPATH has to say where they are."""
    folder.mkdir(exist_ok=True)
    (folder / "hadyn").write_text(f'#!/bin/sh\nexec {sys.executable} -m hadyn "$@"\n')
    (folder / "hadyn").chmod(0o755)
    return folder
