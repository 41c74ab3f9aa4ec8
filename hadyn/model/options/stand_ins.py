"""Option: a Service that is asked while that of a path has no pod that serves.

Rule: its backend stands in the routes' entries, so it comes, changes and goes at run time; HAProxy
counts the pods that serve anew for each request.
"""

from __future__ import annotations

import re

from hadyn.model.extras import Extra
from hadyn.model.objects import FIRST_PORT, ServiceTarget
from hadyn.model.options.option import Alias, Chosen, Effect, Option, RouteFacts, RouteField, Scope

_SERVICE = re.compile(r"([a-z]([-a-z0-9]{0,61}[a-z0-9])?)(?::([1-9][0-9]{0,4}|[a-z]([-a-z0-9]{0,13}[a-z0-9])?))?")
_HIGHEST_PORT = 65_535


def stand_in(text: str) -> ServiceTarget:
    """A Service by name, with or without number or name of a port."""
    found = _SERVICE.fullmatch(text)
    if found is None or (found[3] and found[3].isdigit() and int(found[3]) > _HIGHEST_PORT):
        raise ValueError(text)
    port = found[3] or FIRST_PORT
    return ServiceTarget(found[1], int(port) if port.isdigit() else port)


def _by_name(text: str) -> ServiceTarget:
    if ":" in text:
        raise ValueError(text)
    return stand_in(text)


def _spelled(_chosen: Chosen, route: RouteFacts) -> str:
    return route.stand_in


DEFAULT_BACKEND: Option[ServiceTarget] = Option(
    name="default-backend",
    scope=frozenset({Scope.INGRESS}),
    parse=stand_in,
    accepted="the name of a Service in the Ingress' namespace, with or without :PORT (else its first port)",
    default=None,
    default_text="a 503",
    sentence="This Service is asked while that of a path has no pod that serves.",
    example="sorry:80",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(Alias("nginx.ingress.kubernetes.io/default-backend", _by_name, "the name of a Service", "sorry"),),
    per_route=True,
)

STAND_IN = RouteField(
    number=11,
    name="stand_in",
    spell=_spelled,
    rules=(
        "use_backend %[var(txn.stand_in)] if { var(txn.stand_in) -m len gt 0 } { var(txn.route),field(1,|),nbsrv eq 0 }",
    ),
    extra=Extra.STAND_INS,
)
