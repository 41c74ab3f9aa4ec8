"""Options: a second Service that takes a share of a path's requests."""

from __future__ import annotations

from hadyn.model.options.option import Effect, Option, Scope
from hadyn.model.options.parsers import boolean, integer

ALL = 100

CANARY: Option[bool] = Option(
    name="canary",
    scope=frozenset({Scope.INGRESS}),
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="This Ingress only adds its Service to the paths that another Ingress of the namespace has for the same host.",
    example="true",
    effect=Effect.LIVE,
    aliases=("nginx.ingress.kubernetes.io/canary",),
)

CANARY_WEIGHT: Option[int] = Option(
    name="canary-weight",
    scope=frozenset({Scope.INGRESS}),
    parse=integer(0, ALL),
    accepted="a whole number from 0 to 100",
    default=0,
    default_text="0",
    sentence="The share of requests, in percent, that the canary's Service takes.",
    example="10",
    effect=Effect.LIVE,
    aliases=("nginx.ingress.kubernetes.io/canary-weight",),
)
