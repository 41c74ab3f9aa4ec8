"""What the kernel says about files in folders.

Rules: the descriptor waits in ``poll`` and costs nothing while nothing happens. A file is
reported as written when its writer closes it, so nobody reads half of it. Linux only,
like HAProxy's master.
"""

from __future__ import annotations

import contextlib
import os
import select
from dataclasses import dataclass
from enum import Flag
from pathlib import Path

from inotify_simple import INotify, flags


class Happened(Flag):
    """The bits of inotify(7) that hadyn asks for or is told unasked."""

    MODIFIED = flags.MODIFY.value
    CLOSED_AFTER_WRITE = flags.CLOSE_WRITE.value
    MOVED_AWAY = flags.MOVED_FROM.value
    MOVED_HERE = flags.MOVED_TO.value
    CREATED = flags.CREATE.value
    DELETED = flags.DELETE.value
    FOLDER_DELETED = flags.DELETE_SELF.value
    FOLDER_MOVED = flags.MOVE_SELF.value
    UNMOUNTED = flags.UNMOUNT.value
    OVERFLOW = flags.Q_OVERFLOW.value
    FORGOTTEN = flags.IGNORED.value
    IS_FOLDER = flags.ISDIR.value


NAMES = Happened.MOVED_AWAY | Happened.MOVED_HERE | Happened.CREATED | Happened.DELETED
CONTENT = NAMES | Happened.MODIFIED | Happened.CLOSED_AFTER_WRITE | Happened.FOLDER_DELETED | Happened.FOLDER_MOVED
_NOWHERE = Path()
"""Where the queue overflows."""


@dataclass(frozen=True, slots=True)
class FolderEvent:
    """Something happened to ``name`` in ``folder`` ("" for the folder itself)."""

    folder: Path
    name: str
    happened: Happened


class Inotify:
    """One inotify descriptor and the folders it watches, by the paths they were named with."""

    def __init__(self) -> None:
        """Raise OSError where the kernel grants no further instance (fs.inotify.max_user_instances)."""
        self._kernel = INotify()
        self._watches: dict[Path, int] = {}
        self._folders: dict[int, set[Path]] = {}
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._kernel, select.POLLIN)
        self._poll.register(self._wake_reader, select.POLLIN)

    def watch(self, folder: Path, events: Happened = CONTENT) -> None:
        """Report events in folder from here on; asking again is cheap. Raises OSError (ENOSPC: no watches left).

        Where the path leads to another folder than before (a symlink was swapped), the other one is forgotten.
        """
        watch = self._kernel.add_watch(folder, events.value | flags.MASK_ADD | flags.ONLYDIR)
        if self._watches.get(folder) not in (watch, None):
            self.forget(folder)
        self._watches[folder] = watch
        self._folders.setdefault(watch, set()).add(folder)

    def forget(self, folder: Path) -> None:
        """Stop reporting under this path."""
        watch = self._watches.pop(folder, None)
        if watch is None:
            return
        self._folders[watch].discard(folder)
        if not self._folders[watch]:
            del self._folders[watch]
            with contextlib.suppress(OSError):  # the kernel forgot it by itself a moment ago
                self._kernel.rm_watch(watch)

    def wait(self, timeout_seconds: float) -> list[FolderEvent] | None:
        """Return what happened, in order, [] if nothing did in time, None once ``wake`` was called."""
        ready = {descriptor for descriptor, _ in self._poll.poll(timeout_seconds * 1000)}
        if self._wake_reader in ready:
            return None
        return self.so_far() if self._kernel.fileno() in ready else []

    def so_far(self) -> list[FolderEvent]:
        """Return what happened since the last time, in order, without waiting for anything."""
        events: list[FolderEvent] = []
        for event in self._kernel.read(timeout=0):
            happened = Happened(event.mask & _KNOWN_BITS)
            folders = {_NOWHERE} if happened & Happened.OVERFLOW else self._folders.get(event.wd, set())
            events += (FolderEvent(folder, event.name, happened) for folder in sorted(folders))
            if happened & Happened.FORGOTTEN:
                self._lose(event.wd)
        return events

    def wake(self) -> None:
        """Make ``wait`` return None, from any thread."""
        os.write(self._wake_writer, b"!")

    def close(self) -> None:
        self._kernel.close()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _lose(self, watch: int) -> None:
        """The kernel forgot the folder by itself: it was deleted or unmounted."""
        for folder in self._folders.pop(watch, set()):
            if self._watches.get(folder) == watch:
                del self._watches[folder]


_KNOWN_BITS = ~Happened(0).value & sum(bit.value for bit in Happened)
