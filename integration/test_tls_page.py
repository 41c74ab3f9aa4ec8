"""Every command of docs/tls.md does what the page says."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
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


def environment(ground: Ground) -> dict[str, str]:
    """What a reader has set, so that the page's commands are about this ground."""
    ground.https_port = free_port()
    tools = tools_in(ground.place / "bin")
    (tools / "kubectl").symlink_to(Path(sys.executable).parent / "kubectl")
    return {
        "PATH": f"{tools}:{os.defpath}",
        "PYTHONPATH": str(ROOT),
        "HADYN_HTTP_PORT": str(ground.http_port),
        "HADYN_HTTPS_PORT": str(ground.https_port),
        "HADYN_STATE_DIR": str(ground.folder.path),
        "HADYN_HAPROXY": str(ground.haproxy),
        "HADYN_BIND": "127.0.0.1",
        "HADYN_STATUS_BIND": f"127.0.0.1:{ground.status_port}",
    }


def here(ground: Ground, commands: list[str]) -> list[str]:
    return [each.replace("/tmp/", f"{ground.place}/").replace("8443", str(ground.https_port)) for each in commands]


@with_every_haproxy
def test_the_page_about_certificates_says_what_works(ground: Ground, pods: Pods) -> None:
    reading = environment(ground)
    commands = here(ground, FIRST)
    assert [command.split()[0] for command in commands] == ["openssl", "kubectl", "hadyn", "curl", "hadyn"]

    with Reader(reading) as reader:
        for command in commands[:3]:
            reader.types(command)
        ground.until(lambda: ground.status()["haproxy"]["running"])
        asked, explained = map(reader.types, commands[3:])

    assert "503" in asked
    assert HELD in explained


@with_every_haproxy
def test_the_page_about_clients_with_certificates_says_what_works(ground: Ground, pods: Pods) -> None:
    reading = environment(ground)
    commands = here(ground, CLIENTS)
    assert [command.split()[0] for command in commands] == ["openssl", "openssl", "kubectl", "hadyn", "curl", "curl"]

    with Reader(reading) as reader:
        for command in commands[:4]:
            reader.types(command)
        ground.until(lambda: ground.status()["haproxy"]["running"])
        unknown, alice = map(reader.types, commands[4:])

    assert ("403" in unknown, "503" in alice) == (True, True)
