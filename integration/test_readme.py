"""What README.md has a newcomer type does what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest

from integration.reader import ROOT, Reader, tools_in
from integration.running import Ground

pytestmark = pytest.mark.root

PAGE = (ROOT / "README.md").read_text().partition("## On a folder of manifests")[2].partition("## In a cluster")[0]
TYPED = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
ROWS = re.findall(r"`(hadyn [^`]*)`", "".join(line for line in PAGE.splitlines() if line.startswith("|")))

PATIENTLY = "--silent --fail --retry 30 --retry-all-errors --retry-delay 1"


@pytest.fixture
def ground() -> Iterator[Ground]:
    with Ground() as ground:
        yield ground


@pytest.fixture
def reader(ground: Ground) -> Iterator[Reader]:
    environment = os.environ | {
        "PATH": f"{tools_in(ground.place / 'bin')}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HADYN_STATE_DIR": str(ground.folder.path),
        "HADYN_HTTP_PORT": str(ground.http_port),
        "HADYN_HTTPS_PORT": str(ground.another_port()),
        "HADYN_STATUS_BIND": f"127.0.0.1:{ground.status_port}",
    }
    with Reader(environment) as reader:
        yield reader


def test_a_newcomer_gets_an_answer_and_sees_who_sits_where(ground: Ground, reader: Reader) -> None:
    install, run, listen, ask, *look = TYPED
    assert install.startswith("pip install '.[haproxy]'")
    reader.types(f"{run} &")
    reader.types(listen)
    reader.types(f"curl {PATIENTLY} http://127.0.0.1:{ground.status_port}/readyz")
    assert "README.md" in reader.types(f"{ask} {PATIENTLY}".replace(":8080", f":{ground.http_port}"))
    said = {command.removeprefix("hadyn "): reader.done(command) for command in (*look, *ROWS)}
    assert all(done.stdout + done.stderr for done in said.values())
    assert re.search(r"s1 +ready +127.0.0.11:9001 +shop/web-1", said["slots shop_web_80"].stdout)
    assert "shop/web:80" in said["slots"].stdout
    assert "backend  shop_cart_80" in said["explain http://shop.example/cart"].stdout
