"""The reload that HAProxy owes to files that are live already, for a hadyn that comes after this one.

Rule: it is noted before live files change that HAProxy reads only with a reload, and settled when
it has read them. So a hadyn that dies between the two is followed by one that reloads. Of seats and
map entries there is no note: HAProxy itself says how they are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hadyn.errors import FileNotWritten
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.atomic import replace_files


class _Note(msgspec.Struct, frozen=True):
    """The workers that have not read the files (pids), and why they shall: reason, backend, detail."""

    workers: frozenset[int]
    reasons: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Debt:
    """A note in the file ``path``; without one, nothing is owed."""

    path: Path

    def note(self, reasons: Iterable[Reload], workers: Collection[int]) -> None:
        """Note that none of these workers has read what comes now; raises FileNotWritten."""
        told = tuple((reload.reason.name, reload.backend, reload.detail) for reload in reasons)
        failed = replace_files({self.path: msgspec.json.encode(_Note(frozenset(workers), told))}, durable=False)
        for path, cause in failed.items():
            raise FileNotWritten(str(path), cause) from cause

    def settle(self) -> None:
        """Forget the note. Where that fails, the next hadyn sees by the workers that it is an old one."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def of(self, workers: Collection[int]) -> tuple[Reload, ...]:
        """Return why HAProxy shall be reloaded if one of these workers, by pid, was there before the files."""
        try:
            note = msgspec.json.decode(self.path.read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return ()
        if note.workers.isdisjoint(workers):
            return ()
        known = ReloadReason.__members__
        return tuple(
            Reload(known[reason], backend, detail) for reason, backend, detail in note.reasons if reason in known
        )
