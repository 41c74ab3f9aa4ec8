"""The disk of a soak run's state folder, to be filled."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER_BYTES = 4 << 20
PAGE_BYTES = 4096


class Disk:
    """A file that takes what is left of a disk."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "candidate" / "filler"

    def fill(self) -> None:
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with suppress(OSError):
            while os.write(descriptor, bytes(PAGE_BYTES)):
                pass
        os.close(descriptor)

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def disk_at(folder: Path) -> Iterator[Disk]:
    """Put a small disk where a folder shall be; it takes root, and ends with the mount namespace at the latest."""
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FOLDER_BYTES},mode=700", "none", folder], check=True)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
