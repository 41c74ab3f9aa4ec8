"""What the kernel says about files in folders.

Rules: the descriptor waits in ``poll`` and costs nothing while nothing happens. A file is
reported as written when its writer closes it, so nobody reads half of it. Linux only,
like HAProxy's master; ctypes, because Python has no inotify of its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
from dataclasses import dataclass
from enum import Flag
from pathlib import Path

_EVENT = struct.Struct("iIII")
_READ_BYTES = 64 * 1024


class Happened(Flag):
    """The bits of inotify(7) that hadyn asks for or is told unasked."""

    MODIFIED = 0x002
    CLOSED_AFTER_WRITE = 0x008
    MOVED_AWAY = 0x040
    MOVED_HERE = 0x080
    CREATED = 0x100
    DELETED = 0x200
    FOLDER_DELETED = 0x400
    FOLDER_MOVED = 0x800
    UNMOUNTED = 0x2000
    OVERFLOW = 0x4000
    FORGOTTEN = 0x8000
    IS_FOLDER = 0x40000000


NAMES = Happened.MOVED_AWAY | Happened.MOVED_HERE | Happened.CREATED | Happened.DELETED
CONTENT = NAMES | Happened.MODIFIED | Happened.CLOSED_AFTER_WRITE | Happened.FOLDER_DELETED | Happened.FOLDER_MOVED
_CLOSE_ON_EXEC_AND_NONBLOCKING = os.O_CLOEXEC | os.O_NONBLOCK
_MASK_ADD = 0x20000000
_ONLY_FOLDERS = 0x01000000
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
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(_CLOSE_ON_EXEC_AND_NONBLOCKING))
        self._watches: dict[Path, int] = {}
        self._folders: dict[int, set[Path]] = {}
        self._wake_reader, self._wake_writer = os.pipe2(_CLOSE_ON_EXEC_AND_NONBLOCKING)
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self._poll.register(self._wake_reader, select.POLLIN)

    def watch(self, folder: Path, events: Happened = CONTENT) -> None:
        """Report events in folder from here on; asking again is cheap. Raises OSError (ENOSPC: no watches left).

        Where the path leads to another folder than before (a symlink was swapped), the other one is forgotten.
        """
        mask = events.value | _MASK_ADD | _ONLY_FOLDERS
        watch = self._checked(self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), mask))
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
            self._libc.inotify_rm_watch(self._descriptor, watch)

    def wait(self, timeout_seconds: float) -> list[FolderEvent] | None:
        """Return what happened, in order, [] if nothing did in time, None once ``wake`` was called."""
        ready = {descriptor for descriptor, _ in self._poll.poll(timeout_seconds * 1000)}
        if self._wake_reader in ready:
            return None
        return self._events() if self._descriptor in ready else []

    def wake(self) -> None:
        """Make ``wait`` return None, from any thread."""
        os.write(self._wake_writer, b"!")

    def close(self) -> None:
        for descriptor in (self._descriptor, self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _events(self) -> list[FolderEvent]:
        try:
            content = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return []
        events: list[FolderEvent] = []
        offset = 0
        while offset < len(content):
            watch, mask, _, length = _EVENT.unpack_from(content, offset)
            offset += _EVENT.size
            name = os.fsdecode(content[offset : offset + length].rstrip(b"\0"))
            offset += length
            happened = Happened(mask & _KNOWN_BITS)
            folders = {_NOWHERE} if happened & Happened.OVERFLOW else self._folders.get(watch, set())
            events += (FolderEvent(folder, name, happened) for folder in sorted(folders))
            if happened & Happened.FORGOTTEN:
                self._lose(watch)
        return events

    def _lose(self, watch: int) -> None:
        """The kernel forgot the folder by itself: it was deleted or unmounted."""
        for folder in self._folders.pop(watch, set()):
            if self._watches.get(folder) == watch:
                del self._watches[folder]

    @staticmethod
    def _checked(result: int) -> int:
        if result < 0:
            number = ctypes.get_errno() or errno.EIO
            raise OSError(number, os.strerror(number))
        return result


_KNOWN_BITS = ~Happened(0).value & sum(bit.value for bit in Happened)
