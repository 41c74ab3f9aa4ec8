"""Commands that turn the map entries HAProxy has into those that are wanted.

Rule: every prefix of the list routes safely. A host is announced only when its paths
are there, and withdrawn before they go, so that no request for a known host falls
through to a wildcard or to nothing in between.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from hadyn.model.desired import UNAVAILABLE, MapKey, MapName, backend_of, host_of
from hadyn.model.expressed_routes import with_neighbours
from hadyn.planner.commands import AddMapEntry, DeleteMapEntry, MapCommand, SetMapEntry

PATHS = (MapName.EXACT, MapName.PREFIX, MapName.EXPRESSIONS)
FOUND = (*PATHS, MapName.HEADERS)
"""Whole entries of routes, those included that a path leads on to by a header."""
LEADING = (MapName.PASSTHROUGH, MapName.PORTS)
ASKED = (MapName.NETWORKS, MapName.CANARIES, MapName.CANARY_PATTERNS)
"""Looked up for a path that says so."""
ANNOUNCED = (MapName.HOSTS, MapName.EXPRESSED)
"""A host stands here only while its paths are there."""


def plan_entries(
    desired: Mapping[MapKey, str | None], observed: Mapping[MapKey, str], loaded: Container[str]
) -> tuple[MapCommand, ...]:
    """Return the commands for the keys in ``desired``, where None means that the key shall not be there.

    A path that would lead to a backend not in ``loaded`` waits for the reload that
    brings the backend: until then it keeps the value it has, and a host that has no
    path yet stays unknown. Who may come, and who is a canary's, is said before a path asks for it.
    """
    lists = [key for key in sorted(desired) if key[0] in ASKED]
    passing = [key for key in sorted(desired) if key[0] in LEADING and _can_lead(desired[key], loaded)]
    waiting = [key for key in desired if key[0] in FOUND and not _can_lead(desired[key], loaded)]
    left = with_neighbours(waiting, desired)
    lists += [key for key in sorted(desired) if key[0] is MapName.HEADERS and key not in left]
    paths = [key for key in sorted(desired) if key[0] in PATHS and key not in left]
    reachable = {host_of(key) for key in paths if desired[key] is not None} | {
        host_of(key) for key in observed if key[0] in PATHS
    }
    hosts = [
        key for key in sorted(desired) if key[0] in ANNOUNCED and (desired[key] is None or host_of(key) in reachable)
    ]
    told = [_command(key, desired[key], observed) for key in (*lists, *passing, *paths)]
    changes = [command for command in told if not isinstance(command, DeleteMapEntry)]
    removals = [command for command in told if isinstance(command, DeleteMapEntry)]
    announced = [_command(key, desired[key], observed) for key in hosts]
    return tuple(command for command in [*changes, *announced, *removals] if command is not None)


def _can_lead(value: str | None, loaded: Container[str]) -> bool:
    return value is None or backend_of(value) == UNAVAILABLE or backend_of(value) in loaded


def _command(key: MapKey, value: str | None, observed: Mapping[MapKey, str]) -> MapCommand | None:
    map_name, text = key
    present = observed.get(key)
    if value == present:
        return None
    if value is None:
        return DeleteMapEntry(map_name, text)
    if present is None:
        return AddMapEntry(map_name, text, value)
    return SetMapEntry(map_name, text, value)
