"""In which order the routes of a host with regular expressions are tried.

Rules: exact paths come first, as everywhere; then expressions and prefixes, those with the
longest path first, as in ingress-nginx. HAProxy tries a map of expressions in the order of
its file, and appends what is added by command. So a key begins with a rank that matches
nothing: its number, with a digest of all that is tried before. Whatever changes before an
entry changes its key: it is added anew, behind, and the entry that it was is removed.
haproxy-facts.md#expressions
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from hadyn.model.desired import DEFAULT_KEY, RANK_END, MapKey, MapName, Route, host_of
from hadyn.model.expression_tree import literally

_PATHS = (MapName.EXACT, MapName.PREFIX)
_NEIGHBOURS = {
    MapName.HEADERS: (*_PATHS, MapName.EXPRESSIONS, MapName.HEADERS),
    MapName.EXPRESSIONS: (MapName.EXPRESSIONS,),
}


def ranked(routes: Sequence[Route]) -> tuple[Route, ...]:
    """Return the routes of one host with their ranks, if one of them is by expression; else as they are."""
    if not any(route.expression for route in routes):
        return tuple(routes)
    tried = sorted((route for route in routes if not route.exact), key=lambda route: (-len(route.path), route.path))
    ranks: dict[tuple[str, str], str] = {}
    before = 0
    for number, route in enumerate(tried):
        pattern = _pattern(route)
        rank = ranks[route.path, route.expression] = f"^={number:05}{before:08x}{RANK_END}{pattern}"
        before = zlib.crc32(rank.encode())
    return tuple(route if route.exact else replace(route, rank=ranks[route.path, route.expression]) for route in routes)


def expression_entries(route: Route) -> dict[MapKey, str]:
    """Return the entries of a ranked route, beside those that it has anyway; none of any other."""
    if not route.rank or route.host == DEFAULT_KEY:
        return {}
    return {(MapName.EXPRESSED, route.host): route.host, (MapName.EXPRESSIONS, route.rank): route.value}


def with_neighbours(waiting: Collection[MapKey], entries: Iterable[MapKey]) -> set[MapKey]:
    """Return entries that wait, with those that depend on them: they stay as they are until all come."""
    for name, neighbours in _NEIGHBOURS.items():
        hosts = {host_of(key) for key in waiting if key[0] is name}
        if hosts:
            waiting = {*waiting, *(key for key in entries if key[0] in neighbours and host_of(key) in hosts)}
    return set(waiting)


def _pattern(route: Route) -> str:
    host = literally(route.host)
    if route.expression:
        return host + route.expression
    prefix = route.path.rstrip("/")
    return f"{host}{literally(prefix)}(/|$)" if prefix else f"{host}/"
