"""hadyn status, and what all commands say when they ask a hadyn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.observe.http import HttpServer
from hadyn.render.folder import StateFolder
from tests.cli.invoking import SHOP, invoke
from tests.cli.sockets import answering
from tests.observe.shop_view import ShopView


@pytest.fixture
def view() -> ShopView:
    return ShopView()


@pytest.fixture
def running(folder: StateFolder, view: ShopView) -> Iterator[Path]:
    with HttpServer(view, bind="", control_socket=folder.path / "control.sock"):
        yield folder.path


def test_one_screen_tells_how_everything_is(running: Path):
    shown = invoke("status", "--state-dir", running).stdout
    assert re.sub(r"\d+[smhd] ago|up \d+[smhd]", "TIME", shown) == (
        "hadyn     0.1.0, pid 4711, TIME\n"
        "HAProxy   2.8.25, pid 4712, TIME, 1 worker\n"
        "traffic   12 of 2,000 connections, 4,711 requests since the worker's start\n"
        "serving   2 backends, 3 routes\n"
        "source    manifests: 12 objects, up to date\n"
        "last      TIME: shop/web0: 1 endpoint came (3 cycles)\n"
        "reloads   1: NEW_BACKEND 1\n"
        "problems  none\n"
    )


def test_problems_are_told_with_object_field_and_remedy(running: Path, view: ShopView):
    view.complain("web", "'shop.example' belongs to another namespace")
    shown = invoke("status", "--state-dir", running).stdout
    assert shown.endswith(
        "problems  1\n"
        "          ingress shop/web: spec.rules[0].host: 'shop.example' belongs to another namespace; take another\n"
    )


def test_a_haproxy_that_does_not_run_is_told(running: Path, view: ShopView):
    view.haproxy_answers = False
    assert "HAProxy   2.8.25, does not run\n" in invoke("status", "--state-dir", running).stdout


def test_a_haproxy_whose_master_nobody_reaches_serves_all_the_same(running: Path, view: ShopView):
    view.master_answers = False
    assert (
        "HAProxy   2.8.25, its master out of reach, up 5m, 1 worker\n"
        in invoke("status", "--state-dir", running).stdout
    )


def test_programs_get_the_status_as_json(running: Path):
    document = json.loads(invoke("status", "-o", "json", "--state-dir", running).stdout)
    assert (document["backends"], document["reloads"]["by_reason"]) == (2, {"NEW_BACKEND": 1})


def test_a_running_hadyn_with_nothing_to_do_says_so(running: Path):
    assert invoke("plan", "--state-dir", running).stdout == "nothing to do\n"


def test_manifests_on_the_command_line_count_more_than_a_running_hadyn(running: Path):
    assert "NEW_BACKEND" in invoke("plan", "--manifests", SHOP, "--state-dir", running).stdout
    in_environment = invoke("plan", "--state-dir", running, HADYN_MANIFESTS=str(SHOP))
    assert in_environment.stdout == "nothing to do\n"


def test_an_error_of_the_running_hadyn_is_said_in_its_words(running: Path, view: ShopView):
    view.haproxy_answers = False
    ended = invoke("slots", "--state-dir", running)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("hadyn: cannot reach HAProxy on /run/hadyn/run/runtime.sock: Connection refused.")


def test_without_a_hadyn_the_state_folder_is_named(folder: StateFolder):
    ended = invoke("status", "--state-dir", folder.path)
    assert ended.exit_code == 1
    assert ended.stderr == (
        f"hadyn: no hadyn runs with the state folder {folder.path}: it has no control socket that answers. "
        "Start one with `hadyn run`, or say with --state-dir where its folder is\n"
    )


@pytest.mark.parametrize(
    "reply", [b"220 mail.example ESMTP\n", b"HTTP/1.1 200 OK\r\n\r\nwelcome", b"HTTP/1.1 200 OK\r\n"]
)
def test_another_program_on_the_control_socket_is_said(folder: StateFolder, reply: bytes):
    with answering(folder.path / "control.sock", lambda _line: reply):
        ended = invoke("status", "--state-dir", folder.path)
    assert ended.exit_code == 1
    assert ended.stderr == f"hadyn: what answers in {folder.path} is no hadyn. See who owns control.sock\n"


def test_a_hadyn_that_hangs_up_is_said(folder: StateFolder):
    with answering(folder.path / "control.sock", lambda _line: b""):
        ended = invoke("status", "--state-dir", folder.path)
    assert ended.exit_code == 1
    assert ended.stderr == f"hadyn: the hadyn in {folder.path} hung up. It may just be stopping; ask again\n"
