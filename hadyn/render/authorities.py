"""Keep the files of authorities that clients' certificates are judged by.

Rules: a file is hadyn's user's alone to read; its name says what is in it, so it is
written once, before the list that names it, and removed when no line does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from hadyn.errors import FileNotWritten
from hadyn.model.authorities import Authorities
from hadyn.model.certificates import certificate_name
from hadyn.model.handshakes import PRINT_DIGITS, Handshake
from hadyn.model.problems import ObjectRef
from hadyn.planner.authorities import AUTHORITIES, REVOKED
from hadyn.render.atomic import replace_files
from hadyn.render.imprints import Imprints


def stem_of(secret: ObjectRef, authorities: Authorities) -> str:
    """Return what the two files of a Secret's content are called, without ending."""
    return f"{certificate_name(secret)}.{authorities.fingerprint[:PRINT_DIGITS]}"


def files_of(secret: ObjectRef, authorities: Authorities) -> dict[str, str]:
    """Return the files of a Secret's content by name; lists of revoked certificates come first."""
    stem = stem_of(secret, authorities)
    revoked = {stem + REVOKED: authorities.revoked} if authorities.revoked else {}
    return {**revoked, stem + AUTHORITIES: authorities.pem}


class AuthorityFiles:
    """The files of authorities in one folder, by name; one thread owns them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pems: dict[str, str] = {}
        self._due: set[str] = set()
        self._imprints = Imprints()

    @property
    def is_due(self) -> bool:
        return bool(self._due)

    def load(self) -> None:
        """Take over what is there; raises FileNotWritten where it cannot be read."""
        try:
            for path in sorted(self._folder.glob("*")):
                if path.suffix in (AUTHORITIES, REVOKED):
                    self._pems[path.name] = path.read_text("ascii", "replace")
        except OSError as cause:
            raise FileNotWritten(str(self._folder), cause) from cause
        self._imprints.take(map(self.path, self._pems))

    def path(self, file: str) -> Path:
        return self._folder / file

    def names(self) -> frozenset[str]:
        return frozenset(self._pems)

    def pem(self, file: str) -> str | None:
        """Return the content of a file."""
        return self._pems.get(file)

    def parameters(self, handshake: Handshake, stem: str) -> str:
        """Spell how HAProxy shakes hands, as it does itself between the brackets of a line; no files without ``stem``.

        A certificate is asked for and never insisted on: lines of backends refuse whom they do not want, once they
        know the request. haproxy-facts.md#client-certificates
        """
        words = [f"alpn {handshake.alpn}"] if handshake.alpn else []
        words += [f"verify optional ca-file {self.path(stem + AUTHORITIES)}"] if stem else []
        words += [f"crl-file {self.path(stem + REVOKED)}"] if stem and stem + REVOKED in self._pems else []
        words += [f"ciphers {handshake.ciphers}"] if handshake.ciphers else []
        words += [f"ciphersuites {handshake.suites}"] if handshake.suites else []
        words += [f"ssl-min-ver {handshake.version}"] if handshake.version else []
        return " ".join(words)

    def put(self, file: str, pem: str) -> None:
        """Set a file; ``write`` writes it."""
        if self._pems.get(file) != pem:
            self._pems[file] = pem
            self._due.add(file)

    def remove(self, file: str) -> None:
        """Remove a file that no line of the list names; one that cannot be removed is tried again at the next start."""
        self._due.discard(file)
        if self._pems.pop(file, None) is not None:
            self._imprints.forget(self.path(file))
            with contextlib.suppress(OSError):
                self.path(file).unlink()

    def write(self) -> Mapping[Path, OSError]:
        """Write what is due; return what failed, which stays due."""
        due = {self.path(file): file for file in sorted(self._due)}
        failed = replace_files({path: self._pems[file].encode() for path, file in due.items()}, durable=False)
        self._imprints.take(due.keys() - failed.keys())
        self._due = {due[path] for path in failed}
        return failed

    def clear(self) -> None:
        for file in self.names():
            self.remove(file)

    def doubt(self) -> None:
        """Have every file written again."""
        self._due.update(self._pems)

    def restore(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them."""
        changed = self._imprints.differing()
        self._due.update(path.name for path in changed if path.name in self._pems)
        return changed
