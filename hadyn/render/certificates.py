"""Keep the files of certificates equal to those that HAProxy serves.

Rules: a file is hadyn's user's alone to read, and in the folder only while it is used. The
list names each certificate with its hosts; its first line is the default, for all other
hosts. haproxy-facts.md#default-certificate
Files that somebody else changed are written again.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hadyn.errors import FileNotWritten
from hadyn.planner.certificates import parameters_in
from hadyn.render.atomic import replace_files
from hadyn.render.authorities import AuthorityFiles
from hadyn.render.certificate_list import CertificateList
from hadyn.render.imprints import Imprints

LISTING = "crt-list"
ENDING = ".pem"
DEFAULT = "default"
NO_HOST = "!*"
"""The hosts of the first line: none; those who ask for no host that is known get it all the same."""
_ROW = re.compile(r"(\S+)(?: \[([^]]*)\])?((?: \S+)*)")
HOST = re.compile(r"(?:\*\.)?[a-z0-9_.-]+")


class CertificateFiles:
    """The certificates in one folder, and the list of them; one thread owns them."""

    def __init__(self, folder: Path, make_again: Callable[[], None] = lambda: None) -> None:
        """``make_again`` is called where the folder is gone."""
        self.folder = folder
        self._make_again = make_again
        self._pems: dict[str, str] = {}
        self._hosts: dict[str, tuple[str, ...]] = {}
        self._parameters: dict[str, str] = {}
        self._spoken: Counter[str] = Counter()
        self.authorities = AuthorityFiles(folder)
        self._listed = CertificateList(self.path)
        self._due: set[str] = set()
        self._is_list_due = False
        self._imprints = Imprints()

    @property
    def listing(self) -> Path:
        return self.folder / LISTING

    @property
    def is_due(self) -> bool:
        """Whether a file is behind, because it could not be written."""
        return bool(self._due) or self._is_unlisted or self.authorities.is_due

    def load(self) -> None:
        """Take over what the files say; raises FileNotWritten where they cannot be read."""
        try:
            for path in sorted(self.folder.glob(f"*{ENDING}")):
                self._pems[path.stem] = path.read_text("ascii", "replace")
            self.authorities.load()
            text = self.listing.read_text("ascii", "replace") if self.listing.exists() else ""
        except OSError as cause:
            raise FileNotWritten(str(self.folder), cause) from cause
        for host, (names, parameters) in _hosts_in(text).items():
            self.put_hosts(host, tuple(name for name in names if name in self._pems), parameters)
        self._is_list_due = self.text != text
        self._imprints.take([self.listing, *map(self.path, self._pems)])

    def path(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"

    def names(self) -> frozenset[str]:
        """Return the certificates that are in the folder, the default included."""
        return frozenset(self._pems)

    def pem(self, name: str) -> str | None:
        """Return the content of a file."""
        return self._pems.get(name)

    def names_of(self, host: str) -> tuple[str, ...]:
        """Return the certificates of a host as the list has them."""
        return self._hosts.get(host, ())

    def parameters_of(self, host: str) -> str:
        """Return how HAProxy shakes hands for a host, as the list has it; "" as for all others."""
        return self._parameters.get(host, "")

    def parameters(self) -> frozenset[str]:
        """Return all that lines of the list say of handshakes."""
        return frozenset(self._spoken)

    def hosts(self) -> frozenset[str]:
        return frozenset(self._hosts)

    def put(self, name: str, pem: str) -> None:
        """Set a certificate; ``write`` writes it."""
        if self._pems.get(name) != pem:
            self._pems[name] = pem
            self._due.add(name)

    def put_back(self, name: str, pem: str | None) -> None:
        """Set a certificate as it was before; one that was not there goes, and its hosts lose it."""
        if pem is not None:
            self.put(name, pem)
            return
        for host in self._listed.hosts(name):
            names = tuple(each for each in self._hosts[host] if each != name)
            self.put_hosts(host, names, self.parameters_of(host))
        self.remove(name)

    def put_hosts(self, host: str, names: tuple[str, ...], parameters: str = "") -> None:
        """Set the certificates of a host, and how HAProxy shakes hands for it; ``write`` writes the list."""
        assert HOST.fullmatch(host), host
        before = {(name, self.parameters_of(host)) for name in self._hosts.pop(host, ())}
        self._speak(host, parameters if names else "")
        after = dict.fromkeys((name, parameters) for name in names)
        if names:
            self._hosts[host] = names
        for name, said in before - after.keys():
            self._listed.discard(name, host, said)
        for name, said in after:
            if (name, said) not in before:
                self._listed.add(name, host, said)
        self._is_list_due = self._is_list_due or before != after.keys()

    def _speak(self, host: str, parameters: str) -> None:
        """Let a host have these parameters instead of those before."""
        before = self._parameters.pop(host, "")
        if before:
            self._spoken[before] -= 1
        if not self._spoken[before]:
            del self._spoken[before]
        if parameters:
            self._parameters[host] = parameters
            self._spoken[parameters] += 1

    def is_listed(self, name: str) -> bool:
        """Whether some host has this certificate."""
        return name in self._listed

    def lines(self) -> Iterator[tuple[str, tuple[str, ...], int, str]]:
        """Yield certificate, hosts, number and parameters of each line of the list, as HAProxy reads it."""
        for number, row in enumerate(self.text.splitlines(), start=1):
            certificate, parameters, hosts = _parts(row)
            yield certificate, hosts, number, parameters

    def write(self) -> None:
        """Write what is due; raises FileNotWritten, and what failed stays due. Certificates come before the list."""
        self._raise_first(self.authorities.replace_due())
        due = {self.path(name): name for name in sorted(self._due)}
        failed = self._replaced({path: self._pems[name].encode() for path, name in due.items()})
        self._due = {due[path] for path in failed}
        self._raise_first(failed)
        if self._is_unlisted:
            self._raise_first(self._replaced({self.listing: self.text.encode()}))
            self._is_list_due = False

    @property
    def _is_unlisted(self) -> bool:
        """Whether the list is behind; without a default there is none, for HAProxy does not speak TLS."""
        return self._is_list_due and DEFAULT in self._pems

    def remove(self, name: str) -> None:
        """Remove a certificate that no host has; one whose file cannot be removed is tried again at the next start."""
        assert not self.is_listed(name), name
        assert name != DEFAULT, name
        self._due.discard(name)
        if self._pems.pop(name, None) is not None:
            self._imprints.forget(self.path(name))
            with contextlib.suppress(OSError):
                self.path(name).unlink()

    def clear(self) -> None:
        """Remove every file: HAProxy speaks no TLS any more, and keys are kept only while they are used."""
        paths = [self.listing, *map(self.path, self._pems)] if self._pems else []
        for path in paths:
            self._imprints.forget(path)
            with contextlib.suppress(OSError):
                path.unlink()
        self._pems, self._hosts, self._parameters, self._listed = {}, {}, {}, CertificateList(self.path)
        self._spoken.clear()
        self.authorities.clear()
        self._due.clear()
        self._is_list_due = False

    def doubt(self) -> None:
        """Have every file written again."""
        self._due.update(self._pems)
        self._is_list_due = True
        self.authorities.doubt()

    def restore(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them."""
        changed = self._imprints.differing()
        names = {self.path(name): name for name in self._pems} if changed else {}
        self._due.update(names[path] for path in changed if path in names)
        self._is_list_due = self._is_list_due or self.listing in changed
        return [*changed, *self.authorities.restore()]

    @property
    def text(self) -> str:
        """The list, as it is or is going to be."""
        return "".join((f"{self.path(DEFAULT)} {NO_HOST}\n", *self._listed.texts()))

    def _replaced(self, contents: Mapping[Path, bytes]) -> Mapping[Path, OSError]:
        failed = replace_files(contents, durable=False)
        self._imprints.take(contents.keys() - failed.keys())
        return failed

    def _raise_first(self, failed: Mapping[Path, OSError]) -> None:
        for path, cause in failed.items():
            if isinstance(cause, FileNotFoundError):
                self._make_again()
            raise FileNotWritten(str(path), cause) from cause


def _hosts_in(text: str) -> dict[str, tuple[list[str], str]]:
    """Read a list; what ``CertificateFiles`` would not have written is left out."""
    found: dict[str, tuple[list[str], str]] = {}
    for row in filter(_ROW.fullmatch, text.splitlines()):
        certificate, parameters, hosts = _parts(row)
        for host in filter(HOST.fullmatch, hosts):
            found.setdefault(host, ([], parameters))[0].append(certificate)
    return found


def _parts(row: str) -> tuple[str, str, tuple[str, ...]]:
    """Take a line of the list apart: certificate, parameters, hosts."""
    matched = _ROW.fullmatch(row)
    assert matched is not None, row
    path, brackets, hosts = matched.groups()
    return Path(path).stem, parameters_in(brackets or ""), tuple(hosts.split())
