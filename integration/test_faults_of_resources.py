"""Little memory, few descriptors, jumping clocks: who dies of it is followed by another, and jumps are not noticed."""

from __future__ import annotations

import contextlib
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.deployments import started
from integration.loads import unfailing_load
from integration.manifests import ingress, service, slice_
from integration.running import Document, Ground, HadynEnded

CROWD = 3000
MORE_BYTES = 4 << 20
"""So much more memory hadyn may have; it would need five times that for the crowd."""
JUMPS = timedelta(hours=1), timedelta(hours=-1), timedelta(days=400), timedelta(days=-400)
PATIENCE_SECONDS = 5.0
LITTLE_MEGABYTES = 64, 90, 102, 110
"""What hadyn needs to be read, to start its threads, to answer anybody, to work: each is a little less."""
MEMORY_GROUPS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
    (Path("/sys/fs/cgroup"), "memory.max"),
)


@contextlib.contextmanager
def little_memory(pid: int) -> Iterator[None]:
    """Let the kernel end a process as soon as it has taken a little more memory than it has."""
    groups, limit = next((root, limit) for root, limit in MEMORY_GROUPS if any(root.glob("memory.*")))
    group = groups / f"hadyn-{pid}"
    group.mkdir()
    (group / limit).write_text(str(MORE_BYTES))
    (group / "cgroup.procs").write_text(str(pid))
    try:
        yield
    finally:
        group.rmdir()


def crowd() -> Iterator[Document]:
    for number in range(CROWD):
        name = f"crowd-{number}"
        yield from (service(name), slice_(name, "127.250.0.1", port=80), ingress(name, host=f"{name}.example"))


class JumpingClock(Ground):
    """A ``Ground`` whose hadyn is told another time of day; its HAProxy, as any other process, is not."""

    def command(self, *flags: str) -> list[str]:
        python, *_, hadyn, run = super().command()[:6]
        assert (hadyn, run) == ("hadyn", "run")
        return [python, "-m", "integration.jumping_time", str(self._jump), *super().command(*flags)[5:]]

    def jump(self, by: timedelta) -> None:
        """Let it be so much later than it is."""
        unfinished = self._jump.with_suffix(".tmp")
        unfinished.write_text(str(by.total_seconds()))
        unfinished.rename(self._jump)

    @property
    def _jump(self) -> Path:
        return self.place / "jump"


@dataclass(slots=True)
class FewDescriptors(Ground):
    """A ``Ground`` where hadyn, and HAProxy with it, may have so many files open, and no more."""

    descriptors: int = 0

    def command(self, *flags: str) -> list[str]:
        limit = f"--nofile={self.descriptors}:{self.descriptors}"
        return ["prlimit", limit, *Ground.command(self, *flags)]


@dataclass(slots=True)
class LittleSpace(Ground):
    """A ``Ground`` where hadyn, and HAProxy with it, may map so many bytes, and no more."""

    bytes: int = 0
    is_left_behind: bool = True

    def command(self, *flags: str) -> list[str]:
        return ["prlimit", f"--as={self.bytes}", *Ground.command(self, *flags)]


@partial(with_every_haproxy, kind=JumpingClock)
def test_a_clock_that_jumps_by_hours_and_years_is_noticed_by_nobody(ground: JumpingClock, pods: Pods) -> None:
    ground.jump(timedelta(0))
    web = started(ground, pods, "web", 3, path="/", slots="40")
    ground.run("--drift-interval", "500ms", "--reload-interval", "1s")
    with unfailing_load(ground, rate=200) as requests:
        for number, by in enumerate(JUMPS, start=1):
            ground.jump(by)
            assert requests.wait_for(web.start(1), PATIENCE_SECONDS)
            web.retire(web.names[:1])
            ground.until(web.serves, PATIENCE_SECONDS)
            told = ground.metric("hadyn_commands_total")
            ground.stays(lambda told=told: ground.metric("hadyn_commands_total") == told, 0.6)
            ground.say(f"set server {web.backend}/{next(iter(ground.ready(web.backend)))} state maint")
            ground.until(web.serves, PATIENCE_SECONDS)
            # A line of its own in the backend: a reload in every version.
            web.publish(slots="40", timeout_server=f"{number}0s")
            ground.until(lambda number=number: ground.reloads() == {"BACKEND_CHANGED": number}, PATIENCE_SECONDS)
    years = {line[:4] for line in ground.log.splitlines()}
    assert len(years) >= 3


@partial(with_every_haproxy, kind=partial(FewDescriptors, descriptors=64))
def test_a_haproxy_that_may_have_too_few_descriptors_is_refused_with_both_numbers(ground: Ground, pods: Pods) -> None:
    started(ground, pods, "web", 1, path="/")
    ended = ground.try_to_run()
    assert ended.returncode == 1
    assert re.search(r"does not start: .*Cannot raise FD limit to \d+, .*limit is 64", ended.stderr)


@partial(with_every_haproxy, kind=partial(FewDescriptors, descriptors=400))
def test_a_haproxy_that_may_have_some_hundreds_takes_as_many_connections_as_that_allows(
    ground: Ground, pods: Pods
) -> None:
    web = started(ground, pods, "web", 3, path="/")
    ground.run()
    assert 50 < ground.status()["haproxy"]["max_connections"] < 200
    with unfailing_load(ground, rate=100) as requests:
        assert requests.wait_for(web.start(1), PATIENCE_SECONDS)


def test_too_little_address_space_ends_hadyn_with_a_sentence_unless_it_is_enough() -> None:
    with ThreadPoolExecutor(len(LITTLE_MEGABYTES)) as threads:
        said = list(threads.map(said_with, LITTLE_MEGABYTES))
    assert {words.partition("; ")[0] for words in said} <= {"ready", "hadyn: there is not enough memory for hadyn"}
    assert said[0] != "ready"


def said_with(megabytes: int) -> str:
    """What a hadyn comes to under a limit of address space: "ready", or its last words."""
    with LittleSpace(bytes=megabytes * 1_000_000) as ground, Pods() as pods:
        started(ground, pods, "web", 1, path="/")
        hadyn = ground.start()
        try:
            hadyn.wait_until_ready()
        except HadynEnded:
            return ground.log.splitlines()[-1]
        hadyn.kill()
        return "ready"


@pytest.mark.root
def test_a_hadyn_that_dies_for_want_of_memory_is_no_loss_to_anybody(ground: Ground, pods: Pods) -> None:
    web = started(ground, pods, "web", 3, path="/", slots="40")
    hadyn = ground.run()
    worker = ground.worker()
    with unfailing_load(ground, rate=200) as requests:
        with little_memory(hadyn.pid):
            ground.write("crowd.yaml", *crowd())
            assert hadyn.wait() == -signal.SIGKILL
        ground.is_left_behind = True
        ground.remove("crowd.yaml")
        newcomers = web.start(1)
        assert ground.worker() == worker

        ground.run()
        assert requests.wait_for(newcomers, 5)
    assert (ground.worker(), ground.reloads()) == (worker, {})
    assert ground.judged() == ""
