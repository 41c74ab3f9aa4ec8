"""What docs/dns.md says can be typed: its manifests are those of examples/, its commands work."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.knot import Knot
from integration.named_pods import ip
from integration.reader import ROOT, Reader, tools_in

pytestmark = pytest.mark.root

PAGE = (ROOT / "docs" / "dns.md").read_text()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """One whose hadyn has folders of its own."""
    environment = os.environ | {
        "PATH": f"{tools_in(tmp_path)}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HADYN_STATE_DIR": str(tmp_path / "state"),
        "HADYN_BIND": "127.0.0.1",
        "HADYN_STATUS_BIND": "",
    }
    with Reader(environment) as reader:
        yield reader


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_manifests_of_the_example() -> None:
    assert blocks("yaml") == [(ROOT / "examples" / "consul" / "api.yaml").read_text()]


def test_the_page_on_names_leads_to_an_answer_and_to_who_gave_it(reader: Reader, pods: Pods) -> None:
    ports = {number: pods.start(f"api-{number}", ip(number), 0).address.port for number in (1, 2)}
    services = [f"_api._tcp.service SRV 1 1 {port} node-{number}" for number, port in ports.items()]
    hosts = [f"{name} A {ip(number)}" for number in ports for name in (f"node-{number}", "api.service")]
    commands = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    with Knot(*services, *hosts, zone="consul", port=8600):
        said = {command.split()[1]: "" for command in commands}
        for command in commands:
            said[command.split()[1]] += reader.types(command)

    seat = f"{ip(1)}:{ports[1]}"
    assert said["--silent"].strip() in ("api-1", "api-2")
    assert re.search(rf"{re.escape(seat)} +serving .* node-1.consul +default_api/s[12]$", said["resolve"], re.MULTILINE)
    assert f"{ip(2)} " in said["resolve"].partition("api.service.consul")[2]
    assert all(word in said[command] for command in ("slots", "explain") for word in (seat, "node-1.consul"))


def test_resolve_shows_each_change_while_it_watches() -> None:
    with Knot(f"web A {ip(1)}") as knot:
        words = ["resolve", "web.example.", "--type", "A", "--dns-server", str(knot.address), "--watch"]
        command = [sys.executable, "-m", "hadyn", *words, "--interval", "100ms"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout
            first = [next(watching.stdout) for _ in range(3)]
            knot.publish(f"web A {ip(1)}", f"web A {ip(2)}")
            then = [next(watching.stdout) for _ in range(4)]
            knot.stop()
            at_last = [next(watching.stdout) for _ in range(4)]
            watching.send_signal(signal.SIGINT)
    assert "web.example. A: valid, 1 record" in first[0]
    assert "web.example. A: valid, 2 records" in then[0]
    assert [line.split()[0] for line in then[2:]] == [ip(1), ip(2)]
    assert re.match(r"web.example. A: timeout: cannot ask .*, 2 records, .*not confirmed for", at_last[0])
    assert [line.split()[:2] for line in at_last[2:]] == [[ip(1), "held"], [ip(2), "held"]]
