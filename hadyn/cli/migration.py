"""What hadyn would make of the annotations of another controller, for those who think of moving."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hadyn.errors import WrongUsage
from hadyn.model.options.foreign.verdicts import Judgement, Peer, Verdict
from hadyn.model.options.option import Scope
from hadyn.model.options.table import BY_ALIAS
from hadyn.model.problems import shown
from hadyn.sources.documents import DoesNotParse, documents
from hadyn.sources.folder import Unsuitable, list_manifests, read_manifest, shown_path

STDIN = Path("-")
KINDS = frozenset(scope.value for scope in (Scope.INGRESS, Scope.SERVICE))
MOST_BYTES = 256 * 1024 * 1024


class Use(NamedTuple):
    """An annotation on an object of a namespace, "ingress shop/web"; ``value`` as it stands there."""

    annotation: str
    value: object
    object: str
    namespace: str
    scope: Scope


class Finding(NamedTuple):
    """One annotation, what becomes of it, the objects that have it."""

    annotation: str
    judgement: Judgement
    objects: tuple[str, ...]


def findings(peer: Peer, paths: Collection[Path]) -> list[Finding]:
    """Judge every annotation of a controller's on Ingresses and Services, what has no equal first.

    Raises WrongUsage for a path that cannot be read.
    """
    found: dict[tuple[str, Judgement], list[str]] = {}
    for use in _uses(paths):
        judgement = _judged(peer, use)
        if judgement is not None:
            found.setdefault((use.annotation, judgement), []).append(use.object)
    order = list(reversed(Verdict))
    return sorted(
        (Finding(annotation, judgement, tuple(objects)) for (annotation, judgement), objects in found.items()),
        key=lambda finding: (order.index(finding.judgement.verdict), finding.annotation),
    )


def _judged(peer: Peer, use: Use) -> Judgement | None:
    """Judge an annotation, and where it is understood its value, too."""
    judgement = peer.judge(use.annotation)
    option = BY_ALIAS.get(use.annotation)
    if judgement is None or option is None:
        return judgement
    spelling = option.spelling(use.annotation)
    value = option.within(use.namespace, use.value)
    try:
        spelling.parse(value if isinstance(value, str) else "")
    except ValueError:
        said = f"{shown(use.value)} is no value of {option.annotation}: {spelling.accepted} is wanted"
        return Judgement(Verdict.NO_EQUAL, said)
    if judgement.verdict is Verdict.UNDERSTOOD and use.scope not in option.scope:
        places = " or ".join(place.value for place in Scope if place in option.scope)
        return Judgement(Verdict.DIFFERS, f"as {option.title}, which belongs on {places}")
    return judgement


def _uses(paths: Iterable[Path]) -> Iterator[Use]:
    for name, text in _texts(paths):
        try:
            read = documents(text)
        except DoesNotParse as cause:
            raise WrongUsage(
                f"{name}:{cause.line}: {cause}", remedy="Give it as YAML or JSON of Kubernetes objects"
            ) from cause
        for document in read:
            yield from _uses_in(document.content)


def _uses_in(content: object) -> Iterator[Use]:
    if not isinstance(content, Mapping) or content.get("kind") not in KINDS:
        return
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    annotations = metadata.get("annotations")
    namespace = str(metadata.get("namespace", "default"))
    called = f"{str(content['kind']).lower()} {namespace}/{metadata.get('name', '?')}"
    for annotation, value in annotations.items() if isinstance(annotations, Mapping) else ():
        yield Use(str(annotation), value, called, namespace, Scope(content["kind"]))


def _texts(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the text of each manifest with its name; ``-`` is what comes in on stdin."""
    for path in paths:
        if path == STDIN:
            yield "stdin", sys.stdin.buffer.read(MOST_BYTES)
            continue
        listing = list_manifests((path,), _watch_nothing)
        for unreadable, failure in listing.unreadable.items():
            raise WrongUsage(
                f"cannot read {shown_path(unreadable)}: {failure.strerror or failure}", remedy="Name a file or a folder"
            ) from failure
        for file in listing.files:
            try:
                yield shown_path(file), read_manifest(file)[0]
            except (Unsuitable, OSError) as cause:
                raise WrongUsage(f"cannot read {shown_path(file)}: {cause}", remedy="Leave it out") from cause


def _watch_nothing(*_: Any) -> None:
    """The files are read once."""
