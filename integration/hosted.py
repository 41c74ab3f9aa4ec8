"""Pods of any kind for a Deployment, with clients that never stop asking them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from hadyn.model.addresses import Address

PAUSE_SECONDS = 0.002


class AnyPod(Protocol):
    """What a Deployment asks of its pods."""

    address: Address

    def stop(self, grace_seconds: float = 0.0) -> None: ...


Kind = TypeVar("Kind", bound=AnyPod)


class Hosted(Generic[Kind]):
    """Pods that ``make`` starts by name, IP and port; a context manager that stops those that are left."""

    def __init__(self, make: Callable[[str, str, int], Kind]) -> None:
        self._make = make
        self._open = ExitStack()

    def start(self, name: str, ip: str, port: int, *, delay_seconds: float = 0.0) -> Kind:
        """Start a pod; how long it takes to answer is its own affair."""
        pod = self._make(name, ip, port)
        self._open.callback(pod.stop)
        return pod

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


class Restless:
    """Clients that do their work again and again until left, each in a thread of its own.

    ``by_pod`` counts what each pod answered, ``failed`` says of each failure why.
    """

    def __init__(self, *works: Callable[[], None]) -> None:
        self.by_pod: dict[str, int] = {}
        self.failed: list[str] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(work,)) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def have_met(self, names: list[str]) -> bool:
        return set(names) <= self.by_pod.keys()

    def forget(self) -> None:
        """Count from nothing."""
        with self._lock:
            self.by_pod.clear()

    def met(self, pod: str) -> None:
        with self._lock:
            self.by_pod[pod] = self.by_pod.get(pod, 0) + 1

    def _repeat(self, work: Callable[[], None]) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            work()
