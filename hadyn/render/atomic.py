"""Replace files so that a reader sees all of one version, whatever happens meanwhile.

Rule: new bytes go to a file beside the one they replace and take its name when they are
complete. HAProxy loads neither names with a leading dot nor ones that do not end in .cfg.
haproxy-facts.md#directory-of-shards
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PRIVATE_FILE = 0o600
SYNCING = 16
"""So many files are put on disk at a time."""


def replace_files(contents: Mapping[Path, bytes], *, durable: bool) -> dict[Path, OSError]:
    """Replace several files; return those that are as they were, each with its error.

    With ``durable`` they survive a power cut. No file takes its name before the bytes of
    all of them are on disk, so that the folder is never half of one version for long.
    """
    failed: dict[Path, OSError] = {}
    for path, content in contents.items():
        try:
            _write(_temporary(path), content)
        except OSError as cause:
            _remove(_temporary(path))
            failed[path] = cause
    if durable:
        failed |= _not_synced(contents.keys() - failed.keys())
    for path in contents.keys() - failed.keys():
        try:
            _temporary(path).replace(path)
        except OSError as cause:
            _remove(_temporary(path))
            failed[path] = cause
    if durable:
        _sync_folders({path.parent for path in contents})
    return failed


def _temporary(path: Path) -> Path:
    """One writer holds the state folder, so the name may be fixed; what a crash left is written over."""
    return path.with_name(f".{path.name}.tmp")


def _not_synced(paths: Collection[Path]) -> dict[Path, OSError]:
    """Put the bytes of temporary files on disk; return those where that failed, which are gone.

    Several at a time: 256 files one after the other took 0.6 s, file systems do many at once in a third.
    """
    with ThreadPoolExecutor(max_workers=min(SYNCING, max(1, len(paths)))) as pool:
        failures = dict(zip(paths, pool.map(_sync, map(_temporary, paths)), strict=True))
    failed = {path: failure for path, failure in failures.items() if failure is not None}
    for path in failed:
        _remove(_temporary(path))
    return failed


def _sync(path: Path) -> OSError | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as cause:
        return cause
    return None


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)  # whatever the umask is
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_folders(folders: set[Path]) -> None:
    """Make the new names last. Some file systems cannot sync a folder: theirs last anyway, or not at all."""
    for folder in folders:
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
