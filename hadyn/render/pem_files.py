"""Keep files of keys or certificates in one folder equal to what is wanted of them.

Rules: a file is hadyn's user's alone to read, and in the folder only while something names
it. Files that somebody else changed are written again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from hadyn.render.atomic import replace_files
from hadyn.render.imprints import Imprints


class PemFiles:
    """The files of a folder whose names have one of these ``endings``, by name; one thread owns them."""

    def __init__(self, folder: Path, *endings: str) -> None:
        self.folder = folder
        self._endings = endings
        self._pems: dict[str, str] = {}
        self._due: set[str] = set()
        self._imprints = Imprints()

    @property
    def is_due(self) -> bool:
        """Whether a file is behind, because it could not be written."""
        return bool(self._due)

    def load(self) -> None:
        """Take over what is there; raises OSError."""
        for path in sorted(self.folder.glob("*")):
            if path.suffix in self._endings:
                self._pems[path.name] = path.read_text("ascii", "replace")
        self._imprints.take(map(self.path, self._pems))

    def path(self, file: str) -> Path:
        return self.folder / file

    def names(self) -> frozenset[str]:
        return frozenset(self._pems)

    def pem(self, file: str) -> str | None:
        """Return the content of a file."""
        return self._pems.get(file)

    def put(self, file: str, pem: str) -> None:
        """Set a file; ``replace_due`` writes it."""
        if self._pems.get(file) != pem:
            self._pems[file] = pem
            self._due.add(file)

    def remove(self, file: str) -> None:
        """Remove a file that nothing names; one that cannot be removed is tried again after the next start."""
        self._due.discard(file)
        if self._pems.pop(file, None) is not None:
            self._imprints.forget(self.path(file))
            with contextlib.suppress(OSError):
                self.path(file).unlink()

    def clear(self) -> None:
        for file in self.names():
            self.remove(file)

    def replace_due(self) -> Mapping[Path, OSError]:
        """Write what is due; return what failed, which stays due."""
        due = {self.path(file): file for file in sorted(self._due)}
        failed = replace_files({path: self._pems[file].encode() for path, file in due.items()}, durable=False)
        self._imprints.take(due.keys() - failed.keys())
        self._due = {due[path] for path in failed}
        return failed

    def doubt(self) -> None:
        """Have every file written again."""
        self._due.update(self._pems)

    def restore(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them."""
        changed = self._imprints.differing()
        self._due.update(path.name for path in changed if path.name in self._pems)
        return changed
