"""Every command of docs/sidecar.md does what the page says."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.running import Ground

ROOT = Path(__file__).parents[1]
COMMANDS = re.findall(r"^\$ (.*)$", (ROOT / "docs" / "sidecar.md").read_text(), re.MULTILINE)
STARTING_SECONDS = 30.0


@pytest.fixture
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@contextlib.contextmanager
def typed(command: str, environment: dict[str, str]) -> Iterator[subprocess.CompletedProcess[str] | None]:
    """Type a command; one that goes to the background is ended behind."""
    if not command.endswith("&"):
        yield subprocess.run(
            ["sh", "-c", command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        return
    process = subprocess.Popen(["sh", "-c", f"exec {command.removesuffix('&')}"], env=environment, cwd=ROOT)
    try:
        yield None
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STARTING_SECONDS)


def test_the_page_about_sidecars_says_what_works(ground: Ground) -> None:
    port = ground.http_port
    tools = ground.place / "bin"
    tools.mkdir()
    (tools / "hadyn").write_text(f'#!/bin/sh\nexec {sys.executable} -m hadyn "$@"\n')
    (tools / "hadyn").chmod(0o755)
    assert ground.haproxy
    (tools / "haproxy").symlink_to(ground.haproxy)
    environment = {
        "PATH": f"{tools}:{os.defpath}",
        "PYTHONPATH": str(ROOT),
        "HADYN_HTTP_PORT": str(port),
        "HADYN_HTTPS_PORT": str(ground.another_port()),
        "HADYN_BIND": "127.0.0.1",
        "HADYN_STATUS_BIND": "",
    }
    assert [command.split()[0] for command in COMMANDS] == ["hadyn", "haproxy", "hadyn", "hadyn"]

    with contextlib.ExitStack() as running:
        for command in COMMANDS[:-1]:
            running.enter_context(typed(command.replace("/hadyn", str(ground.folder.path)), environment))
            ground.until(ground.folder.main_config.exists, STARTING_SECONDS)
        ground.until(lambda: ground.get("/", "shop.example")[0] in (200, 503), STARTING_SECONDS)
        status = running.enter_context(
            typed(COMMANDS[-1].replace("/hadyn", str(ground.folder.path)), environment),
        )

    assert status is not None
    assert status.returncode == 0, status.stderr
    assert "NEW_BACKEND" in status.stdout
