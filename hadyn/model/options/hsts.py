"""Options: browsers that come over TLS are told to do so always.

Rule: the header goes with encrypted answers alone, those of HAProxy included; over a
plain connection nobody may believe it (RFC 6797, 7.2).
"""

from __future__ import annotations

from hadyn.model.directives import Directive
from hadyn.model.options.option import Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, integer
from hadyn.model.options.proxies import CAME_ENCRYPTED

YEAR_SECONDS = 31_536_000
_SCOPE = frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND, Scope.GLOBAL})


def _header(is_wanted: bool, chosen: Chosen) -> tuple[Directive, ...]:
    if not is_wanted:
        return ()
    seconds = chosen.value(HSTS_MAX_AGE)
    parts = [f"max-age={seconds}"]
    parts += ["includeSubDomains"] if chosen.value(HSTS_INCLUDE_SUBDOMAINS) else []
    parts += ["preload"] if chosen.value(HSTS_PRELOAD) else []
    line = Directive("http-after-response", "set-header", "Strict-Transport-Security", "; ".join(parts))
    return line.only_if("{", "ssl_fc", "}"), line.only_if("{", *CAME_ENCRYPTED.split(), "}")


HSTS: Option[bool] = Option(
    name="hsts",
    scope=_SCOPE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Encrypted answers tell browsers to come over TLS from now on (Strict-Transport-Security).",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("hsts"),
    directives=_header,
    per_route=True,
)

HSTS_MAX_AGE: Option[int] = Option(
    name="hsts-max-age",
    scope=_SCOPE,
    parse=integer(0, 10 * YEAR_SECONDS),
    accepted="seconds from 0 to ten years",
    default=YEAR_SECONDS,
    default_text="31536000 (a year)",
    sentence="For how long browsers shall remember hsts.",
    example="15768000",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("hsts-max-age"),
    per_route=True,
)

HSTS_INCLUDE_SUBDOMAINS: Option[bool] = Option(
    name="hsts-include-subdomains",
    scope=_SCOPE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Whether hsts is for all hosts below this one, too.",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("hsts-include-subdomains"),
    per_route=True,
)

HSTS_PRELOAD: Option[bool] = Option(
    name="hsts-preload",
    scope=_SCOPE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Whether browsers may ship with hsts of this host.",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("hsts-preload"),
    per_route=True,
)
