"""The regular expressions that users may write, judged and spelled anew before HAProxy sees them.

Rules: a small language of which every engine makes the same (characters, classes, ``.``,
groups, ``|`` within them, ``* + ? {n,m}`` behind a character, ``?`` behind a group, ``$``), so
HAProxy refuses none. It is matched from the beginning. What could be tried in more ways than
``MOST_TRIES``, for a text of ``LONGEST_TEXT``, is refused: no request may keep a thread busy.
No expression matches ``|``, which parts the fields of a route. haproxy-facts.md#expressions
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hadyn.model.expression_tree import (
    LITERAL,
    OTHERS,
    PRINTABLE,
    SEPARATOR,
    Finish,
    Group,
    Letters,
    Node,
    Some,
    spelled,
)
from hadyn.model.expression_tries import LONGEST_TEXT, tries

LONGEST = 256
MOST_TRIES = 2 * LONGEST_TEXT**2
MOST_GROUPS = 9
MOST_TIMES = 100
_ANY = (PRINTABLE | {OTHERS}) - {SEPARATOR}
_UNSPELT = frozenset("\\^|[")
"""Not in a class that lists what it matches: clients write them percent-encoded."""
_DIGITS = frozenset("0123456789")
_WORD = frozenset(each for each in PRINTABLE if each.isalnum()) | {"_"}
_NAMED = {"d": _DIGITS, "w": _WORD, "D": _ANY - _DIGITS, "W": _ANY - _WORD, "S": _ANY}
_ESCAPED = frozenset(".*+?(){}$/-_~!&',=:@%")
_SAFE = re.compile(r"[A-Za-z0-9._~!&'*+?,=:@%/|(){}\[\]$^-]*")
_TIMES = re.compile(r"\{([0-9]{1,3})(,?)([0-9]{0,3})\}")


class NotUnderstood(ValueError):
    """What an expression has that this language has not; the text says it to its author."""


@dataclass(frozen=True, slots=True)
class Expression:
    """``text`` as HAProxy gets it; ``groups[n - 1]`` is the number there of the group that its author counts as n."""

    text: str
    groups: tuple[int, ...]


def expression(text: str, *, is_caseless: bool = False) -> Expression:
    """Return an expression that hadyn has spelled; raises NotUnderstood."""
    if len(text) > LONGEST:
        raise NotUnderstood(f"is longer than {LONGEST} characters")
    reading = _Reading(text.removeprefix("(?i)").removeprefix("^"), is_caseless or text.startswith("(?i)"))
    nodes = reading.sequence()
    if not reading.is_done:
        raise NotUnderstood("has a ) or | outside a group")
    if tries(nodes, frozenset()) > MOST_TRIES:
        raise NotUnderstood("can match a text in too many ways: let what follows a * or + be what it does not match")
    told = "".join(map(spelled, nodes))
    if not _SAFE.fullmatch(told):
        raise NotUnderstood("has a class that is told from others by one of its unusual characters")
    return Expression(told, tuple(reading.groups))


class _Reading:
    """Reads from left to right."""

    def __init__(self, text: str, is_caseless: bool) -> None:
        self._text = text
        self._place = 0
        self._is_caseless = is_caseless
        self._opened = 0
        self.groups: list[int] = []

    @property
    def is_done(self) -> bool:
        return self._place == len(self._text)

    def sequence(self) -> tuple[Node, ...]:
        """Read until a group ends, or the text."""
        nodes: list[Node] = []
        while not self.is_done and self._ahead() not in ")|":
            nodes.append(self._node())
        return tuple(nodes)

    def _ahead(self, length: int = 1) -> str:
        return self._text[self._place : self._place + length]

    def _take(self) -> str:
        taken = self._ahead()
        if not taken:
            raise NotUnderstood("ends in the middle")
        self._place += 1
        return taken

    def _node(self) -> Node:
        first = self._take()
        if first == "(":
            return self._group()
        if first == "$":
            return Finish()
        letters = self._letters(first)
        low, high = self._times()
        return Some(self._folded(letters), low, high)

    def _letters(self, first: str) -> Letters:
        if first == "[":
            return self._class()
        if first == ".":
            return _ANY
        if first == "\\":
            return self._escaped(self._take())
        if first not in LITERAL:
            raise NotUnderstood(f"has a {first!a} that means nothing here: put a \\ before one that is meant")
        return frozenset(first)

    def _escaped(self, letter: str) -> Letters:
        if letter in _NAMED:
            return _NAMED[letter]
        if letter not in _ESCAPED:
            raise NotUnderstood(f"has \\{letter}, which is not understood")
        return frozenset(letter)

    def _class(self) -> Letters:
        is_negated = self._ahead() == "^"
        self._place += is_negated
        found: set[str] = set()
        while self._ahead() != "]" or not found:
            found |= self._members()
        self._take()
        if is_negated:
            return _ANY - found
        wanted = frozenset(found - _UNSPELT)
        if not wanted:
            raise NotUnderstood("has a class of nothing that a path has")
        return wanted

    def _members(self) -> Letters:
        first = self._member()
        if self._ahead() != "-" or self._ahead(2) == "-]" or len(first) > 1:
            return first
        self._take()
        last = self._member()
        if len(last) > 1 or min(last) < min(first):
            raise NotUnderstood("has a range in a class that goes from nothing to nothing")
        return frozenset(map(chr, range(ord(min(first)), ord(min(last)) + 1)))

    def _member(self) -> Letters:
        letter = self._take()
        if letter == "\\":
            return self._escaped(self._take())
        if letter == "[" and self._ahead() in (":", ".", "="):
            raise NotUnderstood("names a class of letters: write it as [a-z]")
        if letter not in PRINTABLE:
            raise NotUnderstood(f"has a {letter!a} in a class")
        return frozenset(letter)

    def _times(self) -> tuple[int, int | None]:
        usual: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        low: int = 1
        high: int | None = 1
        sign = self._ahead()
        counted = _TIMES.match(self._text, self._place)
        if sign and sign in usual:
            self._take()
            low, high = usual[sign]
        elif counted:
            self._place = counted.end()
            low = int(counted[1])
            high = int(counted[3]) if counted[3] else (None if counted[2] else low)
            if max(low, high or 0) > MOST_TIMES or (high is not None and high < low):
                raise NotUnderstood(f"counts beyond {MOST_TIMES}, or backwards")
        self._refuse_times()
        return low, high

    def _refuse_times(self) -> None:
        """Neither a second quantifier (lazy, possessive) nor one that nothing can be said of."""
        if self._ahead() and self._ahead() in "*+?{":
            raise NotUnderstood("has two quantifiers in a row, or a { that counts nothing")

    def _group(self) -> Group:
        is_counted = self._ahead() != "?"
        if not is_counted:
            if self._ahead(2) != "?:":
                raise NotUnderstood("looks around, or names a group: only ( and (?: are understood")
            self._place += 2
        self._opened += 1
        if self._opened > MOST_GROUPS:
            raise NotUnderstood(f"has more than {MOST_GROUPS} groups")
        if is_counted:
            self.groups.append(self._opened)
        branches = [self.sequence()]
        while self._ahead() == SEPARATOR:
            self._take()
            branches.append(self.sequence())
        if self._take() != ")":
            raise AssertionError(self._text)
        is_optional = self._ahead() == "?"
        self._place += is_optional
        if self._ahead() and self._ahead() in "*+?{":
            raise NotUnderstood("repeats a group: repeat a character or a class")
        return Group(tuple(branches), is_optional)

    def _folded(self, letters: Letters) -> Letters:
        if not self._is_caseless:
            return letters
        return letters | {each.swapcase() for each in letters if each.isalpha()}
