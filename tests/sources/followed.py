"""A follower of objects that are wanted one by one, beside the server that it asks."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from hadyn.cluster.api import KubeApi
from hadyn.model.changes import Changes
from hadyn.model.problems import ObjectRef
from hadyn.sources import Emit
from hadyn.sources.outages import Outages
from tests.cluster.apiserver import WAIT_SECONDS, ApiServer, Json


class Following(Protocol):
    """What the followers of Secrets and of pods have in common."""

    def start(self, emit: Emit) -> None: ...

    def want(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None: ...


Follower = TypeVar("Follower", bound=Following)


def listed(*items: Json) -> Json:
    return {"metadata": {"resourceVersion": "1"}, "items": list(items)}


class Followed(Generic[Follower]):
    """A follower, the server it asks, and what it said."""

    def __init__(self, follower: Callable[[KubeApi, Outages], Follower], server: ApiServer, folder: Path) -> None:
        self.server = server
        self.said: queue.SimpleQueue[Changes] = queue.SimpleQueue()
        self.follower = follower(server.api(folder), Outages(time.monotonic))
        self.follower.start(self.said.put)

    def want(self, *added: ObjectRef, dropped: tuple[ObjectRef, ...] = ()) -> None:
        self.follower.want(added, dropped)

    def next(self) -> Changes:
        return self.said.get(timeout=WAIT_SECONDS)
