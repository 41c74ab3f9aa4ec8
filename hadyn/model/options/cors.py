"""Options: which pages of other origins may read answers in a browser (CORS).

Rules: HAProxy answers a preflight itself, so it must stand before whatever asks for a
password, which no preflight carries. An origin that is not allowed gets no header that
allows anything, also none of the pods. ``*`` never goes with credentials: browsers refuse that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hadyn.model.directives import Directive
from hadyn.model.expressions import expression
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, duration, integer, words

ANY = "*"
MOST_ORIGINS = 40
MOST_EXPRESSIONS = 5
MOST_WORDS = 60
_ORIGIN = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?"
)
_TOKEN = re.compile(r"[A-Za-z0-9!#$&'*+.^_`|~-]{1,100}")
_METHOD = re.compile(r"[A-Z]{1,20}|\*")
_ALLOWED = ("{", "var(txn.origin)", "-m", "found", "}")
_PREFLIGHT = ("{", "var(txn.preflight)", "-m", "found", "}")
METHODS = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
HEADERS = "DNT, Keep-Alive, User-Agent, X-Requested-With, If-Modified-Since, Cache-Control, Content-Type, Range, Authorization"
DAY_SECONDS = 86_400
_SECONDS = integer(0, DAY_SECONDS * 365)


def _aliases(name: str, *, is_of_haproxytech: bool = True) -> tuple[str, ...]:
    prefixes = ["nginx.ingress.kubernetes.io", "haproxy-ingress.github.io", "ingress.kubernetes.io"]
    return tuple(f"{prefix}/{name}" for prefix in [*prefixes, *(["haproxy.org"] if is_of_haproxytech else [])])


def origins(text: str) -> tuple[str, ...]:
    """``*`` alone, or schemes with hosts, of which the first label may be ``*``."""
    found = words(text, MOST_ORIGINS)
    if found != [ANY] and not all(map(_ORIGIN.fullmatch, found)):
        raise ValueError(text)
    return tuple(found)


def origin_expressions(text: str) -> tuple[str, ...]:
    """Regular expressions of whole origins, with blanks between them."""
    found = text.split()
    if not 1 <= len(found) <= MOST_EXPRESSIONS:
        raise ValueError(text)
    return tuple(f"^{expression(each.removesuffix('$')).text}$" for each in found)


def _joined(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A parser of tokens, to how they stand in a header."""

    def parse(text: str) -> str:
        found = words(text, MOST_WORDS)
        if not all(map(pattern.fullmatch, found)) or len(", ".join(found)) > 1000:
            raise ValueError(text)
        return ", ".join(found)

    return parse


def _lines(is_wanted: bool, chosen: Chosen) -> tuple[Directive, ...]:
    if not is_wanted:
        return ()
    allowed = chosen.value(CORS_ALLOW_ORIGIN) or (ANY,)
    expressions = chosen.value(CORS_ALLOW_ORIGIN_REGEX)
    if expressions is not None and allowed == (ANY,):
        allowed = ()
    preflight = ("{", "method", "OPTIONS", "}", "{", "req.hdr(access-control-request-method)", "-m", "found", "}")
    is_cross = ("{", "req.hdr(origin)", "-m", "found", "}")
    return (
        *_origin_lines(allowed, expressions or ()),
        Directive("http-request", "set-var(txn.preflight)", "bool(true)").only_if(*preflight, *is_cross),
        Directive("http-response", "del-header", "Access-Control-Allow-Origin"),
        Directive("http-response", "del-header", "Access-Control-Allow-Credentials"),
        *_answer_lines(chosen, is_any=allowed == (ANY,)),
        Directive("http-request", "return", "status", "204").only_if(*_PREFLIGHT),
    )


def _origin_lines(allowed: tuple[str, ...], expressions: tuple[str, ...]) -> tuple[Directive, ...]:
    """Note the origin if it is allowed."""
    if allowed == (ANY,):
        return (
            Directive("http-request", "set-var(txn.origin)", "str(*)").only_if(
                "{", "req.hdr(origin)", "-m", "found", "}"
            ),
        )
    noted = Directive("http-request", "set-var(txn.origin)", "req.hdr(origin)")
    conditions = [
        ("reg", _pattern(origin)) if "*" in origin else ("str", origin.lower().removesuffix("/")) for origin in allowed
    ]
    return (
        *(noted.only_if("{", "req.hdr(origin),lower", "-m", method, text, "}") for method, text in conditions),
        *(noted.only_if("{", "req.hdr(origin)", "-m", "reg", each, "}") for each in expressions),
    )


def _pattern(origin: str) -> str:
    return "^" + re.escape(origin.lower()).replace(r"\*", "[a-z0-9-]+").replace(r"\-", "-") + "$"


def _answer_lines(chosen: Chosen, *, is_any: bool) -> tuple[Directive, ...]:
    """What the browser is told."""
    name = "Access-Control-"
    exposed = chosen.value(CORS_EXPOSE_HEADERS)
    said: list[tuple[str, str, tuple[str, ...]]] = [
        (f"{name}Allow-Origin", "%[var(txn.origin)]", _ALLOWED),
        (f"{name}Allow-Methods", chosen.value(CORS_ALLOW_METHODS) or METHODS, (*_ALLOWED, *_PREFLIGHT)),
        (f"{name}Allow-Headers", chosen.value(CORS_ALLOW_HEADERS) or HEADERS, (*_ALLOWED, *_PREFLIGHT)),
        (f"{name}Max-Age", str(chosen.value(CORS_MAX_AGE)), (*_ALLOWED, *_PREFLIGHT)),
    ]
    if chosen.value(CORS_ALLOW_CREDENTIALS) and not is_any:
        said.append((f"{name}Allow-Credentials", "true", _ALLOWED))
    if exposed:
        said.append((f"{name}Expose-Headers", exposed, _ALLOWED))
    lines = [Directive("http-after-response", "set-header", *each).only_if(*when) for *each, when in said]
    vary = () if is_any else (Directive("http-after-response", "add-header", "Vary", "Origin"),)
    return (*lines, *vary)


CORS_ENABLE: Option[bool] = Option(
    name="cors-enable",
    scope=EVERYWHERE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false (pods speak for themselves)",
    sentence="HAProxy tells browsers which pages of other origins may read answers, and answers their preflights.",
    example="true",
    effect=Effect.RELOAD,
    aliases=(
        "nginx.ingress.kubernetes.io/enable-cors",
        *of_haproxy_ingress("cors-enable"),
        "haproxy.org/cors-enable",
    ),
    directives=_lines,
    per_route=True,
)

CORS_ALLOW_ORIGIN: Option[tuple[str, ...]] = Option(
    name="cors-allow-origin",
    scope=EVERYWHERE,
    parse=origins,
    accepted="origins with commas between them, the first label of a host may be *; or * alone",
    default=(ANY,),
    default_text="*",
    sentence="The origins whose pages may read answers.",
    example="https://shop.example, https://*.shop.example",
    effect=Effect.RELOAD,
    aliases=_aliases("cors-allow-origin"),
    per_route=True,
)

CORS_ALLOW_ORIGIN_REGEX: Option[tuple[str, ...]] = Option(
    name="cors-allow-origin-regex",
    scope=EVERYWHERE,
    parse=origin_expressions,
    accepted=f"up to {MOST_EXPRESSIONS} regular expressions with blanks between them (docs/expressions.md)",
    default=None,
    default_text="none",
    sentence="Further origins, each matched as a whole; without cors-allow-origin none but these.",
    example=r"https://[a-z]+\.shop\.example",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("cors-allow-origin-regex"),
    per_route=True,
    when_wrong=(),
)

CORS_ALLOW_METHODS: Option[str] = Option(
    name="cors-allow-methods",
    scope=EVERYWHERE,
    parse=_joined(_METHOD),
    accepted="methods with commas between them, or *",
    default=METHODS,
    default_text=METHODS,
    sentence="The methods that pages of other origins may use.",
    example="GET, POST",
    effect=Effect.RELOAD,
    aliases=_aliases("cors-allow-methods"),
    per_route=True,
)

CORS_ALLOW_HEADERS: Option[str] = Option(
    name="cors-allow-headers",
    scope=EVERYWHERE,
    parse=_joined(_TOKEN),
    accepted="names of headers with commas between them, or *",
    default=HEADERS,
    default_text=HEADERS,
    sentence="The headers that requests of such pages may carry.",
    example="Content-Type, X-Shop",
    effect=Effect.RELOAD,
    aliases=_aliases("cors-allow-headers"),
    per_route=True,
)

CORS_ALLOW_CREDENTIALS: Option[bool] = Option(
    name="cors-allow-credentials",
    scope=EVERYWHERE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Whether such requests may carry cookies and passwords; not where all origins (*) are allowed.",
    example="true",
    effect=Effect.RELOAD,
    aliases=_aliases("cors-allow-credentials"),
    per_route=True,
)

CORS_EXPOSE_HEADERS: Option[str] = Option(
    name="cors-expose-headers",
    scope=EVERYWHERE,
    parse=_joined(_TOKEN),
    accepted="names of headers with commas between them, or *",
    default=None,
    default_text="those that browsers show anyway",
    sentence="The headers of answers that such pages may read.",
    example="X-Total",
    effect=Effect.RELOAD,
    aliases=_aliases("cors-expose-headers", is_of_haproxytech=False),
    per_route=True,
)


def _age(text: str) -> int:
    """Seconds, or a time with its unit, as haproxytech's controller takes it."""
    return _SECONDS(text) if text.isdigit() else duration(1000, DAY_SECONDS * 365_000)(text) // 1000


CORS_MAX_AGE: Option[int] = Option(
    name="cors-max-age",
    scope=EVERYWHERE,
    parse=_SECONDS,
    accepted="seconds from 0 to a year",
    default=DAY_SECONDS,
    default_text="86400 (a day)",
    sentence="For how long a browser may remember the answer to a preflight.",
    example="600",
    effect=Effect.RELOAD,
    aliases=(
        *_aliases("cors-max-age", is_of_haproxytech=False),
        Alias("haproxy.org/cors-max-age", _age, "seconds, or a time from 1s to a year, as in 5m or 1h", "1h"),
    ),
    per_route=True,
)
