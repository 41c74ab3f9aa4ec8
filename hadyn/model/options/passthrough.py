"""Option: TLS that HAProxy leaves to the pods."""

from __future__ import annotations

from hadyn.model.directives import Directive
from hadyn.model.objects import Options
from hadyn.model.options.option import Chosen, Effect, Option, Scope
from hadyn.model.options.parsers import boolean


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


def passes_tls(options: Options) -> bool:
    """Whether an Ingress with these options leaves TLS to its pods."""
    return any(name == SSL_PASSTHROUGH.name and value is True for name, value in options)
