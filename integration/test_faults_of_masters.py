"""The master's socket is gone or somebody else's: endpoints do not wait, and the next reload opens it anew."""

from __future__ import annotations

from pathlib import Path

from hadyn.demo.pods import Pods
from hadyn.process.master import list_processes
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.haproxies import RunningHAProxy, find_haproxies
from integration.loads import unfailing_load
from integration.running import Ground
from integration.unseated import REPLACEMENTS

SWEEPS = "--drift-interval", "300ms"
SWEEPING_SECONDS = 1.0
NO_WAITING_SECONDS = 4.0


def served(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods are at hand before hadyn is."""
    return started(ground, pods, "web", 3, path="/", slots="40")


def master_socket(ground: Ground) -> Path:
    return ground.folder.path / "master" / "master.sock"


def master(ground: Ground) -> int:
    """The pid of the master that answers."""
    return list_processes(master_socket(ground), timeout_seconds=5, while_true=lambda: True).master


def slide(ground: Ground, web: Deployment, times: int) -> None:
    """Replace one pod after the other, none of which may have to wait."""
    for _ in range(times):
        web.start(1)
        ground.until(web.serves, seconds=NO_WAITING_SECONDS)
        web.retire(web.names[:1])
        ground.until(web.serves, seconds=NO_WAITING_SECONDS)


@with_every_haproxy
def test_a_removed_master_socket_holds_up_neither_endpoints_nor_new_backends(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
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


@with_every_haproxy
def test_a_master_socket_that_is_gone_comes_back_with_the_next_reload(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run(*SWEEPS)
    pid = ground.status()["haproxy"]["pid"]
    with unfailing_load(ground, rate=200):
        for number, replace in enumerate(REPLACEMENTS, start=1):
            replace(master_socket(ground))
            slide(ground, web, 1)
            # A line of its own in the backend: a reload in every version.
            web.publish(slots="40", timeout_server=f"{number}0s")
            ground.until(lambda number=number: ground.reloads() == {"BACKEND_CHANGED": number})
            assert master(ground) == pid
    ground.until(web.serves)


@with_every_haproxy
def test_a_master_socket_that_another_haproxy_took_is_taken_back(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
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


@with_every_haproxy
def test_a_removed_folder_of_sockets_is_made_again(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run(*SWEEPS)
    pid = ground.status()["haproxy"]["pid"]
    with unfailing_load(ground, rate=200) as requests:
        ground.runtime_socket.unlink()
        ground.runtime_socket.parent.rmdir()
        master_socket(ground).unlink()
        master_socket(ground).parent.rmdir()
        newcomers = web.start(1)
        assert requests.wait_for(newcomers, 20)
    ground.until(web.serves)
    assert master(ground) == pid
