"""Keep the files of the state folder equal to what HAProxy runs, or shall run after a reload.

Rules: what came from a user or from flags waits until HAProxy has judged a candidate: the
files that a crash of HAProxy starts from have all been judged. What could not be written
stays due; unchanged bytes are not written.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Container, Iterator, Mapping
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
from hadyn.render.sections import Sections
from hadyn.render.shards import SHARDS, shard_of

PAGES = ("404.http", "503.http")
SHARD_FILE = re.compile(r"[0-9]{3}\.cfg")


class StateFiles:
    """The files in a state folder, those of backends by their ``sections``; one thread owns them."""

    def __init__(self, folder: StateFolder) -> None:
        self.folder = folder
        self._imprints = Imprints()
        self._maps = MapFiles(folder.maps, self._replaced)
        self.certificates = CertificateFiles(folder.certificates, self._make_folders_again)
        self.credentials = CredentialFiles(folder.credentials, self._make_folders_again)
        self.sections = Sections()
        # Each reload names all of them, and a Path spells itself once.
        self._shard_paths = [folder.backends / f"{number:03}.cfg" for number in range(SHARDS)]
        self._main: bytes | None = None
        self._is_main_due = False
        self._unjudged_main: bytes | None = None
        self._are_pages_due = False
        self._main_before: bytes | None = None

    def load(self) -> None:
        """Take over what the files say; raises FileNotWritten where they cannot be read.

        Missing maps and error pages are written, or due where that cannot be.
        """
        try:
            self._set_strangers_aside()
            for number in range(SHARDS):
                self.sections.adopt(number, _read(self._shard_path(number)))
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
        return self.sections.is_unjudged(name) if name else self.has_unjudged_main

    @property
    def is_due(self) -> bool:
        """Whether a file is behind: maps that wait for their turn, or a write that failed."""
        is_due = self._is_main_due or self._are_pages_due or self._maps.is_due or self.certificates.is_due
        return bool(self.sections.due) or is_due or self.credentials.is_due

    def put_main(self, text: str) -> None:
        """Set the main file; ``install`` writes it."""
        content = text.encode()
        self._unjudged_main = content if content != self._main else None

    def unconfirmed(self) -> Candidate:
        """Return the live files with sections that HAProxy runs and has not judged: few, whatever the number of backends."""
        sections = self.sections.unconfirmed()
        shards = sorted({self._shard_path(shard_of(name)) for name in sections})
        return Candidate((self.folder.main_config, *shards), None, sections, is_live=True)

    def put_maps(self, entries: Mapping[MapKey, str | None]) -> None:
        """Set map entries, or remove those that are None; ``write_maps`` writes them."""
        self._maps.put(entries)

    def write_shards(self, *, durable: bool = False) -> None:
        """Write the shards in which seats changed; raises FileNotWritten, and what failed stays due."""
        due = {self._shard_path(number): number for number in sorted(self.sections.due)}
        failed = self._replaced({path: self.sections.content(due[path]) for path in due}, durable)
        self.sections.due = {due[path] for path in failed}
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
        self.sections.due.update(self.sections.numbers())
        self.sections.due.update(filter(lambda number: self._shard_path(number).exists(), range(SHARDS)))
        self._maps.doubt()
        self.certificates.doubt()
        self.credentials.doubt()

    def doubt_changed(self) -> list[Path]:
        """Have the files written again that somebody else changed; return them. Raises OSError."""
        changed = [*self._set_strangers_aside(), *self._imprints.differing()]
        numbers = {self._shard_path(number): number for number in range(SHARDS)} if changed else {}
        self.sections.due.update(numbers[path] for path in changed if path in numbers)
        self._is_main_due = self._is_main_due or (self.folder.main_config in changed and self._main is not None)
        if not numbers.keys() >= set(changed):
            self._are_pages_due = True
            self._maps.doubt()
        return [*changed, *self.certificates.restore(), *self.credentials.restore()]

    def stage(self, only: Container[str] | None = None) -> Candidate:
        """Write what HAProxy has not judged yet beside the live files; raises FileNotWritten.

        ``only`` holds names of backends, "" for the main file: the rest stays as it was judged last.
        There is a main file by now. The cost follows what differs. One candidate is kept, the last:
        also a refused one can be looked at, and many of them fill no disk.
        """
        changed = self.sections.candidates(only)
        staged = {self._staged_path(number): content for number, content in changed.items()}
        unjudged_main = self._unjudged_main if only is None or "" in only else None
        main = unjudged_main or self._main
        assert main is not None, "put_main comes first"
        staged[self.folder.candidate / self.folder.main_config.name] = main
        self._raise_first(replace_files(staged, durable=False))
        return Candidate(tuple(self._files(changed)), unjudged_main, self.sections.unjudged(only))

    def install(self, candidate: Candidate) -> None:
        """Let a candidate that HAProxy accepted be live, with the present seats; what was changed since stays unjudged.

        Raises FileNotWritten; the rest is then due, and HAProxy must not be reloaded
        before ``write_all`` has succeeded.
        """
        self._main_before = self._main
        self.sections.install(candidate.sections)
        if candidate.main is not None:
            self._main, self._is_main_due = candidate.main, True
            if self._unjudged_main == candidate.main:
                self._unjudged_main = None
        self.write_all()

    def revert(self) -> None:
        """Take the last ``install`` back, but for seats: HAProxy refused what nobody had judged. Raises FileNotWritten."""
        before, self._main_before = self._main_before, self._main
        self.sections.revert()
        if before is not None and before != self._main:
            self._unjudged_main = self._unjudged_main or self._main
            self._main, self._is_main_due = before, True
        self.write_all()

    def _files(self, changed: Mapping[int, object]) -> Iterator[Path]:
        """Yield what HAProxy shall judge, in the order in which it reads the live files."""
        yield self.folder.candidate / self.folder.main_config.name
        for number in sorted({*self.sections.numbers(), *changed}):
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
