"""Option: TLS that HAProxy leaves to the pods."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.objects import Options
from hadyn.model.options.option import Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean

_PORT = re.compile(r"[1-9][0-9]{0,4}|[a-z]([-a-z0-9]{0,13}[a-z0-9])?")
_HIGHEST_PORT = 65_535


def _in_tcp_mode(value: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("mode", "tcp"),) if value else ()


SSL_PASSTHROUGH: Option[bool] = Option(
    name="ssl-passthrough",
    scope=frozenset({Scope.INGRESS}),
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="HTTPS connections for the hosts of this Ingress go to the pods as they are, which have the certificates; paths mean nothing then.",
    example="true",
    effect=Effect.RELOAD,
    aliases=(
        "nginx.ingress.kubernetes.io/ssl-passthrough",
        "haproxy-ingress.github.io/ssl-passthrough",
        "haproxy.org/ssl-passthrough",
    ),
    directives=_in_tcp_mode,
)


def port(text: str) -> int | str:
    """The number or the name of a Service's port."""
    if not _PORT.fullmatch(text) or (text.isdigit() and int(text) > _HIGHEST_PORT):
        raise ValueError(text)
    return int(text) if text.isdigit() else text


SSL_PASSTHROUGH_HTTP_PORT: Option[int | str] = Option(
    name="ssl-passthrough-http-port",
    scope=frozenset({Scope.INGRESS}),
    parse=port,
    accepted="the number or the name of a port of the same Service",
    default=None,
    default_text="requests without TLS get a 503",
    sentence="Requests without TLS for the hosts of an Ingress with ssl-passthrough go to this port of its Services.",
    example="80",
    effect=Effect.LIVE,
    aliases=of_haproxy_ingress("ssl-passthrough-http-port"),
)


def plain_port(options: Options) -> int | str | None:
    """The port for requests without TLS beside connections that pass, None for none."""
    wanted = dict(options).get(SSL_PASSTHROUGH_HTTP_PORT.name)
    return wanted if isinstance(wanted, int | str) and passes_tls(options) else None


def without_passthrough(options: Options) -> Options:
    """What an Ingress says of its requests without TLS."""
    return tuple(each for each in options if each[0] != SSL_PASSTHROUGH.name)


def passes_tls(options: Options) -> bool:
    """Whether an Ingress with these options leaves TLS to its pods."""
    return any(name == SSL_PASSTHROUGH.name and value is True for name, value in options)
