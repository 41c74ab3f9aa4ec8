"""Options: a second Service that takes a share of a path's requests, and those that ask for it.

Rule: what a request says of itself counts before any share: first its header, then its cookie.
"""

from __future__ import annotations

import re

from hadyn.model.expressions import NotUnderstood, expression
from hadyn.model.options.cookies import cookie_name
from hadyn.model.options.option import Effect, Option, Scope
from hadyn.model.options.parsers import boolean, integer, matching

ALL = 100
MOST_TOTAL = 1_000_000
_NGINX = "nginx.ingress.kubernetes.io/"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE = re.compile(r"[!-:=-[\]-~]{1,256}")
"""Neither a blank nor what HAProxy's socket acts on."""
_NO_GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
"""What stands for one character, a parenthesis perhaps."""


def asking_header(text: str) -> str:
    """A name that HAProxy lets through, in lower case as it writes it; one with _ would never arrive."""
    if not _HEADER.fullmatch(text):
        raise ValueError(text)
    return text.lower()


asking_value = matching(_VALUE)
"""A value as it is written in a key of a map."""


def asking_pattern(text: str) -> str:
    """A regular expression as HAProxy gets it, for a value from its beginning; it may match anywhere unless it begins with ^."""
    flag = "(?i)" if text.startswith("(?i)") else ""
    wanted = text.removeprefix(flag)
    if not wanted or _closes_early(wanted):
        raise NotUnderstood("is empty, or closes a group that it has not opened")
    return expression(f"{flag}{wanted}" if wanted.startswith("^") else f"{flag}.*({wanted})").text


def _closes_early(expression_text: str) -> bool:
    depth = 0
    for sign in _NO_GROUP.sub("", expression_text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth < 0:
            return True
    return False


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
    aliases=(_NGINX + "canary",),
)

CANARY_WEIGHT: Option[int] = Option(
    name="canary-weight",
    scope=frozenset({Scope.INGRESS}),
    parse=integer(0, MOST_TOTAL),
    accepted="a whole number from 0 to canary-weight-total",
    default=0,
    default_text="0",
    sentence=(
        "The share of requests, in percent unless canary-weight-total says otherwise, that the canary's Service takes. Shares of "
        "several canaries add up."
    ),
    example="10",
    effect=Effect.LIVE,
    aliases=(_NGINX + "canary-weight",),
)

CANARY_WEIGHT_TOTAL: Option[int] = Option(
    name="canary-weight-total",
    scope=frozenset({Scope.INGRESS}),
    parse=integer(1, MOST_TOTAL),
    accepted=f"a whole number from 1 to {MOST_TOTAL}",
    default=ALL,
    default_text=str(ALL),
    sentence="What canary-weight is a share of.",
    example="1000",
    effect=Effect.LIVE,
    aliases=(_NGINX + "canary-weight-total",),
)

CANARY_BY_HEADER: Option[str] = Option(
    name="canary-by-header",
    scope=frozenset({Scope.INGRESS}),
    parse=asking_header,
    accepted="the name of a header, of letters, digits and -",
    default=None,
    default_text="no header is asked",
    sentence=(
        "A request with always in this header goes to the canary, one with never to the stable Service; any other is asked for its "
        "cookie, then shared."
    ),
    example="X-Canary",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(_NGINX + "canary-by-header",),
)

CANARY_BY_HEADER_VALUE: Option[str] = Option(
    name="canary-by-header-value",
    scope=frozenset({Scope.INGRESS}),
    parse=asking_value,
    accepted="1 to 256 visible ASCII characters but ; < and backslash",
    default=None,
    default_text="always",
    sentence="With canary-by-header: a request with exactly this in the header goes to the canary; always and never mean nothing then.",
    example="v2",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(_NGINX + "canary-by-header-value",),
)

CANARY_BY_HEADER_PATTERN: Option[str] = Option(
    name="canary-by-header-pattern",
    scope=frozenset({Scope.INGRESS}),
    parse=asking_pattern,
    accepted="a regular expression of the signs in docs/expressions.md that no value can be tried against in too many ways",
    default=None,
    default_text="always",
    sentence=(
        "With canary-by-header and without canary-by-header-value: a request with a value of the header that this regular expression "
        "finds something in goes to the canary. Values beyond 1024 bytes are not looked at."
    ),
    example="^v[23]$",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(_NGINX + "canary-by-header-pattern",),
)

CANARY_BY_COOKIE: Option[str] = Option(
    name="canary-by-cookie",
    scope=frozenset({Scope.INGRESS}),
    parse=cookie_name,
    accepted="1 to 64 letters, digits, _, . or -",
    default=None,
    default_text="no cookie is asked",
    sentence="A request with always in this cookie goes to the canary, one with never to the stable Service; any other is shared.",
    example="canary",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(_NGINX + "canary-by-cookie",),
)

CANARY_OPTIONS = (
    CANARY,
    CANARY_WEIGHT,
    CANARY_WEIGHT_TOTAL,
    CANARY_BY_HEADER,
    CANARY_BY_HEADER_VALUE,
    CANARY_BY_HEADER_PATTERN,
    CANARY_BY_COOKIE,
)
