"""Single values of foreign objects, told right from wrong.

Rules: a regular expression is used with fullmatch and ASCII classes only, because Python
lets a line feed pass before ``$`` and takes Arabic digits for digits. What is shown to people is
spelled here: escaped, cut, and never the inside of a list that may be huge.
"""

from __future__ import annotations

import re
import unicodedata

from hadyn.model.objects import Fault
from hadyn.model.problems import Reason, shown

MAX_FAULTS = 50
"""So many faults of one object are kept one by one; the rest is counted."""
MAX_NAME = 253
MAX_LABEL = 63
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_PORT_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_BIG = 1 << 64


class Findings:
    """Gathers the faults of one object while it is decoded."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._uncounted = 0

    def add(self, field: str, said: str, remedy: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        """Note a fault; past MAX_FAULTS only their number."""
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(Fault(field, reason, said, remedy))
        else:
            self._uncounted += 1

    def faults(self) -> tuple[Fault, ...]:
        """All faults, in the order in which they were met."""
        if not self._uncounted:
            return tuple(self._faults)
        rest = Fault("", Reason.TOO_MANY, f"{self._uncounted:,} further faults", "Repair the first ones to see them")
        return (*self._faults, rest)


def spelled(value: object) -> str:
    """Spell a foreign value for people; a list or a mapping is named, not spelled out."""
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return "a very large number" if abs(value) >= _BIG else repr(value)
    return shown(value)


def spelled_character(character: str) -> str:
    """Name a character that must not stand here: "U+000A (line feed)", "a blank", "';'"."""
    if character in " \t":
        return "a blank"
    if character == "\\":
        return "a backslash"
    if "!" <= character <= "~":
        return f"'{character}'"
    names = {"\n": "line feed", "\r": "carriage return", "\0": "null"}
    name = names.get(character) or unicodedata.name(character, "not printable ASCII").lower()
    return f"U+{ord(character):04X} ({name})"


def is_dns_label(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_LABEL and _LABEL.fullmatch(value) is not None


def is_dns_name(value: object) -> bool:
    """Whether value is a DNS-1123 name as Kubernetes uses them: labels of any length, 253 characters in all."""
    return isinstance(value, str) and len(value) <= MAX_NAME and all(map(_LABEL.fullmatch, value.split(".")))


def is_port_name(value: object) -> bool:
    return isinstance(value, str) and _PORT_NAME.fullmatch(value) is not None
