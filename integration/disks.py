"""A state folder on a disk of its own, that can be full, or read-only. Needs root."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from integration.running import Ground

DISK_BYTES = 4 << 20
PAGE_BYTES = 4096


class DiskGround(Ground):
    """A ``Ground`` whose hadyn has a small disk for its state folder."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.folder.path.mkdir(mode=0o700)
        _mount("-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "none", self.folder.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ending:
            ending.callback(_unmount, self.folder.path)
            ending.push(super().__exit__)

    def fill(self, *, but_bytes: int = 0) -> None:
        """Leave so many bytes."""
        descriptor = os.open(self._filler, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with contextlib.suppress(OSError):
            while os.write(descriptor, bytes(PAGE_BYTES)):
                pass
        os.ftruncate(descriptor, max(0, os.fstat(descriptor).st_size - but_bytes))
        os.close(descriptor)

    def free(self) -> None:
        """Take away what filled it."""
        self._filler.unlink()

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nothing be written where hadyn writes; what is open stays so."""
        folders = [self.folder.path / name for name in ("backends", "candidate", "maps", "errors")]
        for folder in folders:
            _mount("--bind", folder, folder)
            _mount("-o", "remount,bind,ro", folder)
        try:
            yield
        finally:
            for folder in folders:
                _unmount(folder)

    @property
    def _filler(self) -> Path:
        return self.folder.candidate / "filler"


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def _unmount(folder: object) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
