"""Every command of docs/tls.md does what the page says."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path

import pytest

from integration.haproxies import free_port
from integration.running import Ground
from integration.test_sidecar_page import typed

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tls.md").read_text()
FIRST, CLIENTS = (
    re.findall(r"^\$ (.*)$", section, re.MULTILINE)
    for section in re.split("^## ", PAGE, flags=re.MULTILINE)
    if "\n$ " in section
)
HELD = "certificate of secret shop/secure: ECDSA, until "


@pytest.fixture
def environment(any_ground: Ground) -> dict[str, str]:
    any_ground.https_port = free_port()
    tools = any_ground.place / "bin"
    tools.mkdir()
    (tools / "hadyn").write_text(f'#!/bin/sh\nexec {sys.executable} -m hadyn "$@"\n')
    (tools / "hadyn").chmod(0o755)
    (tools / "kubectl").symlink_to(Path(sys.executable).parent / "kubectl")
    return {
        "PATH": f"{tools}:{os.defpath}",
        "PYTHONPATH": str(ROOT),
        "HADYN_HTTP_PORT": str(any_ground.http_port),
        "HADYN_HTTPS_PORT": str(any_ground.https_port),
        "HADYN_STATE_DIR": str(any_ground.folder.path),
        "HADYN_HAPROXY": str(any_ground.haproxy),
        "HADYN_BIND": "127.0.0.1",
        "HADYN_STATUS_BIND": f"127.0.0.1:{any_ground.status_port}",
    }


def here(ground: Ground, commands: list[str]) -> list[str]:
    return [each.replace("/tmp/", f"{ground.place}/").replace("8443", str(ground.https_port)) for each in commands]


def test_the_page_about_certificates_says_what_works(any_ground: Ground, environment: dict[str, str]) -> None:
    commands = here(any_ground, FIRST)
    assert [command.split()[0] for command in commands] == ["openssl", "kubectl", "hadyn", "curl", "hadyn"]

    with contextlib.ExitStack() as running:
        made = [running.enter_context(typed(command, environment)) for command in commands[:2]]
        running.enter_context(typed(commands[2], environment))
        any_ground.until(lambda: any_ground.status()["haproxy"]["running"])
        asked, explained = (running.enter_context(typed(command, environment)) for command in commands[3:])

    assert [each.returncode for each in (*made, asked, explained) if each] == [0, 0, 0, 0]
    assert "503" in asked.stdout
    assert HELD in explained.stdout


def test_the_page_about_clients_with_certificates_says_what_works(
    any_ground: Ground, environment: dict[str, str]
) -> None:
    commands = here(any_ground, CLIENTS)
    assert [command.split()[0] for command in commands] == ["openssl", "openssl", "kubectl", "hadyn", "curl", "curl"]

    with contextlib.ExitStack() as running:
        made = [running.enter_context(typed(command, environment)) for command in commands[:3]]
        running.enter_context(typed(commands[3], environment))
        any_ground.until(lambda: any_ground.status()["haproxy"]["running"])
        unknown, alice = (running.enter_context(typed(command, environment)) for command in commands[4:])

    assert [each.returncode for each in (*made, unknown, alice) if each] == [0] * 5
    assert ("403" in unknown.stdout, "503" in alice.stdout) == (True, True)
