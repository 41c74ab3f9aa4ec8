"""Which manifests the kernel's events are about.

Rules: a file that somebody still writes is not read before it is closed. One that is gone
may have come back by now, but whoever brings it back says so when it is whole. Everything
is listed again where a single file does not tell the story: a folder or a link came or
went, or the kernel lost count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.sources.folder import Listing, is_manifest_name
from hadyn.sources.inotify import FolderEvent, Happened

_STARTS_ANEW = Happened.FOLDER_DELETED | Happened.FOLDER_MOVED | Happened.UNMOUNTED | Happened.OVERFLOW
_HERE = Happened.CREATED | Happened.MOVED_HERE
_GONE = Happened.DELETED | Happened.MOVED_AWAY


@dataclass(slots=True)
class Look:
    """What to look at again: these manifests, whether those are gone, or everything."""

    files: set[Path] = field(default_factory=set)
    gone: set[Path] = field(default_factory=set)
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.files or self.gone)


class Watching:
    """Interprets events by the present listing, which ``listing`` returns."""

    def __init__(self, listing: Callable[[], Listing]) -> None:
        self._listing = listing
        self._look = Look()
        self._being_written: set[Path] = set()
        self._created: set[Path] = set()
        """Those among them of which only a name is known so far."""

    @property
    def is_due(self) -> bool:
        """Whether something was noted that ``take`` has not returned yet."""
        return bool(self._look)

    def note(self, events: Iterable[FolderEvent]) -> set[Path]:
        """Note what happened, to be looked at later; return the manifests whose content was touched in place."""
        touched: set[Path] = set()
        for event in events:
            if event.happened & _STARTS_ANEW:
                self._look.everything = True
            elif event.name:
                touched |= self._judge(event)
            if event.happened & Happened.OVERFLOW:
                # That they were closed may be among what was lost.
                self._being_written.clear()
                self._created.clear()
        return touched

    def take(self) -> Look:
        """Return what to look at for all that was noted since the last time."""
        look, self._look = self._look, Look()
        return look

    def is_being_written(self, file: Path) -> bool:
        """Whether somebody has the file open to write it; not so of one that came by its name alone, as a whole."""
        return file in self._being_written and not (file in self._created and _has_content(file))

    def _judge(self, event: FolderEvent) -> set[Path]:
        path = event.folder / event.name
        manifests = self._manifests(path)
        is_begun = event.happened & Happened.CREATED and not _is_complete(path)
        if is_begun or event.happened & Happened.MODIFIED:
            self._being_written |= manifests
            # What is written in a file that has just been created makes it one like all others.
            (self._created.update if is_begun else self._created.difference_update)(manifests)
            self._look.files -= manifests
            return manifests
        self._being_written -= manifests | {path}
        self._created -= manifests | {path}
        (self._look.gone if event.happened & _GONE else self._look.files).update(manifests)
        self._look.everything |= self._leads_elsewhere(path, event)
        return manifests if event.happened & Happened.CLOSED_AFTER_WRITE else set()

    def _leads_elsewhere(self, path: Path, event: FolderEvent) -> bool:
        """Whether the path is more than one file: a root, a folder, or a link (as a ConfigMap's ``..data``)."""
        listing = self._listing()
        if path in listing.turnouts:
            return True
        if event.folder not in listing.folders:
            return False
        if event.happened & Happened.IS_FOLDER:
            return not path.name.startswith(".")
        return bool(event.happened & _HERE) and path.is_symlink()

    def _manifests(self, path: Path) -> set[Path]:
        """The manifests whose content is at this path: itself, and the links that lead to it."""
        listing = self._listing()
        found = set(listing.targets.get(path, ()))
        if path in listing.files or (path.parent in listing.folders and is_manifest_name(path.name)):
            found.add(path)
        return found


def _is_complete(path: Path) -> bool:
    """Whether something just created is whole: nobody will close a folder, or a link, hard or symbolic."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_nlink > 1


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
