"""Options: how long HAProxy waits for the pods of a backend."""

from __future__ import annotations

from hadyn.model.directives import Directive
from hadyn.model.options.option import Alias, Chosen, Effect, Option, Scope
from hadyn.model.options.parsers import duration, integer

LONGEST_SECONDS = 86_400
ACCEPTED = "a time from 1ms to 24h, as in 500ms, 30s or 5m"

_seconds = integer(1, LONGEST_SECONDS)


def _milliseconds_of(text: str) -> int:
    """Whole seconds without unit, as ingress-nginx writes them."""
    return _seconds(text) * 1000


def _timeout_server(milliseconds: int, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("timeout", "server", f"{milliseconds}ms"),)


TIMEOUT_SERVER: Option[int] = Option(
    name="timeout-server",
    scope=frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND}),
    parse=duration(1, LONGEST_SECONDS * 1000),
    accepted=ACCEPTED,
    default=None,
    default_text="60s",
    sentence="A pod that is silent for so long while it owes an answer has failed: the client gets a 504.",
    example="5m",
    effect=Effect.RELOAD,
    aliases=(
        Alias("nginx.ingress.kubernetes.io/proxy-read-timeout", _milliseconds_of, "whole seconds", "300"),
        "haproxy-ingress.github.io/timeout-server",
        "ingress.kubernetes.io/timeout-server",
        "haproxy.org/timeout-server",
    ),
    directives=_timeout_server,
)
