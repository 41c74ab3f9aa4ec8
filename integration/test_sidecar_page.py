"""Every command of docs/sidecar.md does what the page says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from integration.reader import ROOT, Reader, tools_in
from integration.running import Ground

COMMANDS = re.findall(r"^\$ (.*)$", (ROOT / "docs" / "sidecar.md").read_text(), re.MULTILINE)
STARTING_SECONDS = 30.0


@pytest.fixture
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


def test_the_page_about_sidecars_says_what_works(ground: Ground) -> None:
    port = ground.http_port
    tools = tools_in(ground.place / "bin")
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

    with Reader(environment) as reader:
        for command in COMMANDS[:-1]:
            reader.types(command.replace("/hadyn", str(ground.folder.path)))
            ground.until(ground.folder.main_config.exists, STARTING_SECONDS)
        ground.until(lambda: ground.get("/", "shop.example")[0] in (200, 503), STARTING_SECONDS)
        status = reader.types(COMMANDS[-1].replace("/hadyn", str(ground.folder.path)))

    assert "NEW_BACKEND" in status
