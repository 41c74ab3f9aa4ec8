"""Bad usage: one sentence with its remedy, an exit status, and nothing left behind."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from hadyn.process.privileges import NOBODY
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.manifests import service
from integration.running import Ground, bare_environment

REFUSED = 1
WRONG_USAGE = 2


@pytest.fixture
def ground(any_ground: Ground, pods: Pods) -> Ground:
    """A ground on which all is well; the command line does not depend on HAProxy's version."""
    return prepared(any_ground, pods)


def prepared(ground: Ground, pods: Pods) -> Ground:
    started(ground, pods, "web", 1, path="/")
    return ground


@contextmanager
def listener(path: Path) -> Iterator[socket.socket]:
    """Somebody who answers on a unix socket."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield listening


def refusal(ground: Ground, *flags: str, status: int) -> str:
    """Run hadyn, which refuses with this exit status and one sentence; return that."""
    before = set(ground.place.rglob("*"))
    done = ground.try_to_run(*flags)
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(r"hadyn: [^\n]+\n", done.stderr), done.stderr
    assert ground.processes() == []
    left = {path for path in set(ground.place.rglob("*")) - before if stat.S_ISSOCK(path.lstat().st_mode)}
    assert left == set()
    return done.stderr


def script(ground: Ground, said: str) -> str:
    """A program that says something, whatever it is asked."""
    program = ground.place / "program"
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    program.chmod(0o755)
    return str(program)


def test_a_port_that_somebody_listens_on_is_named_with_its_holder(ground: Ground) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refusal(ground, "--http-port", str(port), status=WRONG_USAGE)
    assert f"port {port} is taken by pid" in said
    assert "--http-port" in said


def test_a_port_that_another_haproxy_has_is_not_shared_with_it(ground: Ground, pods: Pods) -> None:
    with Ground() as other:
        web = Deployment(other, pods, "web")
        web.publish()
        web.start(1)
        other.run()
        said = refusal(ground, "--http-port", str(other.http_port), status=WRONG_USAGE)
        assert other.get()[1] in web.names
    assert "is taken by" in said


def test_a_status_address_that_somebody_has_is_named(ground: Ground) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refusal(ground, "--status-bind", bind, status=WRONG_USAGE)
    assert f"cannot listen on {bind}" in said
    assert "--status-bind" in said


@pytest.mark.parametrize(
    ("program", "named"),
    [
        (lambda _ground: "/nowhere/haproxy", "/nowhere/haproxy does not exist"),
        (lambda _ground: "/etc/hostname", "/etc/hostname cannot be executed"),
        (lambda ground: script(ground, "I am nginx"), "is not HAProxy"),
        (lambda ground: script(ground, "HAProxy version 2.4.22-f8e3218 2023/02/14"), "which is too old"),
    ],
    ids=["missing", "no program", "not HAProxy", "too old"],
)
def test_a_haproxy_that_cannot_be_used_is_refused(ground: Ground, program: Callable[[Ground], str], named: str) -> None:
    said = refusal(ground, "--haproxy", program(ground), status=REFUSED)
    assert named in said
    assert "hadyn needs HAProxy 2.6 or later" in said


def test_a_haproxy_that_ends_at_once_is_named_with_its_words(ground: Ground) -> None:
    program = Path(script(ground, "HAProxy version 2.8.25"))
    program.write_text(program.read_text() + 'case "$1" in -W) echo "[ALERT] (1) : no luck today"; exit 1;; esac\n')
    said = refusal(ground, "--haproxy", str(program), status=REFUSED)
    assert "does not start: no luck today" in said


def test_a_folder_that_does_not_exist_is_named(ground: Ground) -> None:
    said = refusal(ground, "--manifests", "/nowhere/shop", status=WRONG_USAGE)
    assert "cannot read /nowhere/shop" in said


def test_a_folder_without_an_ingress_is_named(any_ground: Ground) -> None:
    any_ground.write("web.yaml", service("web"))
    said = refusal(any_ground, status=WRONG_USAGE)
    assert f"no Ingress is in {any_ground.manifests}" in said


@with_every_haproxy
def test_a_second_hadyn_on_one_state_folder_is_refused_and_the_first_goes_on(ground: Ground, pods: Pods) -> None:
    prepared(ground, pods)
    first = ground.run()
    done = ground.try_to_run("--http-port", str(ground.another_port()), "--status-bind", "")
    assert done.returncode == REFUSED
    assert f"a hadyn already runs with the state folder {ground.folder.path} (pid {first.pid})" in done.stderr
    assert ground.get()[0] == 200
    assert ground.status()["hadyn"]["pid"] == first.pid


def test_a_state_folder_with_the_files_of_others_is_not_touched(ground: Ground) -> None:
    ground.folder.path.mkdir()
    (ground.folder.path / "diary.txt").write_text("dear diary")
    said = refusal(ground, status=WRONG_USAGE)
    assert "holds files that are not hadyn's" in said
    assert [path.name for path in ground.folder.path.iterdir()] == ["diary.txt"]


@pytest.mark.parametrize("name", ["control.sock", "run/runtime.sock", "master/master.sock"])
def test_a_socket_of_somebody_else_is_left_alone(ground: Ground, name: str) -> None:
    ground.folder.prepare()
    with listener(ground.folder.path / name) as others:
        inode = (ground.folder.path / name).lstat().st_ino
        said = refusal(ground, status=REFUSED)
        assert (ground.folder.path / name).lstat().st_ino == inode
        assert others.fileno() > 0
    assert str(ground.folder.path) in said


@pytest.mark.parametrize("name", ["control.sock", "run/runtime.sock", "master/master.sock"])
@with_every_haproxy
def test_a_socket_that_a_dead_process_left_is_replaced(ground: Ground, pods: Pods, name: str) -> None:
    prepared(ground, pods)
    ground.folder.prepare()
    with listener(ground.folder.path / name):
        pass
    ground.run()
    assert ground.get()[0] == 200
    assert ground.status()["haproxy"]["running"]


@pytest.mark.root
def test_a_state_folder_of_another_user_is_refused(ground: Ground) -> None:
    ground.folder.path.mkdir()
    os.chown(ground.folder.path, NOBODY, NOBODY)
    said = refusal(ground, status=WRONG_USAGE)
    assert f"belongs to user {NOBODY}" in said


@pytest.mark.parametrize(
    "flags",
    [
        ["--reload-interval", "soon"],
        ["--http-port", "70000"],
        ["--bind", "localhost"],
        ["--slots", "0"],
        ["--no-such-flag"],
        ["--status-bind", "here"],
    ],
    ids=" ".join,
)
def test_a_flag_that_makes_no_sense_ends_before_anything_begins(ground: Ground, flags: list[str]) -> None:
    done = ground.try_to_run(*flags)
    assert done.returncode == WRONG_USAGE
    assert flags[0] in done.stderr
    assert "Traceback" not in done.stderr
    assert not ground.folder.path.exists()


def test_a_command_without_a_hadyn_says_how_to_start_one(ground: Ground) -> None:
    command = [sys.executable, "-m", "hadyn", "status", "--state-dir", str(ground.folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, env=bare_environment(), check=False)
    assert done.returncode == REFUSED
    assert "Start one with `hadyn run`" in done.stderr
