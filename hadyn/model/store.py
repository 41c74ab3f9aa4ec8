"""Who says what about which object.

Rules: an object that several sources name is the one of the first source by name, and of
one delivery that names it twice, the first; the others are a problem. The order in which
sources deliver changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from hadyn.model.changes import Changes
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem, Reason


class Held(Struct, frozen=True, gc=False):
    """An object as one source says it is; ``is_own`` where that is the operator's own folder."""

    source: str
    is_own: bool
    object: KubernetesObject


class Replaced(NamedTuple):
    """What counts for one object before and after a delivery; None where there is none."""

    ref: ObjectRef
    before: Held | None
    after: Held | None

    @property
    def comes_or_goes(self) -> bool:
        """Whether it was not there before, or is not there any more."""
        return self.before is None or self.after is None


class Store:
    """All objects, and the problems of the sources themselves.

    ``has_other_problems`` until its owner, having read ``problems()``, says no.
    """

    def __init__(self) -> None:
        self._held: dict[ObjectRef, tuple[Held, ...]] = {}
        self._counts: dict[str, int] = {}
        self._disputed: set[ObjectRef] = set()
        self._repeated: dict[ObjectRef, set[str]] = {}
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self.has_other_problems = False

    def apply(self, changes: Changes) -> list[Replaced]:
        """Take one delivery; return the objects that are not what they were."""
        if changes.problems is not None and changes.problems != self._problems.get(changes.source, ()):
            self.has_other_problems = True
            self._problems[changes.source] = changes.problems
        named: dict[ObjectRef, KubernetesObject] = {}
        repeated: set[ObjectRef] = set()
        for each in changes.upserts:
            ref = each.ref
            if ref in named:
                repeated.add(ref)
            else:
                named[ref] = each
        replaced: list[Replaced] = []
        for ref in [*self._held] if changes.is_complete else changes.deletes:
            if ref not in named and any(held.source == changes.source for held in self._held.get(ref, ())):
                self._note(replaced, ref, changes.source, None)
        for ref, each in named.items():
            self._note(replaced, ref, changes.source, Held(changes.source, changes.is_operators_own, each))
        for ref in repeated:
            self.has_other_problems = True
            self._repeated.setdefault(ref, set()).add(changes.source)
        return replaced

    def held(self, ref: ObjectRef) -> Held | None:
        """The object that counts."""
        held = self._held.get(ref)
        return held[0] if held else None

    def count(self, source: str) -> int:
        """How many objects a source names."""
        return self._counts.get(source, 0)

    def problems(self) -> Iterator[Problem]:
        """What sources could not read, and objects named more than once."""
        for problems in self._problems.values():
            yield from problems
        for ref in self._disputed:
            first, *others = self._held[ref]
            for other in others:
                said = f"{other.source} names it too; the one of {first.source} counts"
                yield Problem(ref, "", Reason.DUPLICATE, said, "Keep one of them")
        for ref, sources in self._repeated.items():
            for source in sources:
                said = f"{source} names it more than once; the first one counts"
                yield Problem(ref, "", Reason.DUPLICATE, said, "Keep one of them")

    def _note(self, replaced: list[Replaced], ref: ObjectRef, source: str, held: Held | None) -> None:
        before = self.held(ref)
        self._put(ref, source, held)
        after = self.held(ref)
        if before is None or after is None or (before.object, before.is_own) != (after.object, after.is_own):
            replaced.append(Replaced(ref, before, after))

    def _put(self, ref: ObjectRef, source: str, held: Held | None) -> None:
        known = self._held.get(ref, ())
        others = [each for each in known if each.source != source]
        everyone = others if held is None else sorted([*others, held], key=lambda each: each.source)
        self._counts[source] = self._counts.get(source, 0) + len(everyone) - len(known)
        if everyone:
            self._held[ref] = tuple(everyone)
        else:
            self._held.pop(ref, None)
        self.has_other_problems |= bool(others) or ref in self._repeated
        (self._disputed.add if len(everyone) > 1 else self._disputed.discard)(ref)
        if ref in self._repeated:
            self._repeated[ref].discard(source)
            if not self._repeated[ref]:
                del self._repeated[ref]
