"""All problems, by what found them, so that each is taken back when its cause is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from hadyn.model.problems import ObjectRef, Problem


class Judge(Enum):
    """Which look at the objects found a problem: each replaces its own findings."""

    OBJECT = "object"
    HOST = "host"
    PART = "part"
    PORTS = "ports"
    NAMES = "names"
    SECRETS = "secrets"
    USERS = "users"
    CERTIFICATE = "certificate"
    HANDSHAKE = "handshake"
    STANDING = "standing"


class ProblemBook:
    """Problems by judge and what it judged; ``is_changed`` until somebody has read them."""

    def __init__(self) -> None:
        self._problems: dict[tuple[Judge, ObjectRef | str], tuple[Problem, ...]] = {}
        self.is_changed = True

    def put(self, judge: Judge, judged: ObjectRef | str, problems: Iterable[Problem] = ()) -> None:
        """Replace what this judge had found."""
        found = tuple(problems)
        if found != self._problems.get((judge, judged), ()):
            self.is_changed = True
            self._problems[judge, judged] = found
        if not found:
            self._problems.pop((judge, judged), None)

    def __iter__(self) -> Iterator[tuple[ObjectRef | str, tuple[Problem, ...]]]:
        """Yield what was judged and what is wrong with it."""
        for (_, judged), problems in self._problems.items():
            yield judged, problems
