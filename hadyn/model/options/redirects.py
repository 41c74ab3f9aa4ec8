"""Options: requests that are answered with another place to go.

Rule: what an Ingress says stands in its routes' entries in the maps, so it changes without a reload.
"""

from __future__ import annotations

import re

from hadyn.model.options.option import Chosen, Effect, Option, RouteField, Scope

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,1000}")


def path_with_query(text: str) -> str:
    """A path as it stands in a Location, with or without query; no ``//`` at its start, which would be a host."""
    if not _PATH.fullmatch(text) or text.startswith("//"):
        raise ValueError(text)
    return text


def _itself(path: str, _chosen: Chosen) -> str:
    return path


APP_ROOT: Option[str] = Option(
    name="app-root",
    scope=frozenset({Scope.INGRESS}),
    parse=path_with_query,
    accepted="a path that begins with one /",
    default=None,
    default_text="not redirected",
    sentence="Requests for / are sent to this path (302).",
    example="/shop",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/app-root",
        "haproxy-ingress.github.io/app-root",
        "ingress.kubernetes.io/app-root",
    ),
    per_route=True,
    route_field=RouteField(
        number=3,
        name="app_root",
        spell=_itself,
        rules=(
            "http-request redirect code 302 location %[var(txn.app_root)] if { path / } { var(txn.app_root) -m len gt 0 }",
        ),
    ),
)
