"""Text of annotations to typed values, strictly.

Rule: ASCII, fullmatch and bounds, because ``int()`` takes digits of any script, blanks and
a line feed around them, and "1_000". Each raises ValueError; what is accepted stands in the option, for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_DURATION = re.compile(r"(0|[1-9][0-9]{0,11})(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_BOOLEANS = {"true": True, "false": False}

Choice = TypeVar("Choice", bound=StrEnum)


def integer(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers from lowest to highest, without sign, blanks or leading zeros."""

    def parse(text: str) -> int:
        if not _INTEGER.fullmatch(text) or not lowest <= int(text) <= highest:
            raise ValueError(text)
        return int(text)

    return parse


def boolean(text: str) -> bool:
    """Exactly "true" or "false"."""
    if text not in _BOOLEANS:
        raise ValueError(text)
    return _BOOLEANS[text]


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A parser of texts that match a pattern, whole, to themselves."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def one_of(choices: Iterable[Choice]) -> Callable[[str], Choice]:
    """A parser of the given words, spelled exactly."""
    by_word = {str(choice): choice for choice in choices}

    def parse(text: str) -> Choice:
        if text not in by_word:
            raise ValueError(text)
        return by_word[text]

    return parse


def duration(shortest: int, longest: int) -> Callable[[str], int]:
    """A parser of one number with a unit (ms, s, m, h) to milliseconds, both bounds included."""

    def parse(text: str) -> int:
        found = _DURATION.fullmatch(text)
        milliseconds = int(found[1]) * _MILLISECONDS[found[2]] if found else -1
        if not shortest <= milliseconds <= longest:
            raise ValueError(text)
        return milliseconds

    return parse


def lines(text: str, most: int) -> list[str]:
    """The lines of a text, from one to so many; blank ones and the ends of lines are left out."""
    found = [line for line in text.split("\n") if line.strip(" ")]
    if not 1 <= len(found) <= most:
        raise ValueError(text)
    return found


def words(text: str, most: int) -> list[str]:
    """From one to so many words with commas, blanks or line ends between them."""
    found = re.split(r"[, \n]+", text.strip(", \n"))
    if not all(found) or len(found) > most:
        raise ValueError(text)
    return found
