"""The entries of HAProxy's maps that carry routes.

Rule: all that a route has to say stands in entries of its own host, so a host's are replaced by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from hadyn.model.desired import UNAVAILABLE, MapKey, MapName, Route, is_nameless, is_port_key, leading_to
from hadyn.model.expressed_routes import expression_entries


def entries(routes: Iterable[Route]) -> dict[MapKey, str]:
    """Return the map entries that carry the routes of one host."""
    found: dict[MapKey, str] = {}
    for route in routes:
        if is_port_key(route.host):
            found |= {route.key: route.backend} if route.backend else {}
            continue
        found.update(expression_entries(route))
        found[route.key] = leading_to(route.value, route.plain or UNAVAILABLE) if route.passes_tls else route.value
        if route.passes_tls and route.backend and not is_nameless(route.host):
            found.setdefault((MapName.PASSTHROUGH, route.host), route.backend)
        for each in (route, *(match for _, match in route.matches)):
            if each.access is not None:
                found.update({(MapName.NETWORKS, key): value for key, value in each.access.entries.items()})
            found.update(each.asked)
        found.update({(MapName.HEADERS, text): match.value for text, match in route.matches})
        if not is_nameless(route.host):
            # Its value is the host again: one look-up finds the key of its routes.
            found[MapName.HOSTS, route.host] = route.host
    return found
