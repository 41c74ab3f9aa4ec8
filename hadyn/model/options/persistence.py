"""Options: requests of one client stay with one pod.

Rule: a client is bound to a pod's address, never to a slot: who gets the pod's slot
gets none of its clients, and a pod that moves to another slot, or to another HAProxy's
slots, keeps them. haproxy-facts.md#dynamic-cookies-follow-the-address haproxy-facts.md#stick-tables-by-address
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from hadyn.model.directives import Directive
from hadyn.model.names import PEERS
from hadyn.model.options.cookies import (
    cookie_lines,
    cookie_name,
)
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option
from hadyn.model.options.parsers import duration

LONGEST_MEMORY = 86_400_000 * 7
REMEMBERED_HEADER = 64
"""Characters of a header's value that count; longer ones that begin alike are the same client."""
_HEADER = re.compile(r"hdr\(([A-Za-z0-9_-]{1,64})\)")
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


class Mark(Enum):
    """By what a client is known again."""

    NONE = "none"
    COOKIE = "cookie"
    SOURCE = "source"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Affinity:
    """What binds a client: ``name`` is a header's or the cookie's own; ``service`` limits it to one Service."""

    mark: Mark
    name: str = ""
    service: str = ""


def _affinity(text: str) -> Affinity:
    header = _HEADER.fullmatch(text)
    if header:
        return Affinity(Mark.HEADER, header[1])
    return Affinity(Mark(text if text != Mark.HEADER.value else ""))


def _only_cookie(text: str) -> Affinity:
    if text != Mark.COOKIE.value:
        raise ValueError(text)
    return Affinity(Mark.COOKIE)


def _named_cookie(text: str) -> Affinity:
    return Affinity(Mark.COOKIE, cookie_name(text))


def _source_for(text: str) -> Affinity:
    """The name of the Service it is for, as the talk of 2017 writes it."""
    if not _SERVICE.fullmatch(text):
        raise ValueError(text)
    return Affinity(Mark.SOURCE, service=text)


def _concerns(affinity: Affinity, service: str) -> bool:
    return affinity.service in {"", service}


def _affinity_lines(affinity: Affinity, chosen: Chosen) -> tuple[Directive, ...]:
    milliseconds = chosen.value(AFFINITY_MEMORY)
    table = ("size", "100k", "expire", f"{milliseconds}ms", "peers", PEERS, "srvkey", "addr")
    if affinity.mark is Mark.COOKIE:
        return cookie_lines(affinity.name, chosen)
    if affinity.mark is Mark.SOURCE:
        return (Directive("stick-table", "type", "ipv6", *table), Directive("stick", "on", "src"))
    if affinity.mark is Mark.HEADER:
        of_text = ("type", "string", "len", str(REMEMBERED_HEADER))
        return (
            Directive("stick-table", *of_text, *table),
            Directive("stick", "on", f"req.hdr({affinity.name})"),
        )
    return ()


AFFINITY: Option[Affinity] = Option(
    name="affinity",
    scope=EVERYWHERE,
    parse=_affinity,
    accepted="cookie, source, hdr(NAME) or none",
    default=None,
    default_text="none",
    sentence=(
        "Requests of one client stay with one pod while it is there: known by a cookie that HAProxy sets, which outlives reloads "
        "and holds for all replicas, or by the client's address or a header, which HAProxy remembers across reloads, and tells other replicas with --peers-service."
    ),
    example="cookie",
    effect=Effect.RELOAD,
    aliases=(
        Alias("nginx.ingress.kubernetes.io/affinity", _only_cookie, "cookie", "cookie"),
        Alias("haproxy-ingress.github.io/affinity", _only_cookie, "cookie", "cookie"),
        Alias("ingress.kubernetes.io/affinity", _only_cookie, "cookie", "cookie"),
        Alias("haproxy.org/cookie-persistence", _named_cookie, "the name of a cookie", "session"),
        Alias("haproxy.org/cookie-persistence-no-dynamic", _named_cookie, "the name of a cookie", "session"),
        Alias(
            "kubernetes.io/ingress.persistence.sourceip",
            _source_for,
            "the name of the Service whose clients stay with their pod, known by their address",
            "echoheaders",
        ),
    ),
    directives=_affinity_lines,
    concerns=_concerns,
)

AFFINITY_MEMORY: Option[int] = Option(
    name="affinity-memory",
    scope=EVERYWHERE,
    parse=duration(1000, LONGEST_MEMORY),
    accepted="a time from 1s to 168h, as in 30s, 5m or 8h",
    default=1_800_000,
    default_text="30m",
    sentence="With affinity source or hdr(NAME): a client that sends nothing for so long is forgotten.",
    example="8h",
    effect=Effect.RELOAD,
)
