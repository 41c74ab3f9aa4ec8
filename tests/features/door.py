"""The process of a fake HAProxy: it is started and reloaded from the files of a state folder, as HAProxy is."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.errors import ConfigurationAlert, ConfigurationRefused, HadynError, ReloadUnexplained
from hadyn.model.addresses import Address
from hadyn.planner.capabilities import Capabilities
from hadyn.process.master import Processes
from hadyn.render.folder import StateFolder
from hadyn.runtime.fake import FakeHAProxy

DISLIKES = "is not to my taste"


@dataclass(slots=True, eq=False)
class FakeLife:
    """One fake HAProxy from its start to its end."""

    pid: int
    ended: threading.Event = field(default_factory=threading.Event)

    def __str__(self) -> str:
        return f"(pid {self.pid})"

    def wait(self, timeout_seconds: float | None) -> bool:
        return self.ended.wait(timeout_seconds)


@dataclass(slots=True)
class FakeDoor:
    """Keeps the protocol Door.

    ``dislikes`` are words: a line that holds one makes the fake refuse a configuration.
    ``failures`` are raised by the next reloads, one each. ``reloads`` counts those that came off.
    ``mains`` are the main files it has read; ``workers`` is how many it says it has, and
    ``stranger`` what is wrong with who answers on the runtime socket. One that ``is_mute``
    judges by loading alone, and does not say what it refuses.
    """

    fake: FakeHAProxy
    folder: StateFolder
    handle: FakeLife | None = None
    is_child: bool = True
    can_judge: bool = True
    dislikes: set[str] = field(default_factory=set)
    failures: list[HadynError] = field(default_factory=list)
    reloads: int = 0
    mains: list[str] = field(default_factory=list)
    workers: int = 1
    stranger: HadynError | None = None
    is_mute: bool = False

    @property
    def capabilities(self) -> Capabilities:
        return self.fake.capabilities

    def check(self, files: Iterable[Path]) -> None:
        if not self.is_mute:
            self._judge(files)

    def _judge(self, files: Iterable[Path]) -> None:
        for path in files:
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                for word in self.dislikes:
                    if word in line.split():
                        alert = ConfigurationAlert(str(path), number, DISLIKES)
                        raise ConfigurationRefused(f"{path}:{number}: {DISLIKES}", (alert,))
        self._check_certificates()

    def _check_certificates(self) -> None:
        """HAProxy reads the list while it reads the line that names it."""
        listing = self.folder.certificates / "crt-list"
        for line in listing.read_text().splitlines() if listing.exists() else ():
            for path in self.dislikes.intersection(line.split()):
                said = f"'crt-list' : unable to load SSL certificate into SSL Context '{path}'."
                raise ConfigurationRefused(said, (ConfigurationAlert(str(self.folder.main_config), 1, said),))

    def adopt(self) -> int | None:
        return None if self.handle is None or self.handle.ended.is_set() else self.handle.pid

    def start(self, _addresses: Iterable[Address], /) -> int:
        self._read_files()
        self.fake.stands = None
        self.handle = FakeLife(self.fake.pid)
        return self.handle.pid

    def reload(self) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.is_mute:
            self._load_silently()
        self._read_files()
        self.reloads += 1

    def _load_silently(self) -> None:
        try:
            self._judge([self.folder.main_config, *self.folder.backends.glob("*.cfg")])
        except ConfigurationRefused as cause:
            raise ReloadUnexplained from cause

    def processes(self) -> Processes:
        return Processes(1, self.reloads, 0, (self.fake.pid, *range(1, self.workers)))

    def verify(self) -> None:
        if self.stranger:
            raise self.stranger

    def stop(self, _grace_seconds: float, /) -> None:
        """Outlive the test."""

    def tidy(self) -> None:
        """There is no log."""

    def _read_files(self) -> None:
        main, *shards = [self.folder.main_config, *sorted(self.folder.backends.glob("*.cfg"))]
        self.mains.append(main.read_text())
        text = "\n".join(path.read_text() for path in (main, *shards))
        maps = {str(path): _entries(path) for path in self.folder.maps.glob("*.map")}
        folders = self.folder.certificates, self.folder.credentials
        certificates = {str(path): path.read_text() for folder in folders for path in folder.iterdir()}
        self.fake.reload(text, maps, certificates)


def _entries(path: Path) -> dict[str, str]:
    lines = (line for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split(" ", 1) for line in lines)  # type: ignore[misc]
