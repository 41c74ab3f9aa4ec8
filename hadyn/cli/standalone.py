"""What manifests come to when no hadyn runs: read once, judged as ``run`` would."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hadyn.controller.intent import policy
from hadyn.errors import WrongUsage
from hadyn.model.changes import Changes
from hadyn.model.desired import MapKey
from hadyn.model.inventory import Inventory
from hadyn.model.problems import Problem
from hadyn.model.route_entries import entries
from hadyn.settings import Settings
from hadyn.sources.folder import shown_path
from hadyn.sources.lines import field_line
from hadyn.sources.reading import Manifests


@dataclass(frozen=True, slots=True)
class Judged:
    """Manifests and what they come to; ``delivery`` is what a source would deliver."""

    settings: Settings
    manifests: Manifests
    delivery: Changes
    inventory: Inventory

    def problems(self) -> tuple[Problem, ...]:
        """All problems, each with file and line, in the order of files."""
        lines = _Lines(self.manifests)
        book, now = self.inventory.certificates, time.time()
        untimely = filter(None, (book.untimely(name, now) for name in book.names()))
        outdated = book.handshakes.untimely(now)
        found = (*self.inventory.problems(), *untimely, *outdated)
        return tuple(sorted(map(lines.located, found), key=_by_place))

    def entries(self) -> dict[MapKey, str]:
        """The entries of all maps."""
        return {
            key: value for host in self.inventory.hosts() for key, value in entries(self.inventory.routes(host)).items()
        }


def judged(paths: Collection[Path], flags: dict[str, Any]) -> Judged:
    """Read manifests and judge them by the flags of ``policy_flags``. Raises WrongUsage for a path that is not there."""
    settings = Settings(manifests=tuple(paths), **flags)
    manifests = Manifests(settings.manifests)
    manifests.look_everywhere(time.monotonic())
    for path, cause in manifests.listing.unreadable.items():
        if path in settings.manifests:
            raise WrongUsage(
                f"cannot read {shown_path(path)}: {cause.strerror or cause}",
                remedy="Name a file or a folder that this user may read",
            ) from cause
    delivery = manifests.delivery(time.monotonic())
    inventory = Inventory(policy(settings))
    inventory.apply(delivery)
    return Judged(settings, manifests, delivery, inventory)


class _Lines:
    """Finds the line of a problem's field in the file of its object."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._texts: dict[Path, bytes] = {}

    def located(self, problem: Problem) -> Problem:
        location = self._manifests.location_of(problem.object)
        if problem.file or location is None:
            return problem
        path, line = location
        return replace(problem, file=f"{shown_path(path)}:{field_line(self._text(path), line, problem.field)}")

    def _text(self, path: Path) -> bytes:
        if path not in self._texts:
            try:
                self._texts[path] = path.read_bytes()
            except OSError:
                self._texts[path] = b""
        return self._texts[path]


def _by_place(problem: Problem) -> tuple[str, int, Problem]:
    name, _, line = problem.file.partition(":")
    digits = line.partition(":")[0]
    return name, int(digits) if digits.isdecimal() else 0, problem
