"""Watch manifests, in files or folders.

Rules: nothing is polled while the kernel tells (a rare sweep finds what it could not tell,
on NFS for instance); only touched files are read again; a start without a single Ingress
is a mistake of usage, later it is the user's wish.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from hadyn.errors import WrongUsage
from hadyn.model.changes import Changes
from hadyn.model.objects import Ingress
from hadyn.model.problems import ObjectRef
from hadyn.sources import Emit, Part, nowhere
from hadyn.sources.folder import shown_path
from hadyn.sources.inotify import FolderEvent, Happened, Inotify
from hadyn.sources.reading import SOURCE, Manifests
from hadyn.sources.watching import Watching

GRACE_SECONDS = 0.1
"""So long may a file be gone before its objects are: vim and git remove a file to write it anew."""
SWEEP_SECONDS = 10.0
RETRY_SECONDS = 0.5
"""How soon to look again for a folder that cannot be read, or that the kernel will not watch."""
_SWEEP_SHARE = 1000
"""A sweep takes a thousandth of the time at most, however many files there are."""


class ManifestsSource:
    """The objects in files and folders, from the start on and as they change."""

    name = SOURCE
    brings_secrets = False

    def __init__(
        self, paths: Sequence[Path], *, needs_ingress: bool = True, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """``needs_ingress`` makes a start without any Ingress WrongUsage."""
        self._paths = tuple(paths)
        self._needs_ingress = needs_ingress
        self._manifests = Manifests(self._paths, watch=self._watch, is_whole=self._is_whole, grace=grace_seconds)
        self._watching = Watching(lambda: self._manifests.listing)
        self._inotify: Inotify | None = None
        self._thread: threading.Thread | None = None
        self._emit: Emit = nowhere
        self._is_unwatched = False
        self._sweep_at = 0.0
        self._stale_since: float | None = None

    def start(self, emit: Emit) -> None:
        """Read all manifests and emit them, then watch.

        Raises WrongUsage for a path that is not there or cannot be read, and where no
        Ingress is found.
        """
        self._emit = emit
        self._inotify = _inotify()
        try:
            complete = self._first_delivery()
        except WrongUsage:
            self._inotify.close()
            raise
        emit(complete)
        self._thread = threading.Thread(target=self._run, args=(self._inotify,), name="manifests", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:  # noqa: ARG002 - nothing is left to wait for
        """Return at once: all was read when it started."""
        return True

    def parts(self) -> Sequence[Part]:
        return (self,)

    def want_secrets(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """Do nothing: all Secrets in the files are delivered anyway."""

    def stop(self) -> None:
        """End the thread; takes as long as one file takes to read."""
        if self._inotify is None or self._thread is None:
            return
        self._inotify.wake()
        self._thread.join()
        self._inotify.close()
        self._thread = None

    def staleness_seconds(self, now: float) -> float:
        """Seconds since a path could last be read, 0.0 while all can."""
        return 0.0 if self._stale_since is None else max(0.0, now - self._stale_since)

    def place_of(self, ref: ObjectRef) -> str:
        """Where an object is written ("shop.yaml:12"), "" where it is in no file; from any thread."""
        return self._manifests.place_of(ref)

    def _first_delivery(self) -> Changes:
        now = time.monotonic()
        self._look_everywhere(now)
        for path in self._paths:
            cause = self._manifests.listing.unreadable.get(path)
            if cause is None:
                continue
            raise WrongUsage(
                f"cannot read {shown_path(path)}: {cause.strerror or cause}",
                remedy="--manifests takes a file or a folder that this user may read",
            ) from cause
        complete = self._manifests.delivery(now)
        if self._needs_ingress and not any(isinstance(upsert, Ingress) for upsert in complete.upserts):
            raise _without_ingress(self._paths, complete)
        return complete

    def _run(self, inotify: Inotify) -> None:
        try:
            while True:
                events = inotify.wait(self._seconds_to_wait(time.monotonic()))
                if events is None:
                    return
                self._turn(events, time.monotonic())
        finally:
            # If a mistake of ours ends the thread, the source is stale from now on.
            self._stale_since = self._stale_since or time.monotonic()

    def _turn(self, events: list[FolderEvent], now: float) -> None:
        self._watching.note(events)
        look = self._watching.take()
        if look.everything or now >= self._sweep_at:
            self._look_everywhere(now)
        self._manifests.look_at(sorted(look.files), now)
        self._manifests.miss(sorted(look.gone), now)
        self._manifests.let_leave(now)
        changes = self._manifests.changes(received=now)
        if changes is not None:
            self._emit(changes)

    def _look_everywhere(self, now: float) -> None:
        self._is_unwatched = False
        self._manifests.look_everywhere(now)
        is_blind = self._manifests.is_blind
        self._stale_since = (self._stale_since or now) if is_blind else None
        took_seconds = time.monotonic() - now
        pause = RETRY_SECONDS if is_blind or self._is_unwatched else SWEEP_SECONDS
        self._sweep_at = now + max(pause, took_seconds * _SWEEP_SHARE)

    def _is_whole(self, file: Path) -> bool:
        """Whether what was just read is all of a file: nobody wrote it until now, which the kernel has told by now."""
        assert self._inotify is not None
        touched = self._watching.note(self._inotify.so_far())
        return file not in touched and not self._watching.is_being_written(file)

    def _seconds_to_wait(self, now: float) -> float:
        if self._watching.is_due:
            return 0.0
        until_gone = self._manifests.seconds_to_leave(now)
        until_sweep = max(0.0, self._sweep_at - now)
        return until_sweep if until_gone is None else min(until_gone, until_sweep)

    def _watch(self, folder: Path, events: Happened) -> None:
        assert self._inotify is not None
        try:
            self._inotify.watch(folder, events)
        except OSError:
            # Gone, not readable, or no watches are left (ENOSPC): the sweep has to do.
            self._is_unwatched = True


def _inotify() -> Inotify:
    try:
        return Inotify()
    except OSError as cause:
        raise WrongUsage(
            f"cannot watch files: {cause.strerror}",
            remedy="Raise fs.inotify.max_user_instances with sysctl, or end another program that watches files",
        ) from cause


def _without_ingress(paths: Sequence[Path], complete: Changes) -> WrongUsage:
    places = " ".join(map(shown_path, paths))
    for problem in complete.problems or ():
        return WrongUsage(f"no Ingress is in {places}, and {problem}", remedy="`hadyn check` tells all problems")
    return WrongUsage(
        f"no Ingress is in {places}",
        remedy="Put one into a file *.yaml there, or begin with the manifests of examples/shop",
    )
