"""What the frontend has lines for only while some route wants them.

Rule: a route that wants none of them costs no request a look; the first that wants one
brings its lines with a reload, all further ones come live.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Extra(StrEnum):
    """The value is the word that marks the lines in the main file."""

    EXPRESSIONS = "expressions"
    CANARIES = "canaries"
    CLIENTS = "certificates of clients"
    STAND_INS = "stand-ins"

    @property
    def mark(self) -> str:
        """The comment in front of its lines."""
        return f"# only while a route wants it: {self}"


NONE: frozenset[Extra] = frozenset()


class Wanted:
    """Which hosts have routes that want an extra."""

    def __init__(self) -> None:
        self._hosts: Mapping[Extra, set[str]] = {extra: set() for extra in Extra}

    def put(self, host: str, extras: frozenset[Extra]) -> None:
        """Take what the routes of a host want now."""
        for extra, hosts in self._hosts.items():
            (hosts.add if extra in extras else hosts.discard)(host)

    @property
    def extras(self) -> frozenset[Extra]:
        """Those that some host wants."""
        return frozenset(extra for extra, hosts in self._hosts.items() if hosts)
