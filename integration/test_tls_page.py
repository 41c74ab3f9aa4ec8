"""Every command of docs/tls.md does what the page says."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from integration.haproxies import free_port
from integration.reader import ROOT, Reader, tools_in
from integration.running import Ground

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
    tools = tools_in(any_ground.place / "bin")
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

    with Reader(environment) as reader:
        for command in commands[:3]:
            reader.types(command)
        any_ground.until(lambda: any_ground.status()["haproxy"]["running"])
        asked, explained = map(reader.types, commands[3:])

    assert "503" in asked
    assert HELD in explained


def test_the_page_about_clients_with_certificates_says_what_works(
    any_ground: Ground, environment: dict[str, str]
) -> None:
    commands = here(any_ground, CLIENTS)
    assert [command.split()[0] for command in commands] == ["openssl", "openssl", "kubectl", "hadyn", "curl", "curl"]

    with Reader(environment) as reader:
        for command in commands[:4]:
            reader.types(command)
        any_ground.until(lambda: any_ground.status()["haproxy"]["running"])
        unknown, alice = map(reader.types, commands[4:])

    assert ("403" in unknown, "503" in alice) == (True, True)
