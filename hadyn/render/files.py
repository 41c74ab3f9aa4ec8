"""Keep the files of the state folder equal to what HAProxy runs, or shall run after a reload.

Rules: who sits where goes to its file at once, for hadyn alone decides it. What came
from a user (directives, a new backend) or from flags waits until HAProxy has judged a
candidate: the files that a crash of HAProxy starts from have all been judged. What could
not be written stays due; unchanged bytes are not written.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import hadyn
from hadyn.errors import FileNotWritten
from hadyn.model.desired import MapKey, MapName
from hadyn.render.atomic import replace_files
from hadyn.render.candidate import Candidate
from hadyn.render.certificates import CertificateFiles
from hadyn.render.credentials import CredentialFiles
from hadyn.render.folder import StateFolder
from hadyn.render.imprints import Imprints
from hadyn.render.map_files import MapFiles
from hadyn.render.shards import SHARDS, Shards, differs_in_seats_only, shard_of, with_seats

PAGES = ("404.http", "503.http")
SHARD_FILE = re.compile(r"[0-9]{3}\.cfg")


@dataclass(frozen=True, slots=True)
class Installed:
    """What was live before the last ``install``: sections by backend (None for no section), the main file."""

    main: bytes | None = None
    sections: dict[str, bytes | None] = field(default_factory=dict)
    removed: Mapping[str, bytes] = field(default_factory=dict)


class StateFiles:
    """The files in a state folder; one thread owns them."""

    def __init__(self, folder: StateFolder) -> None:
        self.folder = folder
        self._imprints = Imprints()
        self._maps = MapFiles(folder.maps, self._replaced)
        self.certificates = CertificateFiles(folder.certificates, self._make_folders_again)
        self.credentials = CredentialFiles(folder.credentials, self._make_folders_again)
        self._shards = Shards()
        # Each reload names all of them, and a Path spells itself once.
        self._shard_paths = [folder.backends / f"{number:03}.cfg" for number in range(SHARDS)]
        self._due: set[int] = set()
        self._unjudged: dict[str, bytes] = {}
        self._unconfirmed: set[str] = set()
        self._removed: dict[str, bytes] = {}
        self._main: bytes | None = None
        self._is_main_due = False
        self._unjudged_main: bytes | None = None
        self._are_pages_due = False
        self._installed = Installed()

    def load(self) -> None:
        """Take over what the files say; raises FileNotWritten where they cannot be read.

        Missing maps and error pages are written, or due where that cannot be.
        """
        try:
            self._set_strangers_aside()
            for number in range(SHARDS):
                if not self._shards.adopt(number, _read(self._shard_path(number))):
                    self._due.add(number)
            self._main = _read(self.folder.main_config) or None
            self._maps.load()
            self.certificates.load()
            self.credentials.load()
        except OSError as cause:
            raise FileNotWritten(str(self.folder.path), cause) from cause
        self._imprints.take([self.folder.main_config, *map(self._shard_path, range(SHARDS)), *self._maps.paths()])
        self._are_pages_due = True
        with contextlib.suppress(FileNotWritten):
            self._write_pages()
            self.write_maps()

    def backend_names(self) -> frozenset[str]:
        """Return the backends of the files, those included that HAProxy has not judged yet."""
        return frozenset(self._shards.names()).union(self._unjudged)

    def filed_names(self) -> frozenset[str]:
        """Return the backends that HAProxy has once it has read the files."""
        return frozenset(self._shards.names())

    def section(self, name: str) -> str | None:
        """Return the section of a backend as it stands in the files, or will after ``install``."""
        section = self._unjudged.get(name) or self._shards.get(name)
        return section.decode() if section is not None else None

    def filed_section(self, name: str) -> str:
        """Return the section of a backend as HAProxy has it once it has read the files, "" for none."""
        return (self._shards.get(name) or b"").decode()

    def words_behind(self, pattern: re.Pattern[str]) -> set[str]:
        """Return what a pattern finds in any section that HAProxy has, or reads with its next reload; costs all of them."""
        contents = (self._shards.content(number) for number in self._shards.numbers())
        others = (*self._unjudged.values(), *self._removed.values())
        return {word for content in (*contents, *others) for word in pattern.findall(content.decode())}

    def entries(self) -> dict[MapKey, str]:
        """Return all map entries, those included that are not written yet."""
        return self._maps.entries()

    def map_entries(self, name: MapName) -> Mapping[str, str]:
        """Return the entries of one map by key, those included that are not written yet; to look at only."""
        return self._maps.of(name)

    @property
    def main(self) -> str:
        """The main file as HAProxy accepted it, or as somebody left it; "" if there is none yet."""
        return (self._main or b"").decode("utf-8", "replace")

    @property
    def has_unjudged_main(self) -> bool:
        """Whether HAProxy has yet to judge, and then read, the main file."""
        return self._unjudged_main is not None

    def is_unjudged(self, name: str) -> bool:
        """Whether HAProxy has yet to judge, and then read, the section of a backend, or the main file ("")."""
        return name in self._unjudged if name else self.has_unjudged_main

    @property
    def is_due(self) -> bool:
        """Whether a file is behind: maps that wait for their turn, or a write that failed."""
        is_due = self._is_main_due or self._are_pages_due or self._maps.is_due or self.certificates.is_due
        return bool(self._due) or is_due or self.credentials.is_due

    def put_main(self, text: str) -> None:
        """Set the main file; ``install`` writes it."""
        content = text.encode()
        self._unjudged_main = content if content != self._main else None

    def put_backend(self, name: str, section: str) -> None:
        """Set a backend's section: ``write_shards`` writes who sits where, ``install`` all the rest that differs."""
        content = section.encode()
        filed = self._shards.get(name)
        judged = filed or self._removed.get(name)
        if judged is not None and differs_in_seats_only(judged, content):
            self._unjudged.pop(name, None)
        else:
            self._unjudged[name] = content
            if filed is None:
                return
            content = with_seats(filed, content)
        if filed != content:
            self._due.add(self._shards.put(name, content))

    def put_accepted(self, name: str, section: str) -> None:
        """Set the section of a backend that HAProxy runs: one that it was given by command is live at once.

        It holds nothing that HAProxy has not taken; ``unconfirmed`` has it judged behind.
        """
        if self._shards.get(name) or name in self._removed:
            self.put_backend(name, section)
            return
        self._unjudged.pop(name, None)
        self._unconfirmed.add(name)
        self._due.add(self._shards.put(name, section.encode()))

    def put_seats(self, name: str, section: str) -> None:
        """Set who sits where, and leave the rest of a backend's section as HAProxy accepted it."""
        filed = self._shards.get(name)
        if filed is not None:
            self.put_backend(name, with_seats(filed, section.encode()).decode())

    def remove_backend(self, name: str) -> None:
        """Drop a backend from the files; HAProxy holds it until its next reload, and takes it back until then."""
        self._unjudged.pop(name, None)
        self._unconfirmed.discard(name)
        filed = self._shards.get(name)
        if filed is not None:
            self._removed[name] = filed
        number = self._shards.remove(name)
        if number is not None:
            self._due.add(number)

    def forget_removed(self, name: str) -> None:
        """Note that HAProxy does not hold a removed backend any more."""
        self._removed.pop(name, None)

    def forget_unjudged(self, name: str) -> None:
        """Take back what HAProxy refused of a backend: the section judged before stays, if there is one."""
        if name in self._unconfirmed:
            self.remove_backend(name)
            self.forget_removed(name)
        self._unjudged.pop(name, None)

    @property
    def has_unconfirmed(self) -> bool:
        """Whether sections are live, and written, that HAProxy runs and has not judged as files."""
        return any(shard_of(name) not in self._due for name in self._unconfirmed)

    def unconfirmed(self) -> Candidate:
        """Return the live files with such sections: few, whatever the number of backends."""
        sections = self._unconfirmed_sections()
        written = {name: section for name, section in sections.items() if shard_of(name) not in self._due}
        shards = sorted({self._shard_path(shard_of(name)) for name in written})
        return Candidate((self.folder.main_config, *shards), None, written, is_live=True)

    def _unconfirmed_sections(self) -> dict[str, bytes]:
        return {name: section for name in self._unconfirmed if (section := self._shards.get(name))}

    def confirm(self, candidate: Candidate) -> None:
        """Note that HAProxy has judged these sections."""
        self._unconfirmed -= candidate.sections.keys()

    def put_maps(self, entries: Mapping[MapKey, str | None]) -> None:
        """Set map entries, or remove those that are None; ``write_maps`` writes them."""
        self._maps.put(entries)

    def write_shards(self, *, durable: bool = False) -> None:
        """Write the shards in which seats changed; raises FileNotWritten, and what failed stays due."""
        due = {self._shard_path(number): number for number in sorted(self._due)}
        failed = self._replaced({path: self._shards.content(due[path]) for path in due}, durable)
        self._due = {due[path] for path in failed}
        self._raise_first(failed)

    def write_maps(self, *, durable: bool = False) -> None:
        """Write the maps that changed, each whole; raises FileNotWritten, and what failed stays due."""
        self._raise_first(self._maps.write(durable=durable))

    def write_all(self, *, durable: bool = True) -> None:
        """Write whatever is due, so that it survives a power cut; raises FileNotWritten."""
        if self._are_pages_due:
            self._write_pages()
        self.certificates.write()
        self.credentials.write()
        if self._is_main_due and self._main is not None:
            self._raise_first(self._replaced({self.folder.main_config: self._main}, durable))
            self._is_main_due = False
        self.write_shards(durable=durable)
        self.write_maps(durable=durable)

    def write_main(self, text: str) -> None:
        """Set the main file at once, unjudged; raises FileNotWritten."""
        self._main, self._is_main_due = text.encode(), True
        self.write_all()

    def doubt(self) -> None:
        """Have every file written again: somebody else changed them, or the folder was removed. Raises OSError."""
        self._set_strangers_aside()
        self._is_main_due = self._main is not None
        self._are_pages_due = True
        self._due.update(
            self._shards.numbers(), filter(lambda number: self._shard_path(number).exists(), range(SHARDS))
        )
        self._maps.doubt()
        self.certificates.doubt()
        self.credentials.doubt()

    def doubt_changed(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them. Raises OSError."""
        changed = [*self._set_strangers_aside(), *self._imprints.differing()]
        numbers = {self._shard_path(number): number for number in range(SHARDS)} if changed else {}
        self._due.update(numbers[path] for path in changed if path in numbers)
        self._is_main_due = self._is_main_due or (self.folder.main_config in changed and self._main is not None)
        if not numbers.keys() >= set(changed):
            self._are_pages_due = True
            self._maps.doubt()
        return [*changed, *self.certificates.restore(), *self.credentials.restore()]

    def stage(self, only: Container[str] | None = None) -> Candidate:
        """Write what HAProxy has not judged yet beside the live files; raises FileNotWritten.

        ``only`` holds names of backends, "" for the main file: the rest stays as it was judged last. There is a main file by now. The cost follows what differs. One candidate is kept, the last: also a refused one
        can be looked at, and many of them fill no disk.
        """
        changed: dict[int, dict[str, bytes]] = {number: {} for number in self._due}
        unjudged = {name: section for name, section in self._unjudged.items() if only is None or name in only}
        for name, section in unjudged.items():
            changed.setdefault(shard_of(name), {})[name] = section
        staged = {self._staged_path(number): self._shards.content(number, changed[number]) for number in changed}
        unjudged_main = self._unjudged_main if only is None or "" in only else None
        main = unjudged_main or self._main
        assert main is not None, "put_main comes first"
        staged[self.folder.candidate / self.folder.main_config.name] = main
        self._raise_first(replace_files(staged, durable=False))
        return Candidate(tuple(self._files(changed)), unjudged_main, {**unjudged, **self._unconfirmed_sections()})

    def install(self, candidate: Candidate) -> None:
        """Let a candidate that HAProxy accepted be live, with the present seats; what was changed since stays unjudged.

        Raises FileNotWritten; the rest is then due, and HAProxy must not be reloaded
        before ``write_all`` has succeeded.
        """
        self._installed = Installed(main=self._main, removed=self._removed)
        for name, section in candidate.sections.items():
            latest = self._unjudged.get(name)
            if latest is None:
                continue
            self._installed.sections[name] = self._shards.get(name)
            if differs_in_seats_only(section, latest):
                del self._unjudged[name]
            # Were it left for the next time, who changes faster than HAProxy judges would never be loaded.
            self._due.add(self._shards.put(name, with_seats(section, latest)))
        self.confirm(candidate)
        if candidate.main is not None:
            self._main, self._is_main_due = candidate.main, True
            if self._unjudged_main == candidate.main:
                self._unjudged_main = None
        self._removed = {}
        self.write_all()

    def revert(self) -> None:
        """Take the last ``install`` back, but for seats: HAProxy refused what nobody had judged. Raises FileNotWritten."""
        before, self._installed = self._installed, Installed(main=self._main)
        for name, judged in before.sections.items():
            section = self._shards.get(name)
            assert section is not None, name
            self._unjudged.setdefault(name, section)
            self._due.add(shard_of(name))
            if judged is None:
                self._shards.remove(name)
            else:
                self._shards.put(name, with_seats(judged, section))
        if before.main is not None and before.main != self._main:
            self._unjudged_main = self._unjudged_main or self._main
            self._main, self._is_main_due = before.main, True
        self._removed |= before.removed
        self.write_all()

    def _files(self, changed: Mapping[int, object]) -> Iterator[Path]:
        """Yield what HAProxy shall judge, in the order in which it reads the live files."""
        yield self.folder.candidate / self.folder.main_config.name
        for number in sorted({*self._shards.numbers(), *changed}):
            yield self._staged_path(number) if number in changed else self._shard_path(number)

    def _shard_path(self, number: int) -> Path:
        return self._shard_paths[number]

    def _staged_path(self, number: int) -> Path:
        return self.folder.candidate / f"{number:03}.cfg"

    def _replaced(self, contents: Mapping[Path, bytes], durable: bool) -> Mapping[Path, OSError]:
        """Replace live files; return those that are as they were."""
        failed = replace_files(contents, durable=durable)
        self._imprints.take(contents.keys() - failed.keys())
        return failed

    def _raise_first(self, failed: Mapping[Path, OSError]) -> None:
        """Raise for the first of the files that could not be written; a folder that is gone is made anew."""
        for path, cause in failed.items():
            if isinstance(cause, FileNotFoundError):
                self._make_folders_again()
            raise FileNotWritten(str(path), cause) from cause

    def _make_folders_again(self) -> None:
        try:
            self.folder.make_folders()
            self.doubt()
        except OSError as cause:
            raise FileNotWritten(str(self.folder.path), cause) from cause

    def _write_pages(self) -> None:
        pages = {self.folder.errors / page: (shipped_files() / page).read_bytes() for page in PAGES}
        self._raise_first(self._replaced(pages, False))
        self._are_pages_due = False

    def _set_strangers_aside(self) -> list[Path]:
        """HAProxy would load every .cfg in the folder of shards; keep what is not hadyn's under another name."""
        strangers = [path for path in self.folder.backends.glob("*.cfg") if not _is_shard(path)]
        for path in strangers:
            path.rename(path.with_suffix(".cfg.set-aside"))
        return strangers


def shipped_files() -> Path:
    """Return the folder of what HAProxy reads besides: inside an installed package, beside a checked-out one."""
    package = Path(hadyn.__file__).parent
    installed = package / "haproxy"
    return installed if installed.is_dir() else package.parent / "haproxy"


def _is_shard(path: Path) -> bool:
    return SHARD_FILE.fullmatch(path.name) is not None and int(path.stem) < SHARDS


def _read(path: Path) -> bytes:
    """Return the bytes of a file, none where it does not exist."""
    return path.read_bytes() if path.exists() else b""
