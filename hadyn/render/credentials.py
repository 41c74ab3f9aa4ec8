"""Keep the files that server lines name: authorities, certificates with their keys.

Rules: a file is hadyn's user's alone to read, and in the folder only while a backend names
it. Files that somebody else changed are written again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hadyn.errors import FileNotWritten
from hadyn.model.pem import blocks
from hadyn.render.pem_files import PemFiles

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


class CredentialFiles(PemFiles):
    """The files in one folder, by name; one thread owns them."""

    def __init__(self, folder: Path, make_again: Callable[[], None] = lambda: None) -> None:
        """``make_again`` is called where the folder is gone."""
        super().__init__(folder, AUTHORITIES, PAIR)
        self._make_again = make_again

    def write(self) -> None:
        """Write what is due; raises FileNotWritten, and what failed stays due."""
        for path, cause in self.replace_due().items():
            if isinstance(cause, FileNotFoundError):
                self._make_again()
            raise FileNotWritten(str(path), cause) from cause
