"""The master's socket is gone or somebody else's: endpoints do not wait, and the next reload opens it anew."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from hadyn.process.master import list_processes
from integration.deployments import Deployment, started
from integration.haproxies import RunningHAProxy, find_haproxies
from integration.loads import unfailing_load
from integration.running import Ground

SWEEPS = "--drift-interval", "300ms"
SWEEPING_SECONDS = 1.0
NO_WAITING_SECONDS = 2.0


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/", slots="40")


def master_socket(ground: Ground) -> Path:
    return ground.folder.path / "master" / "master.sock"


def master(ground: Ground) -> int:
    """The pid of the master that answers."""
    return list_processes(master_socket(ground), timeout_seconds=5, while_true=lambda: True).master


def replace_by_file(path: Path) -> None:
    path.unlink()
    path.write_text("")


def replace_by_socket(path: Path) -> None:
    """Let another program have listened there, and end."""
    path.unlink()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))


def slide(ground: Ground, web: Deployment, times: int) -> None:
    """Replace one pod after the other, none of which may have to wait."""
    for _ in range(times):
        web.start(1)
        ground.until(web.serves, seconds=NO_WAITING_SECONDS)
        web.retire(web.names[:1])
        ground.until(web.serves, seconds=NO_WAITING_SECONDS)


def test_a_removed_master_socket_holds_up_neither_endpoints_nor_new_backends(
    ground: Ground, pods: Pods, web: Deployment
) -> None:
    ground.run(*SWEEPS)
    with unfailing_load(ground, rate=200) as requests:
        assert requests.wait_for(web.names, 5)
        master_socket(ground).unlink()
        slide(ground, web, 2)
        ground.stays(web.serves, SWEEPING_SECONDS)
        assert ground.status()["haproxy"]["running"]
        slide(ground, web, 1)
        api = started(ground, pods, "api", 1)
        ground.until(lambda: ground.get("/api")[1] in api.names, seconds=NO_WAITING_SECONDS)
        slide(ground, web, 1)
    assert ground.reloads() == ({} if ground.capabilities.has_dynamic_backends else {"NEW_BACKEND": 1})
    assert ground.judged() == ""


@pytest.mark.parametrize("replace", [Path.unlink, replace_by_file, replace_by_socket])
def test_a_master_socket_that_is_gone_comes_back_with_the_next_reload(any_ground: Ground, pods: Pods, replace) -> None:
    web = started(any_ground, pods, "web", 3, path="/", slots="40")
    any_ground.run(*SWEEPS)
    pid = any_ground.status()["haproxy"]["pid"]
    api = Deployment(any_ground, pods, "api", path="/api")
    api.start(1)
    with unfailing_load(any_ground, rate=200):
        replace(master_socket(any_ground))
        slide(any_ground, web, 1)
        api.publish()
        any_ground.until(lambda: any_ground.get("/api")[1] in api.names)
    assert any_ground.reloads() == {"NEW_BACKEND": 1}
    assert master(any_ground) == pid
    any_ground.until(web.serves)


def test_a_master_socket_that_another_haproxy_took_is_taken_back(any_ground: Ground, pods: Pods) -> None:
    ground = any_ground
    web = started(ground, pods, "web", 3, path="/", slots="40")
    ground.run(*SWEEPS)
    pid = ground.status()["haproxy"]["pid"]
    with RunningHAProxy(find_haproxies()[0], "", is_master=True) as other, unfailing_load(ground, rate=200) as requests:
        theirs = other.pid()
        other.master_socket.rename(master_socket(ground))
        ground.until(lambda: "is no worker of the HAProxy on" in ground.log)
        newcomers = web.start(1)
        assert requests.wait_for(newcomers, 20)
        ground.until(web.serves)
        assert other.pid() == theirs
    assert ground.reloads() == {"SOCKET_GONE": 2}
    assert master(ground) == pid


def test_a_removed_folder_of_sockets_is_made_again(any_ground: Ground, pods: Pods) -> None:
    web = started(any_ground, pods, "web", 3, path="/", slots="40")
    any_ground.run(*SWEEPS)
    pid = any_ground.status()["haproxy"]["pid"]
    with unfailing_load(any_ground, rate=200) as requests:
        any_ground.runtime_socket.unlink()
        any_ground.runtime_socket.parent.rmdir()
        master_socket(any_ground).unlink()
        master_socket(any_ground).parent.rmdir()
        newcomers = web.start(1)
        assert requests.wait_for(newcomers, 20)
    any_ground.until(web.serves)
    assert master(any_ground) == pid
