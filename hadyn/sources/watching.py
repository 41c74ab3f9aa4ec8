"""Which manifests the kernel's events are about.

Rules: a file that somebody still writes is not read before it is closed. Everything is
listed again where a single file does not tell the story: a folder or a link came or
went, or the kernel lost count.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.sources.folder import Listing, is_manifest_name
from hadyn.sources.inotify import FolderEvent, Happened

_STARTS_ANEW = Happened.FOLDER_DELETED | Happened.FOLDER_MOVED | Happened.UNMOUNTED | Happened.OVERFLOW
_HERE = Happened.CREATED | Happened.MOVED_HERE


@dataclass(slots=True)
class Look:
    """What to look at again: these manifests, or everything."""

    files: set[Path] = field(default_factory=set)
    everything: bool = False


class Watching:
    """Interprets events by the last listing."""

    def __init__(self, listing: Listing) -> None:
        self.listing = listing
        self.being_written: set[Path] = set()

    def look(self, events: Iterable[FolderEvent]) -> Look:
        """Return what to look at again; each event also tells what is being written."""
        look = Look()
        for event in events:
            if event.happened & _STARTS_ANEW:
                look.everything = True
            elif event.name:
                self._judge(event, look)
            if event.happened & Happened.OVERFLOW:
                # That they were closed may be among what was lost.
                self.being_written.clear()
        return look

    def _judge(self, event: FolderEvent, look: Look) -> None:
        path = event.folder / event.name
        manifests = self._manifests(path)
        if event.happened & Happened.MODIFIED:
            self.being_written |= manifests
        elif not event.happened & Happened.CREATED or _is_complete(path):
            self.being_written -= manifests
            look.files |= manifests
            look.everything |= self._leads_elsewhere(path, event)

    def _leads_elsewhere(self, path: Path, event: FolderEvent) -> bool:
        """Whether the path is more than one file: a root, a folder, or a link (as a ConfigMap's ``..data``)."""
        if path in self.listing.turnouts:
            return True
        if event.folder not in self.listing.folders:
            return False
        if event.happened & Happened.IS_FOLDER:
            return not path.name.startswith(".")
        return bool(event.happened & _HERE) and path.is_symlink()

    def _manifests(self, path: Path) -> set[Path]:
        """The manifests whose content is at this path: itself, and the links that lead to it."""
        found = set(self.listing.targets.get(path, ()))
        if path in self.listing.files or (path.parent in self.listing.folders and is_manifest_name(path.name)):
            found.add(path)
        return found


def _is_complete(path: Path) -> bool:
    """Whether something just created is whole: nobody will close a folder, or a link, hard or symbolic."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return not stat.S_ISREG(status.st_mode) or status.st_nlink > 1
