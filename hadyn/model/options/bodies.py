"""Options: how large bodies may be, and whether answers are compressed."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean

_SIZE = re.compile(r"(0|[1-9][0-9]{0,11})([kmgKMG]?)")
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
UNLIMITED = "unlimited"
COMPRESSED = "text/html text/plain text/css text/javascript text/xml application/javascript application/json application/xml image/svg+xml"


def size(text: str) -> int:
    """Bytes, with or without a unit of 1024; 0 where there is no limit."""
    if text == UNLIMITED:
        return 0
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1]) * _FACTORS[found[2].lower()]


def _limit(most: int, _chosen: Chosen) -> tuple[Directive, ...]:
    if not most:
        return ()
    refusal = Directive("http-request", "deny", "deny_status", "413")
    return (refusal.only_if("{", "req.body_size", "gt", str(most), "}"),)


def _compression(is_wanted: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    if not is_wanted:
        return ()
    return (Directive("compression", "algo", "gzip"), Directive("compression", "type", *COMPRESSED.split(" ")))


BODY_SIZE: Option[int] = Option(
    name="body-size",
    scope=EVERYWHERE,
    parse=size,
    accepted="bytes with or without k, m or g (of 1024), 0 or unlimited for no limit",
    default=0,
    default_text="unlimited",
    sentence="Requests that announce a larger body get a 413; one in chunks announces nothing, and is let through.",
    example="8m",
    effect=Effect.RELOAD,
    aliases=(
        "nginx.ingress.kubernetes.io/proxy-body-size",
        *of_haproxy_ingress("proxy-body-size"),
    ),
    directives=_limit,
    per_route=True,
)

COMPRESSION: Option[bool] = Option(
    name="compression",
    scope=EVERYWHERE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Answers of text, JSON and SVG are compressed (gzip) for clients that take it, unless the pods did so.",
    example="true",
    effect=Effect.RELOAD,
    directives=_compression,
)
