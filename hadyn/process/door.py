"""The one door to a HAProxy, whether hadyn starts it or somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from hadyn.model.addresses import Address
from hadyn.planner.capabilities import Capabilities
from hadyn.process.master import Processes


class Life(Protocol):
    """One HAProxy from its start to its end; ``str()`` says which, for the log."""

    def wait(self, timeout_seconds: float | None) -> bool:
        """Wait for the end, for ever with None; return whether it came. Any thread may."""


class Door(Protocol):
    """What the controller can do to HAProxy; ``HAProxyProcess`` and ``Sidecar`` say what each raises."""

    @property
    def is_child(self) -> bool:
        """Whether hadyn starts it, so that it runs from the files as they are."""

    @property
    def can_judge(self) -> bool:
        """Whether ``check`` judges files; otherwise only a reload shows what HAProxy thinks of them."""

    @property
    def capabilities(self) -> Capabilities:
        """What the HAProxy that was taken hold of last can do."""

    @property
    def handle(self) -> Life | None:
        """The HAProxy that was taken hold of last."""

    def check(self, files: Iterable[Path]) -> None: ...

    def adopt(self) -> int | None: ...

    def start(self, addresses: Iterable[Address], /) -> int: ...

    def reload(self) -> None: ...

    def processes(self) -> Processes: ...

    def verify(self) -> None:
        """Raise NotHAProxy if somebody else answers on the runtime socket, TemporaryError if nobody does."""

    def stop(self, grace_seconds: float, /) -> None: ...

    def tidy(self) -> None: ...
