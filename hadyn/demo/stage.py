"""Everything the demo runs, set up as one thing: a folder, pods, hadyn with HAProxy, a load.

Rule: whatever was begun is ended, in reverse order and whatever happens meanwhile; the
folder with manifests, state and logs goes last.
"""

from __future__ import annotations

import contextlib
import http.client
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hadyn.demo.figures import Figures
from hadyn.demo.folder import HOST, Folder
from hadyn.demo.generator import Order
from hadyn.demo.hadyn_process import HadynProcess, HadynSilent, free_ports
from hadyn.demo.interruption import uninterrupted
from hadyn.demo.load import Load, Results
from hadyn.demo.pods import Pods
from hadyn.demo.rollout import Deployment, Diary, Rollout
from hadyn.errors import PermanentError

NEWCOMER_RATE = 50.0
FIRST_ANSWER_SECONDS = 15.0
WEB_PODS, API_PODS = 5, 3
NETWORKS = {"web": 81, "api": 82, "cart": 83}
"""The second byte of the pods' addresses in 127.0.0.0/8."""


class NeverAnswered(PermanentError):
    """A Service that was added answers nothing."""


@dataclass(slots=True)
class Stage:
    """Everything that runs; a context manager. ``rate`` is requests a second."""

    rate: float
    haproxy: Path | None = None
    diary: Diary = field(default_factory=Diary)
    failure: Exception | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _loads: list[Load] = field(default_factory=list)
    hadyn: HadynProcess = field(init=False)
    rollout: Rollout = field(init=False)

    def __enter__(self) -> Self:
        with self._stack as stack:
            with uninterrupted():
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hadyn-demo-")))
            manifests = place / "manifests"
            manifests.mkdir()
            pods = stack.enter_context(Pods())
            folder = Folder(manifests, free_ports(1)[0])
            web, api, cart = (
                Deployment(service, folder, pods, diary=self.diary, network=network)
                for service, network in NETWORKS.items()
            )
            folder.write_service("web", "/")
            folder.write_service("api", "/api")
            web.start(WEB_PODS)
            api.start(API_PODS)
            self.hadyn = HadynProcess(manifests, place / "state", place / "hadyn.log", haproxy=self.haproxy)
            stack.callback(self.hadyn.stop)
            self.hadyn.start()
            self.rollout = Rollout(web, api, cart, folder, self.diary, self.has_answered, self._add_load)
            stack.callback(self.end_load)
            self._begin_load("/", "/api", rate=self.rate)
            self.has_answered([*web.names, *api.names], FIRST_ANSWER_SECONDS)
            # Those that are there from the start are no changes.
            self.diary.came.clear()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def play(self, seconds: float) -> threading.Thread:
        """Begin the rollout in a thread of its own and return that; ``failure`` tells what ended it too early."""

        def play() -> None:
            try:
                self.rollout.play(seconds)
            except Exception as failure:  # noqa: BLE001 - raised again by whoever waits for the thread
                self.failure = failure

        thread = threading.Thread(target=play, name="rollout", daemon=True)
        self._stack.callback(thread.join)
        self._stack.callback(self.rollout.stopped.set)
        thread.start()
        return thread

    def has_answered(self, pods: list[str], timeout: float) -> bool:
        """Wait until all these pods have answered a request; say whether they did in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not self.rollout.stopped.is_set():
            if any(load.wait_for(pods, timeout=0.1) for load in list(self._loads)):
                return True
        return False

    def end_load(self) -> None:
        """Send no more requests, and wait for the answers to those under way."""
        for load in list(self._loads):
            load.stop()

    def figures(self, status: dict[str, Any] | None = None) -> Figures:
        """What was measured so far, ``status`` being what hadyn said just now. Raises HadynSilent."""
        status = status or self.hadyn.status()
        return Figures(
            results=merged([load.results() for load in list(self._loads)]),
            came=dict(self.diary.came),
            left=dict(self.diary.left),
            reloads=status["reloads"]["total"],
            reloads_by_reason=status["reloads"]["by_reason"],
            haproxy_version=status["haproxy"]["version"],
            ready_seconds=self.hadyn.ready_seconds(),
        )

    def slots(self) -> list[dict[str, Any]]:
        """Who sits where, as ``hadyn slots`` tells; nobody while HAProxy is between two workers."""
        try:
            return self.hadyn.slots()
        except HadynSilent:
            return []

    def _begin_load(self, *paths: str, rate: float) -> None:
        load = Load(Order("127.0.0.1", self.hadyn.http_port, HOST, paths=paths, rate=rate))
        self._loads.append(load)
        load.start()

    def _add_load(self) -> None:
        """Wait until the newcomer answers, then send requests there too."""
        service = self.rollout.newcomer.service
        path = f"/{service}"
        deadline = time.monotonic() + FIRST_ANSWER_SECONDS
        # Until HAProxy has the newcomer's route, the shorter path of web answers in its place.
        while not self._answer(path).startswith(service):
            if self.rollout.stopped.wait(0.01):
                return
            if time.monotonic() > deadline:
                raise NeverAnswered(f"{path} answers nothing", remedy="`hadyn explain` tells why; see hadyn's log")
        self._begin_load(path, rate=NEWCOMER_RATE)

    def _answer(self, path: str) -> str:
        """Ask once; return the name of the pod that answers, or nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.hadyn.http_port, timeout=1)
        try:
            connection.request("GET", path, headers={"Host": HOST})
            response = connection.getresponse()
            return response.read().decode() if response.status == http.client.OK else ""
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()


def merged(parts: list[Results]) -> Results:
    """Add up the results of several loads."""
    first_answers: dict[str, float] = {}
    for part in parts:
        for pod, moment in part.first_answers.items():
            first_answers[pod] = min(moment, first_answers.get(pod, moment))
    return Results(
        sent=sum(part.sent for part in parts),
        answered=sum(part.answered for part in parts),
        failures=sum((part.failures for part in parts), Counter()),
        seconds=[second for part in parts for second in part.seconds],
        by_pod=sum((part.by_pod for part in parts), Counter()),
        first_answers=first_answers,
    )
