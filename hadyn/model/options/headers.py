"""Options: headers of requests and responses, set, added or taken away.

Rules: a name is a token of HTTP and none that frames a message; a value is printable and
stands for itself, %[…] included. Text comes line by line, ``Name: value``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hadyn.model.directives import Directive, literal
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, lines, matching

Headers = tuple[tuple[str, str], ...]

MOST_HEADERS = 50
LONGEST_VALUE = 500
_AUTHORITY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(rf"[!-~]([ -~]{{0,{LONGEST_VALUE - 2}}}[!-~])?")
_PREFIX = re.compile(r"/[A-Za-z0-9._~/-]{0,200}")
FRAMING = frozenset(
    [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Names that say where a message ends, or whom it is for: these are HAProxy's."""
ACCEPTED = "lines of the form Name: value"
NAMES = "names of headers, one a line, or with commas between them"


authority = matching(_AUTHORITY)
"""A host name with or without port, as it stands in a Host header."""


def header_name(text: str) -> str:
    """A token that is not about framing."""
    if not _NAME.fullmatch(text) or text.lower() in FRAMING:
        raise ValueError(text)
    return text


def headers(separator: str) -> Callable[[str], Headers]:
    """A parser of lines with a name and a value, this between them."""

    def parse(text: str) -> Headers:
        pairs = [line.partition(separator) for line in lines(text, MOST_HEADERS)]
        return tuple((header_name(name.strip(" ")), header_value(value.strip(" "))) for name, _, value in pairs)

    return parse


header_value = matching(_VALUE)
"""Printable ASCII, without blanks at its ends."""


def header_names(text: str) -> tuple[str, ...]:
    """Names of headers, at least one."""
    return tuple(header_name(each.strip(" ")) for line in lines(text, MOST_HEADERS) for each in line.split(","))


def _changed(ruleset: str, action: str) -> Callable[[Headers, Chosen], tuple[Directive, ...]]:
    def directives(wanted: Headers, _chosen: Chosen) -> tuple[Directive, ...]:
        return tuple(Directive(ruleset, action, name, literal(value)) for name, value in wanted)

    return directives


def _deleted(ruleset: str) -> Callable[[tuple[str, ...], Chosen], tuple[Directive, ...]]:
    def directives(names: tuple[str, ...], _chosen: Chosen) -> tuple[Directive, ...]:
        return tuple(Directive(ruleset, "del-header", name) for name in names)

    return directives


def _set_host(host: str, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("http-request", "set-header", "Host", host),)


def _set_prefix(prefix: str, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("http-request", "set-header", "X-Forwarded-Prefix", prefix),)


path_prefix = matching(_PREFIX)
"""A path of plain characters."""


SET_HOST: Option[str] = Option(
    name="set-host",
    scope=frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND}),
    parse=authority,
    accepted="a host name, with or without :port",
    default=None,
    default_text="the client's Host header",
    sentence="The Host header that pods get.",
    example="shop.internal",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/upstream-vhost", "haproxy.org/set-host"),
    directives=_set_host,
    per_route=True,
)

FORWARDED_PREFIX: Option[str] = Option(
    name="forwarded-prefix",
    scope=frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND}),
    parse=path_prefix,
    accepted="a path that begins with /",
    default=None,
    default_text="what the client says",
    sentence="The header X-Forwarded-Prefix that pods get, for those that make links behind a rewritten path.",
    example="/shop",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/x-forwarded-prefix",),
    directives=_set_prefix,
    per_route=True,
)


def _forwarded_for(is_wanted: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    gone = ("X-Forwarded-For", "X-Real-IP")
    return () if is_wanted else tuple(Directive("http-request", "del-header", name) for name in gone)


FORWARDED_FOR: Option[bool] = Option(
    name="forwarded-for",
    scope=EVERYWHERE,
    parse=boolean,
    accepted="true or false",
    default=True,
    default_text="true",
    sentence="Whether pods learn the client's address (X-Forwarded-For, X-Real-IP); what clients say of it they never do.",
    example="false",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/forwarded-for",),
    directives=_forwarded_for,
    per_route=True,
)


def _option(ruleset: str, action: str, sentence: str, *more_aliases: str | Alias[Headers]) -> Option[Headers]:
    message = ruleset.removeprefix("http-")
    name = f"{message}-{action}-headers"
    return Option(
        name=name,
        scope=EVERYWHERE,
        parse=headers(":"),
        accepted=ACCEPTED,
        default=None,
        default_text=f"{message}s as they are",
        sentence=sentence,
        example="X-Shop: web",
        effect=Effect.RELOAD,
        aliases=(*of_haproxy_ingress(name), *more_aliases),
        directives=_changed(ruleset, f"{action}-header"),
        per_route=True,
    )


def _deleting(ruleset: str, sentence: str) -> Option[tuple[str, ...]]:
    message = ruleset.removeprefix("http-")
    name = f"{message}-del-headers"
    return Option(
        name=name,
        scope=EVERYWHERE,
        parse=header_names,
        accepted=NAMES,
        default=None,
        default_text=f"{message}s as they are",
        sentence=sentence,
        example="X-Debug, X-Trace",
        effect=Effect.RELOAD,
        aliases=of_haproxy_ingress(name),
        directives=_deleted(ruleset),
        per_route=True,
    )


def _with_blank(name: str) -> Alias[Headers]:
    """As HAProxy Technologies' controller has it: a blank between name and value."""
    return Alias(f"haproxy.org/{name}", headers(" "), "lines of the form Name value", "X-Shop web")


REQUEST_DEL_HEADERS = _deleting("http-request", "Headers that pods do not get.")
REQUEST_SET_HEADERS = _option(
    "http-request",
    "set",
    "Headers that pods get, in the place of those of the same names.",
    _with_blank("request-set-header"),
    *of_haproxy_ingress("headers"),
)
REQUEST_ADD_HEADERS = _option("http-request", "add", "Headers that pods get besides those of the same names.")
RESPONSE_DEL_HEADERS = _deleting("http-response", "Headers of pods that clients do not get.")
RESPONSE_SET_HEADERS = _option(
    "http-response",
    "set",
    "Headers that clients get, in the place of those of the same names.",
    _with_blank("response-set-header"),
)
RESPONSE_ADD_HEADERS = _option("http-response", "add", "Headers that clients get besides those of the same names.")
