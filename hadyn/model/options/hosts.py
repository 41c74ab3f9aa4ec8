"""Options: further names of a site.

Rule: they are read with the Ingress, as hosts among those of its rules, so a name comes and goes as
a host does: live.
"""

from __future__ import annotations

import re

from hadyn.model.expressions import expression
from hadyn.model.options.option import Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, words

MOST_NAMES = 20
LONGEST = 253
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_ACCEPTED = f"up to {MOST_NAMES} hosts in small letters with commas or blanks between them; the first label may be *"


def host_names(text: str) -> tuple[str, ...]:
    """Hosts as rules of an Ingress have them, each once."""
    found = words(text, MOST_NAMES)
    if not all(_HOST.fullmatch(each) and len(each) <= LONGEST for each in found):
        raise ValueError(text)
    return tuple(dict.fromkeys(found))


def host_expression(text: str) -> str:
    """An expression of whole hosts, of which HAProxy compares small letters without port."""
    return expression(text.removesuffix("$").removesuffix("(:[0-9]+)?"), is_caseless=True).text


SERVER_ALIAS: Option[tuple[str, ...]] = Option(
    name="server-alias",
    scope=frozenset({Scope.INGRESS}),
    parse=host_names,
    accepted=_ACCEPTED,
    default=(),
    default_text="none",
    sentence="Further hosts that have all the paths of the Ingress.",
    example="shop.example.org, *.shop.example.org",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/server-alias",
        *of_haproxy_ingress("server-alias"),
    ),
)

REDIRECT_FROM: Option[tuple[str, ...]] = Option(
    name="redirect-from",
    scope=frozenset({Scope.INGRESS}),
    parse=host_names,
    accepted=_ACCEPTED,
    default=(),
    default_text="none",
    sentence="Hosts whose requests are sent to the host of the Ingress (of several the first by alphabet), with their path and query.",
    example="www.shop.example",
    effect=Effect.LIVE,
    aliases=of_haproxy_ingress("redirect-from"),
)

FROM_TO_WWW: Option[bool] = Option(
    name="from-to-www-redirect",
    scope=frozenset({Scope.INGRESS}),
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Requests for a host with www. are sent to the one without, or the other way, whichever the Ingress has.",
    example="true",
    effect=Effect.LIVE,
    aliases=("nginx.ingress.kubernetes.io/from-to-www-redirect",),
)

SERVER_ALIAS_REGEX: Option[str] = Option(
    name="server-alias-regex",
    scope=frozenset({Scope.INGRESS}),
    parse=host_expression,
    accepted="a regular expression (docs/expressions.md)",
    default=None,
    default_text="none",
    sentence=(
        "Hosts that match this as a whole, and that no other rule names, have all the paths of the Ingress; of several "
        "expressions the longest counts."
    ),
    example=r"[a-z]+\.preview\.shop\.example",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("server-alias-regex"),
)

REDIRECT_FROM_REGEX: Option[str] = Option(
    name="redirect-from-regex",
    scope=frozenset({Scope.INGRESS}),
    parse=host_expression,
    accepted="a regular expression (docs/expressions.md)",
    default=None,
    default_text="none",
    sentence="As redirect-from, for hosts that match this as a whole, and that no other rule names.",
    example=r"(old|older)\.shop\.example",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("redirect-from-regex"),
)
