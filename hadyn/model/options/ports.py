"""Options: a port of HAProxy's own for a Service that speaks no HTTP."""

from __future__ import annotations

import re

from hadyn.model.options.option import Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, integer, matching

_INGRESS = frozenset({Scope.INGRESS})
_VARIABLES = (
    *("ac", "b", "B", "bc", "bi", "bp", "bq", "ci", "cp", "f", "fc", "fi", "fp", "ft", "H", "ms", "pid", "rc", "rt"),
    *("s", "sc", "si", "sp", "sq", "t", "T", "Tc", "Td", "Th", "Tl", "Ts", "Tt", "ts", "Tw", "U"),
)
"""What HAProxy knows of a connection as of a request; another one would be refused, and all changes with it."""
_FORMAT = re.compile(rf"(?:[ -$&-~]|%(?:{'|'.join(_VARIABLES)})(?![A-Za-z])){{1,500}}")


log_format_of_connections = matching(_FORMAT)
"""Printable ASCII in which ``%`` begins a name of _VARIABLES."""


TCP_SERVICE_PORT: Option[int] = Option(
    name="tcp-service-port",
    scope=_INGRESS,
    parse=integer(1, 65535),
    accepted="a port number",
    default=None,
    default_text="none: the Ingress is about HTTP",
    sentence=(
        "HAProxy passes connections to this port on to the Service of the Ingress as they are (TCP); hosts and paths mean nothing "
        "then. It listens there from the next reload on, which the first Ingress for a port brings; all else comes live."
    ),
    example="5432",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=of_haproxy_ingress("tcp-service-port"),
)

TCP_SERVICE_PROXY_PROTOCOL: Option[bool] = Option(
    name="tcp-service-proxy-protocol",
    scope=_INGRESS,
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="Connections to the port of the Ingress begin with the header of the PROXY protocol, in which a balancer says who its client is.",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("tcp-service-proxy-protocol"),
)

TCP_SERVICE_LOG_FORMAT: Option[str] = Option(
    name="tcp-service-log-format",
    scope=_INGRESS,
    parse=log_format_of_connections,
    accepted=f"a log-format of HAProxy's on one line, with the variables {' '.join(_VARIABLES)}",
    default=None,
    default_text="HAProxy's tcplog",
    sentence="How a connection to the port of the Ingress is logged, where the operator has set log-target.",
    example="%ci:%cp %b/%s %Tt %B",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("tcp-service-log-format"),
)
