"""Files that cannot be written, or that somebody else wrote: endpoint changes go on, and the live files stay whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.loads import unfailing_load
from integration.running import Ground

FOLDER_BYTES = 4 << 20
PAGE_BYTES = 4096
JUDGE_EVERY_SECONDS = 0.03


@pytest.fixture
def ground(any_ground: Ground) -> Ground:
    return any_ground


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/", slots="120")


@pytest.fixture
def disk(ground: Ground) -> Iterator[Disk]:
    """The state folder on a disk of its own."""
    ground.folder.path.mkdir(mode=0o700)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={FOLDER_BYTES},mode=700", "none", ground.folder.path], check=True
    )
    try:
        yield Disk(ground.folder.path)
    finally:
        subprocess.run(["umount", "--lazy", ground.folder.path], check=True)


class Disk:
    """A disk that can be filled, and made read-only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._filler = path / "candidate" / "filler"

    def fill(self, *, but_bytes: int = 0) -> None:
        """Leave so many bytes."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with contextlib.suppress(OSError):
            while os.write(descriptor, bytes(PAGE_BYTES)):
                pass
        os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - but_bytes))
        os.close(descriptor)

    def free(self) -> None:
        self._filler.unlink()

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nothing be written where hadyn writes; what is open stays so."""
        folders = [self._path / name for name in ("backends", "candidate", "maps", "errors")]
        for folder in folders:
            subprocess.run(["mount", "--bind", folder, folder], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        try:
            yield
        finally:
            for folder in folders:
                subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def always_valid(ground: Ground) -> Iterator[None]:
    """Have HAProxy judge the live files again and again."""
    complaints: set[str] = set()
    is_over = threading.Event()

    def judge() -> None:
        while not is_over.wait(JUDGE_EVERY_SECONDS):
            complaints.add(ground.judged())

    judging = threading.Thread(target=judge)
    judging.start()
    try:
        yield
    finally:
        is_over.set()
        judging.join()
    assert complaints == {""}


def is_filed(ground: Ground, web: Deployment) -> bool:
    return sorted(ground.filed(web.backend).values()) == sorted(web.addresses)


def slide(ground: Ground, web: Deployment, times: int) -> None:
    """Replace one pod after the other."""
    for _ in range(times):
        web.start(1)
        ground.until(web.serves)
        web.retire(web.names[:1])
        ground.until(web.serves)


@pytest.mark.root
@pytest.mark.parametrize("but_bytes", [0, PAGE_BYTES], ids=["full", "full in the middle of a file"])
def test_endpoints_change_while_the_disk_is_full_and_are_filed_when_it_is_not(
    ground: Ground, web: Deployment, disk: Disk, but_bytes: int
) -> None:
    web.start(110)
    ground.run()
    with unfailing_load(ground, rate=200) as requests, always_valid(ground):
        assert requests.wait_for(web.names, 5)
        disk.fill(but_bytes=but_bytes)
        slide(ground, web, 5)
        ground.until(lambda: "No space left on device" in ground.log)
        assert not is_filed(ground, web)
        disk.free()
        ground.until(lambda: is_filed(ground, web))
    assert ground.log.count("No space left on device") == 1
    assert "all files are written again" in ground.log
    assert ground.reloads() == {}


@pytest.mark.root
def test_endpoints_change_while_the_state_folder_is_read_only(ground: Ground, web: Deployment, disk: Disk) -> None:
    ground.run()
    with unfailing_load(ground, rate=200) as requests, always_valid(ground):
        with disk.read_only():
            slide(ground, web, 3)
            assert requests.wait_for(web.names, 5)
            ground.until(lambda: "Read-only file system" in ground.log)
        ground.until(lambda: is_filed(ground, web))
    assert ground.reloads() == {}


@pytest.mark.root
def test_a_new_backend_waits_for_space_while_the_others_are_served(
    ground: Ground, pods: Pods, web: Deployment, disk: Disk
) -> None:
    ground.run()
    api = Deployment(ground, pods, "api", path="/api")
    api.start(1)
    with unfailing_load(ground, rate=200), always_valid(ground):
        disk.fill()
        api.publish()
        ground.until(lambda: "not reloaded for NEW_BACKEND (shop_api_80)" in ground.log)
        slide(ground, web, 1)
        disk.free()
        ground.until(lambda: ground.get("/api")[1] in api.names)
    assert ground.reloads() == {"NEW_BACKEND": 1}


@pytest.mark.root
def test_a_haproxy_that_crashes_while_the_disk_is_full_is_brought_in_step_by_command(
    ground: Ground, web: Deployment, disk: Disk
) -> None:
    ground.run()
    disk.fill()
    slide(ground, web, 3)
    worker = ground.worker()

    os.kill(worker, signal.SIGKILL)

    ground.until(lambda: ground.worker() not in (0, worker) and web.serves())
    assert {ground.get()[1] for _ in range(20)} == set(web.names)
    assert not is_filed(ground, web)
    disk.free()
    ground.until(lambda: is_filed(ground, web))
    assert ground.reloads() == {}


@pytest.mark.root
def test_a_hadyn_that_starts_while_the_disk_is_full_serves_all_the_same(
    ground: Ground, web: Deployment, disk: Disk
) -> None:
    hadyn = ground.run()
    disk.fill()
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
    disk.free()
    ground.until(lambda: is_filed(ground, web))


def slide_of_files(web: Deployment) -> None:
    """Replace a pod while nobody looks."""
    web.launch(1)
    web.remove(web.names[:1])


@pytest.mark.parametrize("name", ["backends", "haproxy.cfg", "maps/prefix.map"])
def test_a_live_file_edited_with_an_error_is_written_again_before_haproxy_reads_it(
    ground: Ground, pods: Pods, web: Deployment, name: str
) -> None:
    ground.run("--drift-interval", "1h")
    path = ground.folder.path / name
    path = next(shard for shard in path.iterdir() if shard.stat().st_size) if path.is_dir() else path
    api = Deployment(ground, pods, "api", path="/api")
    api.start(1)

    path.write_text("nonsense\n")
    with unfailing_load(ground, rate=200):
        api.publish()
        ground.until(lambda: ground.get("/api")[1] in api.names)
    assert ground.judged() == ""
    assert f"somebody else changed {path}" in ground.log

    path.write_text("nonsense\n")
    worker = ground.worker()
    os.kill(worker, signal.SIGKILL)
    ground.until(lambda: ground.worker() not in (0, worker) and web.serves())
    assert ground.judged() == ""
    assert {ground.get()[1] for _ in range(20)} == set(web.names)


def test_an_edited_file_is_noticed_by_the_sweep(ground: Ground, web: Deployment) -> None:
    ground.run("--drift-interval", "300ms")
    strange = ground.folder.backends / "mine.cfg"
    strange.write_text("backend mine from hadyn\n    nonsense\n")
    ground.folder.main_config.unlink()
    ground.until(lambda: ground.judged() == "")
    assert strange.with_name("mine.cfg.set-aside").exists()
    assert ground.folder.main_config.exists()
    assert ground.reloads() == {}


def test_a_state_folder_that_is_emptied_is_filled_again(ground: Ground, web: Deployment) -> None:
    ground.run("--drift-interval", "300ms")
    with unfailing_load(ground, rate=200) as requests:
        for path in (*ground.folder.backends.iterdir(), *ground.folder.maps.iterdir(), ground.folder.main_config):
            path.unlink()
        ground.folder.backends.rmdir()
        ground.until(lambda: is_filed(ground, web))
        assert requests.wait_for(web.start(1), 5)
    ground.until(lambda: ground.judged() == "")
