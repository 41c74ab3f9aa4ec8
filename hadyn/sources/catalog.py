"""Which objects all files together give.

Rules: an object that two files name is the one of the first file in sorted order, and
the other is a problem; when the first goes, the other takes over. Only objects that
differ from what was delivered are delivered. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.sources.folder import shown_path


@dataclass(frozen=True, slots=True)
class FileContent:
    """The objects of one file, each with the line where it begins, and the problems met on the way."""

    objects: Mapping[ObjectRef, tuple[KubernetesObject, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


class Catalog:
    """All files with their objects, and what of it was delivered already."""

    def __init__(self) -> None:
        self._files: dict[Path, FileContent] = {}
        self._faulty: dict[Path, tuple[Problem, ...]] = {}
        self._claims: dict[ObjectRef, tuple[Path, ...]] = {}
        self._leaving: set[Path] = set()
        self._touched: set[ObjectRef] = set()
        self._delivered: dict[ObjectRef, KubernetesObject] = {}
        self._disputed: set[ObjectRef] = set()

    def put(self, file: Path, content: FileContent) -> None:
        """Take the present content of a file."""
        self.remove(file)
        self._files[file] = content
        if content.problems:
            self._faulty[file] = content.problems
        for ref in content.objects:
            self._claims[ref] = (*self._claims.get(ref, ()), file)
            self._touch(ref)

    def remove(self, file: Path) -> None:
        """Take away a file with all its objects."""
        self._leaving.discard(file)
        self._faulty.pop(file, None)
        gone = self._files.pop(file, FileContent())
        for ref in gone.objects:
            self._claims[ref] = tuple(other for other in self._claims[ref] if other != file)
            self._touch(ref)

    def set_leaving(self, file: Path, *, is_leaving: bool = True) -> None:
        """Let every other file go before this one, which may be about to be gone."""
        if file in self._files and is_leaving != (file in self._leaving):
            (self._leaving.add if is_leaving else self._leaving.discard)(file)
            for ref in self._files[file].objects:
                self._touch(ref)

    def take_changes(self) -> tuple[tuple[KubernetesObject, ...], tuple[ObjectRef, ...]]:
        """Return upserts and deletes since the last call, in the order of their names."""
        upserts: list[KubernetesObject] = []
        deletes: list[ObjectRef] = []
        for ref in sorted(self._touched):
            winner = self._winner(ref)
            if winner is None:
                self._claims.pop(ref, None)
                if self._delivered.pop(ref, None) is not None:
                    deletes.append(ref)
                continue
            wanted = self._files[winner].objects[ref][0]
            if self._delivered.get(ref) != wanted:
                self._delivered[ref] = wanted
                upserts.append(wanted)
        self._touched.clear()
        return tuple(upserts), tuple(deletes)

    def problems(self) -> Iterator[Problem]:
        """Everything wrong in the files themselves, and each object that is named twice."""
        for problems in self._faulty.values():
            yield from problems
        for ref in sorted(self._disputed):
            winner = self._winner(ref)
            for file in sorted(set(self._claims[ref]) - self._leaving - {winner}):
                yield Problem(
                    object=ref,
                    field="",
                    reason=Reason.DUPLICATE,
                    said=f"is also in {self.place_of(ref)}, which counts",
                    remedy="Keep one of them",
                    file=f"{shown_path(file)}:{self._files[file].objects[ref][1]}",
                )

    def location_of(self, ref: ObjectRef) -> tuple[Path, int] | None:
        """File and line of the object that counts, None where no file has it."""
        winner = self._winner(ref)
        content = self._files.get(winner) if winner is not None else None
        if winner is None or content is None or ref not in content.objects:
            return None
        return winner, content.objects[ref][1]

    def place_of(self, ref: ObjectRef) -> str:
        """The same for people: "shop.yaml:12", "" where no file has it."""
        location = self.location_of(ref)
        return f"{shown_path(location[0])}:{location[1]}" if location else ""

    def has(self, file: Path) -> bool:
        """Whether a good content of the file was taken."""
        return file in self._files

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._delivered)

    def _touch(self, ref: ObjectRef) -> None:
        self._touched.add(ref)
        (self._disputed.add if len(self._claims[ref]) > 1 else self._disputed.discard)(ref)

    def _winner(self, ref: ObjectRef) -> Path | None:
        return min(self._claims.get(ref, ()), key=lambda file: (file in self._leaving, file), default=None)
