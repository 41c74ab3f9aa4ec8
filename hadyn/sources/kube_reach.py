"""How to watch the Secrets of one namespace: each by its name, or the namespace as a whole.

Rule: few are watched by name, which needs no right to any other. From MANY on one watch of
the namespace is cheaper than one for each; those that come to be wanted later are watched
by name until there are MANY of them, too, so that nothing is listed anew for each.
"""

from __future__ import annotations

from dataclasses import dataclass

MANY = 20


@dataclass(frozen=True, slots=True)
class Reach:
    """Names watched one by one, and those looked for among all of the namespace."""

    by_name: frozenset[str] = frozenset()
    as_whole: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.by_name or self.as_whole)


def reach_for(wanted: frozenset[str], present: Reach, *, many: int = MANY) -> Reach:
    """Return how to watch the wanted names, given how some of them are watched already."""
    as_whole = present.as_whole & wanted
    if 2 * len(as_whole) < many:
        as_whole = frozenset()
    if len(wanted - as_whole) >= many:
        return Reach(as_whole=wanted)
    return Reach(by_name=wanted - as_whole, as_whole=as_whole)
