"""Routes that only requests with certain headers get, beside the one that all others get.

Rules: a route's entry names the headers that its requests are asked for, and a key in the map,
which leads on to whole entries. The key is a digest of all there is to ask, so a route goes from
one set of conditions to the next at once. Entries of one key are tried in order: who says more
headers comes first, then the oldest. Where a path is for such requests alone, all others get what
the next shorter path of the host has: its conditions, too.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from msgspec import Struct

from hadyn.model.desired import DEFAULT_KEY, FIRST_FIELD, RANK_END, MapKey, Route, with_fields
from hadyn.model.expression_tree import literally
from hadyn.model.objects import Ingress, PathRule
from hadyn.model.options.asking import MOST_NAMES, NAME_SEPARATOR
from hadyn.model.options.header_matches import (
    ALONE,
    ALONE_FIELD,
    HEADER_MATCH,
    HEADER_MATCH_REGEX,
    KEY_FIELD,
    NAMES_FIELD,
    Conditions,
)
from hadyn.model.options.passthrough import passes_tls
from hadyn.model.problems import Problem, Reason


class Match(Struct, frozen=True, gc=False):
    """A route for requests that say all of these ``conditions``, each of another header."""

    conditions: Conditions
    route: Route


def unlike_headers(conditions: Conditions, host: str, rule: PathRule, ingress: Ingress) -> str:
    """Return why requests cannot be told apart as an Ingress wants, "" where they can."""
    names = {condition.name for condition in conditions}
    if len(names) < len(conditions):
        return "asks for one header in two ways"
    if len(names) > MOST_NAMES:
        return f"asks for more than {MOST_NAMES} headers"
    if host == DEFAULT_KEY:
        return "says nothing of a defaultBackend, which gets what nothing matches"
    if passes_tls(ingress.options):
        return "says nothing beside ssl-passthrough: headers are encrypted"
    return "says nothing of a path that is a regular expression" if rule.expression else ""


def unmatched(ingress: Ingress, said: str, reason: Reason = Reason.NOT_SUPPORTED) -> Problem:
    """Say that no request gets to an Ingress by its headers, and why."""
    option = HEADER_MATCH if HEADER_MATCH.name in dict(ingress.options) else HEADER_MATCH_REGEX
    remedy = "Say it of a path of type Prefix or Exact, of up to three headers; one of them may be an expression"
    return Problem(ingress.ref, f"metadata.annotations[{option.annotation}]", reason, said, remedy)


class HeaderRoutes:
    """The routes of one host that ask for headers."""

    def __init__(self, refuse: Callable[[Match], None]) -> None:
        """``refuse`` hears of what does not fit beside others of its path."""
        self._refuse = refuse
        self._matches: dict[MapKey, list[Match]] = {}

    def add(self, conditions: Conditions, route: Route) -> None:
        """Add a route, those of the oldest Ingress first."""
        self._matches.setdefault(route.key, []).append(Match(conditions, route))

    def beside(self, plain: Sequence[Route]) -> list[Route]:
        """Return all routes of the host; ``plain`` are those without conditions."""
        found: dict[MapKey, Route] = {route.key: route for route in plain}
        others: dict[MapKey, Route | None] = dict(found)
        heard: dict[MapKey, list[Match]] = {}
        for key, own in sorted(self._matches.items(), key=lambda each: _length(each[1][0].route)):
            first, inherited = own[0].route, list[Match]()
            if key not in others:
                shorter = _shorter(first, found)
                inherited = heard.get(shorter, []) if shorter else []
                base = others[shorter] if shorter else None
                others[key] = base and replace(base, path=first.path, exact=first.exact)
            heard[key] = list(self._fitting([*sorted(own, key=_rank), *inherited]))
            if heard[key]:
                found[key] = _asking(first, others[key], heard[key])
        return list(found.values())

    def _fitting(self, matches: Sequence[Match]) -> Iterator[Match]:
        """Yield those about as many headers as there is room for, one of them by expression."""
        names: set[str] = set()
        expressed: set[str] = set()
        for match in matches:
            wider = names | {condition.name for condition in match.conditions}
            more = expressed | {condition.name for condition in match.conditions if condition.is_pattern}
            if len(wider) > MOST_NAMES or len(more) > 1:
                self._refuse(match)
                continue
            names, expressed = wider, more
            yield match


def is_alone(route: Route) -> bool:
    """Whether nobody has the route's path but for requests with certain headers."""
    return len(route.fields) > ALONE_FIELD - FIRST_FIELD and route.fields[ALONE_FIELD - FIRST_FIELD] == ALONE


def _length(route: Route) -> tuple[int, bool]:
    """Sorts the shorter path first, the prefix before the same path exactly."""
    return len(route.path.rstrip("/")), route.exact


def _rank(match: Match) -> int:
    return -len(match.conditions)


def _shorter(route: Route, others: dict[MapKey, Route]) -> MapKey | None:
    """Return the prefix that gets what this route does not take."""
    path = route.path.rstrip("/") + "/"
    prefixes = (
        key
        for key, each in others.items()
        if not (each.exact or each.expression) and path.startswith(each.path.rstrip("/") + "/")
    )
    return max(prefixes, key=lambda key: len(others[key].path.rstrip("/")), default=None)


def _asking(first: Route, other: Route | None, matches: Sequence[Match]) -> Route:
    """Return the route whose requests are looked up among these; ``other`` is that of all others, None for none."""
    route = other or Route(first.host, first.path, first.exact, None, first.ingress)
    expressed = {each.name for match in matches for each in match.conditions if each.is_pattern}
    named = {each.name for match in matches for each in match.conditions}
    names = (*sorted(named - expressed), *expressed)
    asked = [match.conditions for match in matches]
    key = f"{route.host}/{zlib.crc32(repr((route.key, names, asked)).encode()):08x}"
    own = {KEY_FIELD: key, NAMES_FIELD: NAME_SEPARATOR.join(names), ALONE_FIELD: "" if other else ALONE}
    entries = tuple(
        # Sorts as it shall be tried, and matches nothing, as in ``expressed_routes.py``.
        (f"^={number:05}{RANK_END}{literally(key)}{_pattern(match.conditions, names)}", match.route)
        for number, match in enumerate(matches)
    )
    return replace(with_fields(route, own), matches=entries)


def _pattern(conditions: Conditions, names: Sequence[str]) -> str:
    """Spell what the text of all these headers looks like; the one that is asked by expression is the last of them."""
    said = {condition.name: condition for condition in conditions}
    fields = []
    for name in names:
        condition = said.get(name)
        if condition is None:
            fields.append("[^|]*")
        else:
            fields.append("=" + (condition.value if condition.is_pattern else literally(condition.value)))
    is_open = names[-1] not in said or said[names[-1]].is_pattern
    return "".join(f"[|]{field}" for field in fields) + ("" if is_open else "$")
