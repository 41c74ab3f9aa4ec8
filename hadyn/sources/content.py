"""The objects of one file.

Rules: whatever the file holds, nothing raises but DoesNotParse; a document that is no
Kubernetes object harms only itself; the first object of a name counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hadyn.model.decoding import decode
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.sources.catalog import FileContent
from hadyn.sources.documents import Document, documents
from hadyn.sources.folder import shown_path


def file_content(text: bytes, path: Path) -> FileContent:
    """Decode all documents of a file. Raises DoesNotParse."""
    objects: dict[ObjectRef, tuple[KubernetesObject, int]] = {}
    problems: list[Problem] = []
    for document in documents(text, is_json=path.suffix == ".json"):
        place = f"{shown_path(path)}:{document.line}"
        found = decode(document.content) if _is_object(document) else _stranger(document, path)
        if isinstance(found, Problem):
            problems.append(replace(found, file=place))
        elif found is not None and found.ref in objects:
            said = f"is also in line {objects[found.ref][1]}, which counts"
            problems.append(Problem(found.ref, "", Reason.DUPLICATE, said, "Keep one of them", file=place))
        elif found is not None:
            objects[found.ref] = (found, document.line)
    return FileContent(objects, tuple(problems))


def file_ref(path: Path) -> ObjectRef:
    """The object that a problem of a whole file names: the file."""
    return ObjectRef("File", "", shown_path(Path(path.name or path)))


def _is_object(document: Document) -> bool:
    return isinstance(document.content, Mapping) and document.content.get("kind") is not None


def _stranger(document: Document, path: Path) -> Problem:
    what = "has no kind" if isinstance(document.content, Mapping) else "is not a mapping"
    remedy = "Write apiVersion and kind, or keep the file elsewhere"
    return Problem(file_ref(path), "", Reason.UNREADABLE, f"a document {what}, so it is no object", remedy)
