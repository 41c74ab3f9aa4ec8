"""Files that cannot be written, or that somebody else wrote: endpoint changes go on, and the live files stay whole."""

from __future__ import annotations

import functools
import os
import signal

import pytest

from hadyn.demo.pods import Pods
from hadyn.render.shards import shard_of
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.disks import PAGE_BYTES, DiskGround
from integration.judging import always_valid
from integration.loads import unfailing_load
from integration.running import Ground

JUDGE_EVERY_SECONDS = 0.15
"""All grounds together are then looked at as often as one alone elsewhere."""
with_every_disk = functools.partial(with_every_haproxy, kind=DiskGround)


def served(ground: Ground, pods: Pods) -> Deployment:
    """A Service whose pods are at hand before hadyn is."""
    return started(ground, pods, "web", 3, path="/", slots="120")


def slide(ground: Ground, web: Deployment, times: int) -> None:
    """Replace one pod after the other."""
    for _ in range(times):
        web.start(1)
        ground.until(web.serves)
        web.retire(web.names[:1])
        ground.until(web.serves)


@pytest.mark.root
@with_every_disk
def test_endpoints_change_while_the_disk_is_full_and_are_filed_when_it_is_not(ground: DiskGround, pods: Pods) -> None:
    web = served(ground, pods)
    web.start(110)
    ground.run()
    with unfailing_load(ground, rate=200) as requests, always_valid(ground, every_seconds=JUDGE_EVERY_SECONDS):
        assert requests.wait_for(web.names, 5)
        # Nothing can be written at first, then the beginning of a file.
        for times, but_bytes in enumerate((0, PAGE_BYTES), start=1):
            ground.fill(but_bytes=but_bytes)
            slide(ground, web, 3)
            ground.until(lambda times=times: ground.log.count("No space left on device") == times)
            assert not web.is_filed()
            ground.free()
            ground.until(web.is_filed)
            ground.until(lambda times=times: ground.log.count("all files are written again") == times)
    assert ground.reloads() == {}


@pytest.mark.root
@with_every_disk
def test_endpoints_change_while_the_state_folder_is_read_only(ground: DiskGround, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run()
    with unfailing_load(ground, rate=200) as requests, always_valid(ground, every_seconds=JUDGE_EVERY_SECONDS):
        with ground.read_only():
            slide(ground, web, 3)
            assert requests.wait_for(web.names, 5)
            ground.until(lambda: "Read-only file system" in ground.log)
        ground.until(web.is_filed)
    assert ground.reloads() == {}


@pytest.mark.root
@with_every_disk
def test_a_new_backend_waits_for_space_while_the_others_are_served(ground: DiskGround, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run()
    api = Deployment(ground, pods, "api", path="/api")
    api.start(1)
    is_live = ground.capabilities.has_dynamic_backends

    def is_served() -> bool:
        return ground.get("/api")[1] in api.names

    with unfailing_load(ground, rate=200), always_valid(ground, every_seconds=JUDGE_EVERY_SECONDS):
        ground.fill()
        api.publish()
        # Where it comes by command it needs no file.
        ground.until(is_served if is_live else lambda: "not reloaded for NEW_BACKEND (shop_api_80)" in ground.log)
        slide(ground, web, 1)
        ground.free()
        ground.until(is_served)
        ground.until(api.is_filed)
    assert ground.reloads() == ({} if is_live else {"NEW_BACKEND": 1})


@pytest.mark.root
@with_every_disk
def test_a_haproxy_that_crashes_while_the_disk_is_full_is_brought_in_step_by_command(
    ground: DiskGround, pods: Pods
) -> None:
    web = served(ground, pods)
    ground.run()
    ground.fill()
    slide(ground, web, 3)
    worker = ground.worker()

    os.kill(worker, signal.SIGKILL)

    ground.until(lambda: ground.worker() not in (0, worker) and web.serves())
    assert {ground.get()[1] for _ in range(20)} == set(web.names)
    assert not web.is_filed()
    ground.free()
    ground.until(web.is_filed)
    assert ground.reloads() == {}


@pytest.mark.root
@with_every_disk
def test_a_hadyn_that_starts_while_the_disk_is_full_serves_all_the_same(ground: DiskGround, pods: Pods) -> None:
    web = served(ground, pods)
    hadyn = ground.run()
    ground.fill()
    slide(ground, web, 1)
    with unfailing_load(ground, rate=200):
        hadyn.kill()
        slide_of_files(web)
        hadyn = ground.run()
        ground.until(web.serves)
    hadyn.terminate()
    assert ground.processes() == []

    ground.run()
    ground.until(web.serves)
    ground.free()
    ground.until(web.is_filed)


def shard_file(web: Deployment) -> str:
    return f"{shard_of(web.backend):03}.cfg"


def slide_of_files(web: Deployment) -> None:
    """Replace a pod while nobody looks."""
    web.launch(1)
    web.remove(web.names[:1])


@with_every_haproxy
def test_a_live_file_edited_with_an_error_is_written_again_before_haproxy_reads_it(ground: Ground, pods: Pods) -> None:
    web, api = served(ground, pods), started(ground, pods, "api", 1)
    ground.run("--drift-interval", "1h")
    folder = ground.folder
    for number, path in enumerate(
        (folder.backends / shard_file(web), folder.main_config, folder.maps / "prefix.map"), 1
    ):
        path.write_text("nonsense\n")
        with unfailing_load(ground, rate=200):
            # A line of its own in another backend: a reload in every version.
            api.publish(timeout_server=f"{number}0s")
            ground.until(lambda number=number: ground.reloads() == {"BACKEND_CHANGED": number})
        assert ground.judged() == ""
        assert f"somebody else changed {path}" in ground.log

        path.write_text("nonsense\n")
        worker = ground.worker()
        os.kill(worker, signal.SIGKILL)
        ground.until(lambda worker=worker: ground.worker() not in (0, worker) and web.serves())
        assert ground.judged() == ""
        assert {ground.get()[1] for _ in range(20)} == set(web.names)


@with_every_haproxy
def test_an_edited_file_is_noticed_by_the_sweep(ground: Ground, pods: Pods) -> None:
    served(ground, pods)
    ground.run("--drift-interval", "300ms")
    strange = ground.folder.backends / "mine.cfg"
    strange.write_text("backend mine from hadyn\n    nonsense\n")
    ground.folder.main_config.unlink()
    ground.until(lambda: ground.judged() == "")
    assert strange.with_name("mine.cfg.set-aside").exists()
    assert ground.folder.main_config.exists()
    assert ground.reloads() == {}


@with_every_haproxy
def test_a_state_folder_that_is_emptied_is_filled_again(ground: Ground, pods: Pods) -> None:
    web = served(ground, pods)
    ground.run("--drift-interval", "300ms")
    with unfailing_load(ground, rate=200) as requests:
        for path in (*ground.folder.backends.iterdir(), *ground.folder.maps.iterdir(), ground.folder.main_config):
            path.unlink()
        ground.folder.backends.rmdir()
        ground.until(web.is_filed)
        assert requests.wait_for(web.start(1), 5)
    ground.until(lambda: ground.judged() == "")
