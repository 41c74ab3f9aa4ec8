"""What the frontend has lines for only while some route wants them.

Rule: a route that wants none of them costs no request a look; the first that wants one
brings its lines with a reload, all further ones come live. Hosts by expression alone are lines each.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Extra(StrEnum):
    """The value is the word that marks the lines in the main file."""

    EXPRESSIONS = "expressions"
    CANARIES = "canaries"
    CLIENTS = "certificates of clients"
    STAND_INS = "stand-ins"
    HEADERS = "routes by header"
    HOST_EXPRESSIONS = "hosts by expression"

    @property
    def mark(self) -> str:
        """The comment in front of its lines."""
        return f"# only while a route wants it: {self}"


@dataclass(frozen=True, slots=True, order=True)
class HostExpression:
    """A regular expression of hosts, as HAProxy gets it, and the ``key`` of their routes in the maps."""

    text: str
    key: str


Extras = frozenset[Extra | HostExpression]
NONE: Extras = frozenset()


class Wanted:
    """What the routes of each host want."""

    def __init__(self) -> None:
        self._of_host: dict[str, Extras] = {}
        self._counts: Counter[Extra | HostExpression] = Counter()

    def put(self, host: str, extras: Extras) -> None:
        """Take what the routes of a host want now."""
        self._counts.subtract(self._of_host.pop(host, NONE))
        if extras:
            self._of_host[host] = extras
            self._counts.update(extras)
        self._counts = +self._counts

    @property
    def extras(self) -> Extras:
        """Those that some host wants."""
        return frozenset(self._counts)
