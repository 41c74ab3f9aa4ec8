"""Manifests as last read, and what became of them since.

Rules: a file that does not parse or cannot be read keeps its last good content and is a
problem; only a file that is gone for sure takes its objects away, and not before a grace
time in which an editor or git may put it back. What was read while somebody wrote it is
not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hadyn.model.changes import Changes
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.sources.catalog import Catalog
from hadyn.sources.content import file_content, file_ref
from hadyn.sources.documents import DoesNotParse
from hadyn.sources.folder import (
    NOT_READ,
    Listing,
    Signature,
    Unsuitable,
    Watch,
    list_manifests,
    read_manifest,
    shown_path,
)

SOURCE = "manifests"


class StillEmpty(OSError):
    """A folder that was gone is there again, without a single manifest."""


class Manifests:
    """The objects of all manifests under some roots."""

    def __init__(
        self,
        roots: Sequence[Path],
        *,
        watch: Watch = lambda _folder, _events: None,
        is_whole: Callable[[Path], bool] = lambda _file: True,
        grace: float = 0.0,
    ) -> None:
        """``watch`` is told each folder that matters; ``is_whole`` is asked behind each read; ``grace`` is in seconds."""
        self._roots = tuple(roots)
        self._watch = watch
        self._is_whole = is_whole
        self._grace = grace
        self._catalog = Catalog()
        self._signatures: dict[Path, Signature] = {}
        self._troubles: dict[Path, Problem] = {}
        self._leaving: dict[Path, float] = {}
        self._problems_delivered: tuple[Problem, ...] = ()
        self.listing = Listing()

    def look_everywhere(self, now: float) -> None:
        """List everything and read what differs; ``now`` is monotonic seconds."""
        listing = list_manifests(self._roots, self._watch)
        self._distrust_empty_folders(listing)
        self.listing = listing
        self.look_at(
            (file for file in list(self._signatures) if file not in listing.files and not self._is_hidden(file)), now
        )
        self.look_at((file for file, found in listing.files.items() if self._differs(file, found)), now)

    def look_at(self, files: Iterable[Path], now: float) -> None:
        """Read these files again; one that is gone leaves when its grace time is over, one not whole stays as it was."""
        for file in files:
            try:
                text, signature = read_manifest(file)
            except (FileNotFoundError, NotADirectoryError):
                self._leave(file, now)
            except Unsuitable as cause:
                self._stay(file)
                self._signatures[file] = self.listing.files.get(file, NOT_READ)
                self._trouble(file, str(cause))
            except OSError as cause:
                self._stay(file)
                self._signatures[file] = NOT_READ
                self._trouble(file, f"cannot be read: {cause.strerror or cause}")
            else:
                if self._is_whole(file):
                    self._signatures[file] = signature
                    self._stay(file)
                    self._take(file, text)

    def miss(self, files: Iterable[Path], now: float) -> None:
        """Have these leave when their grace time is over, except those that are there: they are read when they are whole."""
        for file in files:
            if not _is_there(file):
                self._leave(file, now)

    def let_leave(self, now: float) -> None:
        """Forget files whose grace time is over.

        One that somebody writes anew stays until it is closed, and one whose folder went
        with it stays too: a folder that is gone empties nothing.
        """
        for file in [file for file, deadline in self._leaving.items() if deadline <= now]:
            if _is_there(file):
                self._leaving[file] = now + self._grace
                continue
            if self._is_hidden(file):
                self._stay(file)
                continue
            del self._leaving[file]
            self._signatures.pop(file, None)
            self._troubles.pop(file, None)
            self._catalog.remove(file)

    def seconds_to_leave(self, now: float) -> float | None:
        """Seconds until the next file has to be forgotten, None where none waits for it."""
        return max(0.0, min(self._leaving.values()) - now) if self._leaving else None

    def delivery(self, received: float) -> Changes:
        """Everything, when nothing was delivered before."""
        upserts, _ = self._catalog.take_changes()
        self._problems_delivered = self._problems()
        return Changes(
            source=SOURCE,
            upserts=upserts,
            problems=self._problems_delivered,
            is_complete=True,
            is_operators_own=True,
            received=received,
        )

    def changes(self, received: float) -> Changes | None:
        """What differs since the last call; None where nothing does."""
        upserts, deletes = self._catalog.take_changes()
        problems = self._problems()
        if not (upserts or deletes or problems != self._problems_delivered):
            return None
        is_same = problems == self._problems_delivered
        self._problems_delivered = problems
        return Changes(
            source=SOURCE,
            upserts=upserts,
            deletes=deletes,
            problems=None if is_same else problems,
            is_operators_own=True,
            received=received,
        )

    @property
    def is_blind(self) -> bool:
        """Whether something that should be read cannot be."""
        return bool(self.listing.unreadable) or NOT_READ in self._signatures.values()

    def location_of(self, ref: ObjectRef) -> tuple[Path, int] | None:
        """File and line of an object, None where it is in no file."""
        return self._catalog.location_of(ref)

    def place_of(self, ref: ObjectRef) -> str:
        """Where an object is written ("shop.yaml:12"), "" where it is in no file."""
        return self._catalog.place_of(ref)

    def _differs(self, file: Path, found: Signature) -> bool:
        """Whether a file that was listed is another one than was read, or was gone in the meantime."""
        return file in self._leaving or self._signatures.get(file) != found

    def _leave(self, file: Path, now: float) -> None:
        self._leaving.setdefault(file, now + self._grace)
        self._catalog.set_leaving(file)

    def _stay(self, file: Path) -> None:
        self._leaving.pop(file, None)
        self._catalog.set_leaving(file, is_leaving=False)

    def _take(self, file: Path, text: bytes) -> None:
        try:
            content = file_content(text, file)
        except DoesNotParse as cause:
            self._trouble(file, f"does not parse: {cause}", place=f":{cause.line}:{cause.column}")
            return
        self._troubles.pop(file, None)
        self._catalog.put(file, content)

    def _is_hidden(self, file: Path) -> bool:
        """Whether the file lies behind something that cannot be read."""
        return any(place in self.listing.unreadable for place in (file, *file.parents))

    def _distrust_empty_folders(self, listing: Listing) -> None:
        """Take a folder that comes back empty for one that is still being filled: it empties no backend."""
        for root in self.listing.unreadable:
            is_back = root in self._roots and root not in listing.unreadable
            if is_back and not _lies_under(root, listing.files) and _lies_under(root, self._signatures):
                listing.unreadable[root] = StillEmpty("it is there again, but without a manifest")

    def _problems(self) -> tuple[Problem, ...]:
        return tuple(sorted({*self._catalog.problems(), *self._troubles.values(), *self._unreadable_places()}))

    def _trouble(self, file: Path, said: str, place: str = "") -> None:
        effect = "its last good content counts" if self._catalog.has(file) else "nothing of it counts"
        remedy = f"Until it is repaired, {effect}"
        self._troubles[file] = _file_problem(file, said, remedy, place)

    def _unreadable_places(self) -> Iterable[Problem]:
        for place, cause in self.listing.unreadable.items():
            remedy = "Make it readable; what was read there before goes on to count"
            yield _file_problem(place, f"cannot be read: {cause.strerror or cause}", remedy)


def _is_there(file: Path) -> bool:
    """Whether a file is there; True where nobody may know."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _lies_under(root: Path, files: Iterable[Path]) -> bool:
    return any(root in (file, *file.parents) for file in files)


def _file_problem(path: Path, said: str, remedy: str, place: str = "") -> Problem:
    return Problem(file_ref(path), "", Reason.UNREADABLE, said, remedy, file=shown_path(path) + place)
