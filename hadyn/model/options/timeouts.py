"""Options: how long HAProxy waits for the pods of a backend."""

from __future__ import annotations

from collections.abc import Callable

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import duration, integer

LONGEST_SECONDS = 86_400
ACCEPTED = "a time from 1ms to 24h, as in 500ms, 30s or 5m"

_seconds = integer(1, LONGEST_SECONDS)


def milliseconds_of_seconds(text: str) -> int:
    """Whole seconds without unit, as ingress-nginx writes them."""
    return _seconds(text) * 1000


def timeout_line(keyword: str) -> Callable[[int, Chosen], tuple[Directive, ...]]:
    """Return what spells HAProxy's timeout of this name for a number of milliseconds."""

    def spell(milliseconds: int, _chosen: Chosen) -> tuple[Directive, ...]:
        return (Directive("timeout", keyword, f"{milliseconds}ms"),)

    return spell


def _pod_timeout(
    keyword: str, *, default: str, sentence: str, example: str, aliases: tuple[str | Alias[int], ...] = ()
) -> Option[int]:
    name = f"timeout-{keyword}"
    prefixes = ("haproxy-ingress.github.io/", "ingress.kubernetes.io/", "haproxy.org/")
    return Option(
        name=name,
        scope=EVERYWHERE,
        parse=duration(1, LONGEST_SECONDS * 1000),
        accepted=ACCEPTED,
        default=None,
        default_text=default,
        sentence=sentence,
        example=example,
        effect=Effect.RELOAD,
        aliases=(*aliases, *(prefix + name for prefix in prefixes)),
        directives=timeout_line(keyword),
        main=Section.DEFAULTS,
    )


def _nginx(name: str, example: str) -> Alias[int]:
    return Alias(f"nginx.ingress.kubernetes.io/{name}", milliseconds_of_seconds, "whole seconds", example)


TIMEOUT_CONNECT = _pod_timeout(
    "connect",
    default="3s",
    sentence="A pod that has not taken the connection within this time counts as gone, and another one is asked.",
    example="1s",
    aliases=(_nginx("proxy-connect-timeout", "5"),),
)
TIMEOUT_SERVER = _pod_timeout(
    "server",
    default="60s",
    sentence="A pod that is silent for so long while it owes an answer has failed: the client gets a 504.",
    example="5m",
    aliases=(_nginx("proxy-read-timeout", "300"),),
)
TIMEOUT_QUEUE = _pod_timeout(
    "queue",
    default="10s",
    sentence="So long a request waits for a pod where maxconn-server limits their connections; then the client gets a 503.",
    example="2s",
)
TIMEOUT_TUNNEL = _pod_timeout(
    "tunnel",
    default="1h",
    sentence="A WebSocket, or another upgraded connection, on which nobody says anything for so long is closed.",
    example="12h",
)
TIMEOUT_SERVER_FIN = _pod_timeout(
    "server-fin",
    default="10s",
    sentence="A connection that the pod has closed on its side is kept so long.",
    example="30s",
)
