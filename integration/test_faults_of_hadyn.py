"""hadyn dies at any moment, or everything does; what runs goes on, and the end is as if nothing had happened."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from hadyn.demo.pods import Pods
from hadyn.render.shards import shard_of
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.loads import unfailing_load
from integration.running import Ground, RunningHadyn, get, running
from integration.sockproxy import Fault, SockProxy

DEATHS = 10
CHANGES_EACH_SECOND = 20
DESCRIPTORS = 64


def served(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods are at hand before hadyn is."""
    return started(ground, pods, "web", 10, path="/", slots="40")


@contextlib.contextmanager
def changing(web: Deployment) -> Iterator[None]:
    """Replace pods all the time; those that left listen on, for nobody may have told HAProxy yet."""
    is_over = threading.Event()

    def change() -> None:
        while not is_over.wait(1 / CHANGES_EACH_SECOND):
            web.launch(1)
            web.remove(web.names[:1])

    changes = threading.Thread(target=change)
    changes.start()
    try:
        yield
    finally:
        is_over.set()
        changes.join()


def descriptors(hadyn: RunningHadyn) -> int:
    return len(list(Path(f"/proc/{hadyn.pid}/fd").iterdir()))


def lowest_free(hadyn: RunningHadyn) -> int:
    """The number of the file that it opens next."""
    taken = {int(path.name) for path in Path(f"/proc/{hadyn.pid}/fd").iterdir()}
    return next(number for number in itertools.count() if number not in taken)


def cut_power(ground: Ground) -> None:
    """End everything at once."""
    for hadyn in ground._running:
        hadyn.kill()
    for pid in ground.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    ground.until(lambda: not ground.processes())


def test_a_hadyn_killed_again_and_again_while_pods_change_loses_nothing(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    moments = random.Random(4)
    hadyn = ground.run()
    worker = ground.worker()
    with unfailing_load(ground, rate=200) as requests, changing(web):
        for _ in range(DEATHS):
            time.sleep(moments.uniform(0, 0.1))
            hadyn.kill()
            hadyn = ground.start()
            time.sleep(moments.uniform(0.1, 0.4))
        hadyn.kill()
        ground.run()
        assert requests.wait_for(web.names[-1:], 5)

    ground.until(web.serves)
    ground.until(web.is_filed)
    assert (ground.worker(), ground.reloads()) == (worker, {})
    with running(ground, "--leave-running"):
        pass


@with_every_haproxy
def test_a_hadyn_killed_between_command_and_file_is_followed_by_one_that_writes_the_file(
    ground: Ground, pods: Pods
) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    worker = ground.worker()
    # Whoever opens a pipe to write waits for a reader: hadyn stands still there.
    pipe = ground.folder.backends / f".{shard_of(web.backend):03}.cfg.tmp"
    os.mkfifo(pipe)
    seats = ground.filed(web.backend)
    newcomers = web.launch(1)
    web.remove(web.names[:1])
    ground.until(lambda: newcomers[0] in {ground.get()[1] for _ in range(20)})
    assert ground.filed(web.backend) == seats
    hadyn.kill()
    pipe.unlink()

    ground.run()

    assert web.is_filed()
    assert web.serves()
    assert ground.metric("hadyn_commands_total") == 0
    assert (ground.worker(), ground.reloads()) == (worker, {})


@with_every_haproxy
def test_a_hadyn_killed_between_file_and_reload_is_followed_by_one_that_reloads(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    worker = ground.worker()
    master_socket = ground.folder.path / "master" / "master.sock"
    with SockProxy(master_socket, stands=lambda said: Fault(swallows=said.startswith(b"reload"))) as master:
        # A line of its own in the backend: a reload in every version.
        web.publish(slots="40", timeout_server="31s")
        ground.until(lambda: b"reload\n" in master.seen.requests)
        hadyn.kill()
    assert "timeout server 31000ms" in ground.section(web.backend)
    assert ground.worker() == worker

    with unfailing_load(ground, rate=200):
        ground.run()
        ground.until(lambda: ground.reloads() == {"BACKEND_CHANGED": 1})

    assert ground.worker() != worker
    ground.until(web.serves)


@with_every_haproxy
def test_after_a_power_cut_haproxy_serves_what_it_did_before_its_manifests_are_there(
    ground: Ground, pods: Pods
) -> None:
    web = served(ground, pods)
    ground.run()
    cut_power(ground)
    ground.manifests.rename(ground.place / "elsewhere")

    ground.start()
    ground.until(lambda: get(ground.status_port, "/readyz")[0] == 200)
    ground.until(lambda: ground.get()[1] in web.names)
    assert ground.status()["sources"][0]["stale_seconds"] > 0
    assert "HAProxy serves what it did before" in ground.log
    worker = ground.worker()

    (ground.place / "elsewhere").rename(ground.manifests)
    newcomers = web.start(1)
    ground.until(web.serves)
    assert ground.status()["sources"][0]["stale_seconds"] == 0
    assert newcomers[0] in {ground.get()[1] for _ in range(30)}
    assert (ground.worker(), ground.reloads()) == (worker, {})


@with_every_haproxy
def test_an_empty_mount_point_is_not_taken_for_the_wish_that_nothing_be_served(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run()
    cut_power(ground)
    ground.manifests.rename(ground.place / "elsewhere")
    ground.manifests.mkdir()

    ground.start()
    ground.until(lambda: ground.get()[1] in web.names)
    os.kill(ground.worker(), signal.SIGKILL)
    ground.until(lambda: ground.get()[1] in web.names)
    assert "no Ingress is in" in ground.log

    for path in (ground.place / "elsewhere").iterdir():
        path.rename(ground.manifests / path.name)
    ground.until(lambda: ground.status()["sources"][0]["stale_seconds"] == 0)
    ground.until(web.serves)


@with_every_haproxy
def test_a_hadyn_that_waits_for_its_manifests_stops_when_told(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run().terminate()
    ground.manifests.rename(ground.place / "elsewhere")
    hadyn = ground.start()
    ground.until(lambda: ground.get()[1] in web.names)
    assert hadyn.terminate() == 0
    assert ground.processes() == []


def test_a_missing_folder_of_manifests_on_a_fresh_machine_is_a_mistake(any_ground: Ground) -> None:
    any_ground.manifests.rmdir()
    ended = any_ground.try_to_run()
    assert ended.returncode == 2
    assert "cannot read" in ended.stderr


@with_every_haproxy
def test_few_file_descriptors_are_enough_and_none_is_lost(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    resource.prlimit(hadyn.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    before = descriptors(hadyn)
    with unfailing_load(ground, rate=100):
        for _ in range(10):
            web.start(1)
            ground.until(web.serves)
            web.retire(web.names[:1])
    ground.until(lambda: descriptors(hadyn) <= before + 1)


@with_every_haproxy
def test_a_hadyn_out_of_file_descriptors_goes_on_when_it_has_some_again(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    addresses = web.addresses
    resource.prlimit(hadyn.pid, resource.RLIMIT_NOFILE, (lowest_free(hadyn), DESCRIPTORS))
    web.start(1)
    web.retire(web.names[:1])
    ground.stays(lambda: hadyn.is_running, 2)
    assert sorted(ground.filed(web.backend).values()) == sorted(addresses)
    resource.prlimit(hadyn.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    web.tell()
    ground.until(web.serves)
    assert ground.status()["haproxy"]["running"]
