"""Keep the files that server lines name: authorities, certificates with their keys.

Rules: a file is hadyn's user's alone to read, and in the folder only while a backend names
it. Files that somebody else changed are written again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from hadyn.errors import FileNotWritten
from hadyn.model.pem import blocks
from hadyn.render.atomic import replace_files
from hadyn.render.imprints import Imprints

AUTHORITIES, PAIR = ".ca", ".pem"
"""End the names of files: certificates of authorities, a certificate with its key."""
MARK = "nobody"
"""First line of a file that stands for want of another; what stands before a block means nothing to HAProxy."""


def nobodys(file: str, made: str) -> str:
    """Return what stands for want of another content of a file, out of a certificate with its key that was just made.

    Of authorities the certificate alone, so that nobody has the key.
    """
    pem = made if file.endswith(PAIR) else "".join(str(each) for each in blocks(made.encode()) if not each.is_key)
    return f"{MARK}\n{pem}"


def is_nobodys(pem: str) -> bool:
    return pem.startswith(f"{MARK}\n")


class CredentialFiles:
    """The files in one folder, by name; one thread owns them."""

    def __init__(self, folder: Path, make_again: Callable[[], None] = lambda: None) -> None:
        """``make_again`` is called where the folder is gone."""
        self.folder = folder
        self._make_again = make_again
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
            if path.suffix in (AUTHORITIES, PAIR):
                self._pems[path.name] = path.read_text("ascii", "replace")
        self._imprints.take(map(self._path, self._pems))

    def names(self) -> frozenset[str]:
        return frozenset(self._pems)

    def pem(self, file: str) -> str | None:
        """Return the content of a file."""
        return self._pems.get(file)

    def put(self, file: str, pem: str) -> None:
        """Set a file; ``write`` writes it."""
        if self._pems.get(file) != pem:
            self._pems[file] = pem
            self._due.add(file)

    def remove(self, file: str) -> None:
        """Remove a file that nothing names; one that cannot be removed is tried again after the next start."""
        self._due.discard(file)
        if self._pems.pop(file, None) is not None:
            self._imprints.forget(self._path(file))
            with contextlib.suppress(OSError):
                self._path(file).unlink()

    def write(self) -> None:
        """Write what is due; raises FileNotWritten, and what failed stays due."""
        due = {self._path(file): file for file in sorted(self._due)}
        failed = replace_files({path: self._pems[file].encode() for path, file in due.items()}, durable=False)
        self._imprints.take(due.keys() - failed.keys())
        self._due = {due[path] for path in failed}
        for path, cause in failed.items():
            if isinstance(cause, FileNotFoundError):
                self._make_again()
            raise FileNotWritten(str(path), cause) from cause

    def doubt(self) -> None:
        """Have every file written again."""
        self._due.update(self._pems)

    def restore(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them."""
        changed = self._imprints.differing()
        self._due.update(path.name for path in changed if path.name in self._pems)
        return changed

    def _path(self, file: str) -> Path:
        return self.folder / file
