"""hadyn slots: from a hadyn that runs, or from HAProxy alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.shell_completion import ShellComplete

from hadyn.cli import hadyn
from hadyn.observe.http import HttpServer
from hadyn.render.folder import StateFolder
from hadyn.runtime.fake import FakeHAProxy
from tests.cli.invoking import invoke
from tests.cli.sockets import answering
from tests.observe.shop_view import ShopView

CONFIGURATION = """\
backend shop_web_80
    server s1 10.0.0.7:8080
    server s2 10.0.0.8:8080
    server-template s 3-10 127.0.0.1:1 disabled
backend _503
"""


@pytest.fixture
def state_dir(folder: StateFolder) -> Path:
    return folder.path


@pytest.fixture
def running(state_dir: Path) -> Iterator[Path]:
    """A hadyn that runs, with two backends of three pods each."""
    with HttpServer(ShopView(), bind="", control_socket=state_dir / "control.sock"):
        yield state_dir


class Fleeting(ShopView):
    """A hadyn that has one backend at the first two looks, two at the third, and no HAProxy after it."""

    def __init__(self):
        super().__init__(backends=0)
        self.looks = iter([1, 1, 2])

    def slots(self, backends):
        number = next(self.looks, 0)
        self.haproxy_answers = number > 0
        for each in range(number):
            self.add(f"shop_web{each}_80", f"shop/web{each}:80", each)
        return super().slots(backends)


@pytest.fixture
def haproxy(state_dir: Path) -> Iterator[Path]:
    """The runtime socket of a HAProxy without hadyn."""
    with answering(state_dir / "run" / "runtime.sock", FakeHAProxy(CONFIGURATION).converse):
        yield state_dir / "run" / "runtime.sock"


def test_each_backend_is_a_row_with_its_counts(running: Path):
    ended = invoke("slots", "--state-dir", running)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert ended.stdout == (
        "BACKEND           SERVICE           SLOTS   READY   DRAINING   MAINT   FREE   SESSIONS\n"
        "shop_web0000_80   shop/web0000:80   10      2       1          0       7      6\n"
        "shop_web0001_80   shop/web0001:80   10      2       1          0       7      6\n"
    )


def test_a_named_backend_is_shown_slot_by_slot(running: Path):
    rows = [row.split() for row in invoke("slots", "shop_web0001_80", "--state-dir", running).stdout.splitlines()]
    assert [row[:7] for row in rows] == [
        ["BACKEND", "SLOT", "STATE", "ADDRESS", "ENDPOINT", "WEIGHT", "SESSIONS"],
        ["shop_web0001_80", "s1", "ready", "10.0.1.1:8080", "shop/web-6865546d4-1", "1", "1"],
        ["shop_web0001_80", "s2", "ready", "10.0.1.2:8080", "shop/web-6865546d4-2", "1", "2"],
        ["shop_web0001_80", "s3", "drain", "10.0.1.3:8080", "shop/web-6865546d4-3", "1", "3"],
        ["shop_web0001_80", "s4-s10", "free", "-", "-", "-", "-"],
    ]


def test_wide_shows_the_slots_of_all_backends(running: Path):
    assert len(invoke("slots", "-o", "wide", "--state-dir", running).stdout.splitlines()) == 1 + 2 * 4


def test_names_of_backends_come_one_a_line(running: Path):
    assert invoke("slots", "-o", "name", "--state-dir", running).stdout == "shop_web0000_80\nshop_web0001_80\n"


def test_programs_get_the_same_document_as_json_and_yaml(running: Path):
    as_json = json.loads(invoke("slots", "-o", "json", "--state-dir", running).stdout)
    as_yaml = yaml.safe_load(invoke("slots", "-o", "yaml", "--state-dir", running).stdout)
    assert as_json == as_yaml
    assert [as_json[0][key] for key in ("backend", "service", "slots", "ready", "draining", "free", "sessions")] == [
        "shop_web0000_80", "shop/web0000:80", 10, 2, 1, 7, 6,
    ]  # fmt: skip


def test_watching_prints_again_only_what_differs(state_dir: Path):
    with HttpServer(Fleeting(), bind="", control_socket=state_dir / "control.sock"):
        ended = invoke("slots", "--watch", "--interval", "100ms", "-o", "name", "--state-dir", state_dir)
    assert ended.stdout == "shop_web0_80\n" + "shop_web0_80\nshop_web1_80\n"
    assert "cannot reach HAProxy" in ended.stderr


def test_a_backend_that_is_not_there_is_wrong_usage(running: Path):
    ended = invoke("slots", "shop_nothing_80", "--state-dir", running)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == "hadyn: there is no backend 'shop_nothing_80'. `hadyn slots` lists them all\n"


def test_haproxy_alone_tells_addresses_without_names(haproxy: Path):
    ended = invoke("slots", "shop_web_80", "--runtime-socket", haproxy)
    rows = [row.split()[:5] for row in ended.stdout.splitlines()[1:]]
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert rows == [
        ["shop_web_80", "s1", "ready", "10.0.0.7:8080", "-"],
        ["shop_web_80", "s2", "ready", "10.0.0.8:8080", "-"],
        ["shop_web_80", "s3-s10", "free", "-", "-"],
    ]


def test_a_haproxy_left_running_is_asked_where_no_hadyn_runs(haproxy: Path, state_dir: Path):
    ended = invoke("slots", "-o", "name", "--state-dir", state_dir)
    assert ended.stdout == "shop_web_80\n"
    assert ended.stderr == f"hadyn: no hadyn runs with {state_dir}; this is what HAProxy says\n"


def test_haproxy_alone_tells_which_backend_it_does_not_have(haproxy: Path):
    ended = invoke("slots", "shop_nothing_80", "--runtime-socket", haproxy)
    assert (ended.exit_code, ended.stderr) == (
        2,
        "hadyn: HAProxy has no backend 'shop_nothing_80'. `hadyn slots` lists them all\n",
    )


def test_nobody_on_the_runtime_socket_is_said(tmp_path: Path):
    ended = invoke("slots", "--runtime-socket", tmp_path / "x.sock")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("hadyn: cannot reach HAProxy on")


def test_another_program_on_the_runtime_socket_is_said(state_dir: Path):
    with answering(state_dir / "other.sock", lambda _line: b"220 mail.example ESMTP\n"):
        ended = invoke("slots", "--runtime-socket", state_dir / "other.sock")
    assert ended.exit_code == 1
    assert "is not HAProxy" in ended.stderr


def completions(*arguments: str, incomplete: str) -> list[str]:
    return [
        item.value
        for item in ShellComplete(hadyn, {}, "hadyn", "_HADYN_COMPLETE").get_completions(list(arguments), incomplete)
    ]


def test_names_of_backends_are_completed_while_a_hadyn_runs(running: Path):
    assert completions("slots", "--state-dir", str(running), incomplete="shop_web0001") == ["shop_web0001_80"]


def test_without_a_hadyn_there_is_nothing_to_complete(state_dir: Path):
    assert completions("slots", "--state-dir", str(state_dir), incomplete="shop") == []


def test_commands_are_completed_by_their_names():
    assert completions(incomplete="co") == ["completion"]
