"""Which manifests there are right now, in the folders that were named.

Rules: folders are walked whole, symlinks are followed, hidden names are passed over (a
ConfigMap's ``..data`` is reached by the links that lead into it). What cannot be read is
told apart from what is gone, because only the latter takes objects away.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.sources.inotify import CONTENT, NAMES, Happened

SUFFIXES = (".yaml", ".yml", ".json")
MAX_FILE_BYTES = 32 * 1024 * 1024

Signature = tuple[int, int, int, int]
"""Device, inode, size in bytes and time of the last change in nanoseconds: another one, another content."""


NOT_READ: Signature = (0, 0, 0, 0)
"""Of a file that could not be read: it differs from every other."""

_PASSED_OVER = {"lost+found"}


class Unsuitable(OSError):
    """A manifest has more than MAX_FILE_BYTES, or is no regular file."""


@dataclass(slots=True)
class Listing:
    """What one walk found.

    ``files`` are the manifests. ``unreadable`` are files, folders or roots of which
    nothing is known, and why. ``targets`` maps the real path behind a link to the
    manifests that lead there. ``turnouts`` are paths on the way to a root that may be
    led elsewhere: when one changes, everything is listed again.
    """

    files: dict[Path, Signature] = field(default_factory=dict)
    unreadable: dict[Path, OSError] = field(default_factory=dict)
    folders: set[Path] = field(default_factory=set)
    targets: dict[Path, set[Path]] = field(default_factory=dict)
    turnouts: set[Path] = field(default_factory=set)


Watch = Callable[[Path, Happened], None]


def list_manifests(roots: Sequence[Path], watch: Watch) -> Listing:
    """Walk all roots; ``watch`` is told each folder before it is looked into, so that nothing slips between."""
    listing = Listing()
    seen: set[tuple[int, int]] = set()
    for root in sorted(roots, key=_is_file):
        for turnout in (root, *filter(_is_link, root.parents)):
            listing.turnouts.add(turnout)
            watch(turnout.parent, NAMES)
        try:
            status = root.stat()
            if stat.S_ISDIR(status.st_mode):
                _walk(root, listing, seen, watch)
            elif not (_identity(root.parent.stat()) in seen and is_manifest_name(root.name)):
                watch(root.parent, CONTENT)
                _note_file(root, status, listing, watch if _is_link(root) else None)
        except OSError as cause:
            listing.unreadable[root] = cause
    return listing


def is_manifest_name(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.startswith(".")


def read_manifest(path: Path) -> tuple[bytes, Signature]:
    """Return the content of a file. Raises OSError, Unsuitable among them."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unsuitable("it is no regular file")
        content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise Unsuitable(f"it has more than {MAX_FILE_BYTES // 1024**2} MiB")
        _wait_for_truncation(descriptor)
        return content, signature(status)


def shown_path(path: Path) -> str:
    """A path for people and logs: on one line, printable whatever its bytes."""
    text = str(path)
    return text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode("ascii")


def signature(status: os.stat_result) -> Signature:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _wait_for_truncation(descriptor: int) -> None:
    """Return when whoever was just emptying the file is done, so that inotify has told of it.

    The kernel shows a file empty before it says that it was modified. It does both under the
    file's lock, which this question waits for (ext4, tmpfs, overlayfs, btrfs; on XFS a read does).
    """
    with contextlib.suppress(OSError):
        os.lseek(descriptor, 0, os.SEEK_DATA)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _walk(folder: Path, listing: Listing, seen: set[tuple[int, int]], watch: Watch) -> None:
    try:
        status = folder.stat()
        if _identity(status) in seen:
            return
        seen.add(_identity(status))
        watch(folder, CONTENT)
        listing.folders.add(folder)
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as cause:
        listing.unreadable[folder] = cause
        return
    for entry in entries:
        path = folder / entry.name
        try:
            if entry.name.startswith(".") or entry.name in _PASSED_OVER:
                continue
            if entry.is_dir():
                _walk(path, listing, seen, watch)
            elif is_manifest_name(entry.name):
                _note_file(path, entry.stat(), listing, watch if entry.is_symlink() else None)
        except OSError as cause:
            listing.unreadable[path] = cause


def _note_file(path: Path, status: os.stat_result, listing: Listing, watch_target: Watch | None) -> None:
    """Note one manifest; where it is a link, its target is watched too."""
    listing.files[path] = signature(status)
    if watch_target is not None:
        target = path.resolve()
        listing.targets.setdefault(target, set()).add(path)
        watch_target(target.parent, CONTENT)
