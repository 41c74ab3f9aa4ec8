"""Options: HAProxy's own log of requests."""

from __future__ import annotations

import ipaddress
import re

from hadyn.model.addresses import Address
from hadyn.model.directives import Directive
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import matching

STDOUT = "stdout"
RING = "ring"
REQUESTS = "requests"
"""The ring in HAProxy's memory."""
LONGEST_LINE = 8192
_FORMAT = re.compile(r"[ -~]{1,1000}")
_SYSLOG = re.compile(r"(?:udp:)?\[?([0-9a-fA-F:.]+?)\]?:([1-9][0-9]{0,4})")


def log_target(text: str) -> Address | str:
    """STDOUT, RING, or the address of a syslog server."""
    if text in (STDOUT, RING):
        return text
    found = _SYSLOG.fullmatch(text)
    if found is None or int(found[2]) > 65535:
        raise ValueError(text)
    return Address(str(ipaddress.ip_address(found[1])), int(found[2]))


log_format = matching(_FORMAT)
"""A format of HAProxy's on one line; HAProxy itself judges what it means."""


def _log_lines(target: Address | str, chosen: Chosen) -> tuple[Directive, ...]:
    form = "rfc5424" if isinstance(target, Address) else "raw"
    place = f"ring@{REQUESTS}" if target == RING else str(target)
    text = chosen.value(LOG_FORMAT)
    return (
        Directive("log", place, "len", str(LONGEST_LINE), "format", form, "local0", "info"),
        Directive("log-format", text) if text else Directive("option", "httplog"),
        Directive("option", "dontlognull"),
    )


LOG_TARGET: Option[Address | str] = Option(
    name="log-target",
    scope=OPERATOR,
    parse=log_target,
    accepted="stdout, ring, or the address of a syslog server with its port, as 10.0.0.9:514 (UDP)",
    default=None,
    default_text="requests are not logged",
    sentence="Where HAProxy logs each request: to a syslog server, to its standard output (a file of 1 MB where hadyn starts it), or to "
    f"1 MB of its memory, where `show events {REQUESTS} -w` on its runtime socket finds the last ones.",
    example="10.0.0.9:514",
    effect=Effect.RELOAD,
    directives=_log_lines,
    main=Section.DEFAULTS,
)

LOG_FORMAT: Option[str] = Option(
    name="log-format",
    scope=OPERATOR,
    parse=log_format,
    accepted="a log-format of HAProxy's on one line",
    default=None,
    default_text="HAProxy's httplog",
    sentence="How a request is logged; %[var(txn.ingress)] is its Ingress where that has annotations of its own for requests.",
    example='{"client":"%ci","status":%ST,"backend":"%b","slot":"%s"}',
    effect=Effect.RELOAD,
    main=Section.DEFAULTS,
)
