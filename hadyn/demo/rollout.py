"""Pods changed as a cluster changes them: rolling updates, scaling, a new Service.

Rules: a pod is in the slice once it listens; one that leaves terminates first, serving
on, is then taken out, and only then stops. Nothing else is done for the requests' sake.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from hadyn.demo.folder import Folder, Member
from hadyn.demo.pods import Pod, Pods

ANSWER_SECONDS = 0.004
"""How long a pod thinks about a request: enough to see sessions in the slots."""
DRAINING_SECONDS = 0.4
LOOKING_SECONDS = 0.25
STOPPING_SECONDS = 2.0
FIRST_ANSWER_SECONDS = 10.0


class Over(Exception):
    """The time is up, or somebody wants to stop; ends a rollout where it is."""


@dataclass(slots=True)
class Diary:
    """What was done when. Moments are of the monotonic clock; ``sentences`` are for people, the last is the latest."""

    came: dict[str, float] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    sentences: list[tuple[float, str]] = field(default_factory=list)

    def tell(self, sentence: str) -> None:
        """Note what begins now."""
        self.sentences.append((time.monotonic(), sentence))


class Deployment:
    """The pods of one Service."""

    def __init__(self, service: str, folder: Folder, pods: Pods, *, diary: Diary, network: int) -> None:
        self.service = service
        self._folder = folder
        self._pods = pods
        self._diary = diary
        self._numbers = itertools.count(1)
        self._network = network
        self._members: dict[str, Member] = {}
        self._running: dict[str, Pod] = {}

    @property
    def names(self) -> list[str]:
        """The pods that take requests, the oldest first."""
        return [member.pod for member in self._members.values() if not member.is_terminating]

    def start(self, count: int) -> list[str]:
        """Start pods, then put all of them into the slice at once; return their names."""
        started = []
        for number in itertools.islice(self._numbers, count):
            name, ip = f"{self.service}-{number}", f"127.{self._network}.{number // 250}.{number % 250 + 1}"
            self._running[name] = self._pods.start(name, ip, self._folder.port, delay_seconds=ANSWER_SECONDS)
            self._members[name] = Member(name, ip)
            started.append(name)
        moment = self._write()
        self._diary.came.update(dict.fromkeys(started, moment))
        return started

    def terminate(self, names: list[str]) -> None:
        """Mark pods as terminating, which serve on."""
        for name in names:
            self._members[name] = Member(name, self._members[name].ip, is_terminating=True)
        self._diary.left.update(dict.fromkeys(names, self._write()))

    def remove(self, names: list[str]) -> None:
        """Take pods out of the slice and stop them."""
        for name in names:
            del self._members[name]
        self._write()
        for name in names:
            self._running.pop(name).stop(STOPPING_SECONDS)

    def _write(self) -> float:
        return self._folder.write_endpoints(self.service, self._members.values())


@dataclass(slots=True)
class Rollout:
    """The plot: ``web`` and ``api`` change without end, ``newcomer`` is added at half-time.

    ``has_answered`` waits until all these pods have answered a request, for so many
    seconds at most; ``added`` is called once the newcomer's files are written.
    """

    web: Deployment
    api: Deployment
    newcomer: Deployment
    folder: Folder
    diary: Diary
    has_answered: Callable[[list[str], float], bool]
    added: Callable[[], None]
    stopped: threading.Event = field(default_factory=threading.Event)

    def play(self, seconds: float) -> None:
        """Let pods come and go for so long, or until ``stopped`` is set."""
        start = time.monotonic()
        acts = itertools.chain(
            self._acts(start + seconds / 2),
            self._addition(),
            self._acts(start + seconds),
        )
        try:
            for act in acts:
                act()
        except Over:
            return

    def _acts(self, until: float) -> Iterator[Callable[[], None]]:
        """Yield steps until the time comes; each leaves as many pods as wanted behind."""
        acts = itertools.cycle([*self._update(self.web), *self._scaling(self.api), *self._update(self.api)])
        while time.monotonic() < until:
            yield next(acts)

    def _update(self, deployment: Deployment) -> list[Callable[[], None]]:
        size = len(deployment.names)

        def step(number: int) -> None:
            self.diary.tell(f"rolling update of {deployment.service}, pod {number} of {size}")
            self._come(deployment, 1)
            self._go(deployment, 1)

        return [partial(step, number) for number in range(1, size + 1)]

    def _scaling(self, deployment: Deployment) -> list[Callable[[], None]]:
        def up() -> None:
            self.diary.tell(f"{deployment.service} scales up by 4")
            self._come(deployment, 4)

        def down() -> None:
            self.diary.tell(f"{deployment.service} scales down by 4")
            self._go(deployment, 4)

        return [up, down]

    def _addition(self) -> Iterator[Callable[[], None]]:
        def add() -> None:
            self.diary.tell(f"a new Service: {self.newcomer.service}, which HAProxy has to read from its files")
            self.folder.write_service(self.newcomer.service, f"/{self.newcomer.service}")
            self.newcomer.start(2)
            self.added()
            self._pause(LOOKING_SECONDS)

        yield add

    def _come(self, deployment: Deployment, count: int) -> None:
        names = deployment.start(count)
        self.has_answered(names, FIRST_ANSWER_SECONDS)
        self._pause(LOOKING_SECONDS)

    def _go(self, deployment: Deployment, count: int) -> None:
        names = deployment.names[:count]
        deployment.terminate(names)
        self._pause(DRAINING_SECONDS)
        deployment.remove(names)

    def _pause(self, seconds: float) -> None:
        if self.stopped.wait(seconds):
            raise Over
