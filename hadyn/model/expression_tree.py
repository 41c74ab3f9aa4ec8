"""The parts of an expression, each spelled as every engine reads it.

Rule: what is spelled holds no backslash, for HAProxy's parser takes those for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OTHERS = "\x7f"
"""Stands for every byte that is not printable ASCII."""
SEPARATOR = "|"
PRINTABLE = frozenset(map(chr, range(0x21, 0x7F)))
LITERAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_~!&',=:@%/-")

Letters = frozenset[str]


@dataclass(frozen=True, slots=True)
class Some:
    """A character out of ``letters``, ``low`` to ``high`` times; None is any number of times."""

    letters: Letters
    low: int = 1
    high: int | None = 1

    @property
    def times(self) -> str:
        """The quantifier, "" for once."""
        known = {(1, 1): "", (0, 1): "?", (0, None): "*", (1, None): "+"}
        if (self.low, self.high) in known:
            return known[self.low, self.high]
        high = "" if self.high is None else self.high
        return f"{{{self.low}}}" if self.low == high else f"{{{self.low},{high}}}"


@dataclass(frozen=True, slots=True)
class Group:
    """One of its branches, or nothing where it ``is_optional``."""

    branches: tuple[tuple[Node, ...], ...]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of the text."""


Node = Some | Group | Finish


def spelled(node: Node) -> str:
    """Spell one part."""
    match node:
        case Finish():
            return "$"
        case Group(branches=branches, is_optional=is_optional):
            inner = SEPARATOR.join("".join(map(spelled, branch)) for branch in branches)
            return f"({inner}){'?' if is_optional else ''}"
        case Some(letters=letters):
            return _class(letters) + node.times


def literally(text: str) -> str:
    """Spell text that stands for itself."""
    return "".join(spelled(Some(frozenset(each))) for each in text)


def _class(letters: Letters) -> str:
    if OTHERS in letters:
        return f"[^{_listed((PRINTABLE | {SEPARATOR}) - letters)}]"
    (only,) = letters if len(letters) == 1 else ("",)
    return only if only in LITERAL and only else f"[{_listed(letters)}]"


def _listed(letters: Letters) -> str:
    """Spell the inside of a class: ] first, - last, and nothing that needs a backslash."""
    plain = "".join(_ranges(sorted(letters - set("]^-"))))
    return "".join(("]" if "]" in letters else "", plain, *(each for each in "^-" if each in letters)))


def _ranges(letters: list[str]) -> Iterator[str]:
    while letters:
        length = next((n for n in range(1, len(letters)) if ord(letters[n]) != ord(letters[0]) + n), len(letters))
        run = letters[:length]
        yield f"{run[0]}-{run[-1]}" if length > 2 else "".join(run)
        letters = letters[length:]
