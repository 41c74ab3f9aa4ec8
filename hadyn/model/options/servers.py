"""Options: how much a single pod takes."""

from __future__ import annotations

from collections.abc import Callable

from hadyn.model.desired import MAX_WEIGHT
from hadyn.model.directives import Directive, Shared
from hadyn.model.options.option import EVERYWHERE, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, duration, integer

MOST_CONNECTIONS = 1_000_000
LONGEST_SLOWSTART = 3_600_000


def _word(keyword: str, unit: str = "") -> Callable[[int, Chosen], tuple[Directive, ...]]:
    def spell(number: int, _chosen: Chosen) -> tuple[Directive, ...]:
        return (Directive(keyword, f"{number}{unit}"),)

    return spell


def _maxconn(number: int, chosen: Chosen) -> tuple[Directive, ...]:
    is_divided = chosen.value(MAXCONN_DIVIDED) is True
    return (Directive("maxconn", Shared(number) if is_divided else str(number)),)


MAXCONN_SERVER: Option[int] = Option(
    name="maxconn-server",
    scope=EVERYWHERE,
    parse=integer(1, MOST_CONNECTIONS),
    accepted="a whole number from 1 to 1000000",
    default=None,
    default_text="no limit",
    sentence=(
        "A pod gets so many requests at once from each HAProxy; further ones wait for timeout-queue. With maxconn-divided it gets "
        "so many from all replicas together."
    ),
    example="100",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("maxconn-server"),
        "haproxy.org/pod-maxconn",
    ),
    server_directives=_maxconn,
)

MAXCONN_DIVIDED: Option[bool] = Option(
    name="maxconn-divided",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence=(
        "maxconn-server is for all replicas of hadyn together: each has its part, rounded up. How many there are says --peers-service; "
        "another number comes with a reload."
    ),
    example="true",
    effect=Effect.RELOAD,
)

MAXQUEUE_SERVER: Option[int] = Option(
    name="maxqueue-server",
    scope=EVERYWHERE,
    parse=integer(1, MOST_CONNECTIONS),
    accepted="a whole number from 1 to 1000000",
    default=None,
    default_text="no limit",
    sentence="So many requests of a session wait for their pod, beyond maxconn-server; the next ones go to another pod.",
    example="20",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("maxqueue-server"),
    server_directives=_word("maxqueue"),
)

SLOWSTART: Option[int] = Option(
    name="slowstart",
    scope=EVERYWHERE,
    parse=duration(1, LONGEST_SLOWSTART),
    accepted="a time from 1ms to 1h, as in 500ms, 30s or 5m",
    default=None,
    default_text="at once",
    sentence="A pod that comes gets its full share of requests only after this time; until then it grows bit by bit.",
    example="30s",
    effect=Effect.RELOAD,
    server_directives=_word("slowstart", "ms"),
)

INITIAL_WEIGHT: Option[int] = Option(
    name="initial-weight",
    scope=EVERYWHERE,
    parse=integer(1, MAX_WEIGHT),
    accepted="a whole number from 1 to 256",
    default=None,
    default_text="1",
    sentence=(
        "The weight of each pod: alike for all, so it is not about shares; a larger one spreads a hash more evenly, and lets an "
        "agent or slowstart count in smaller steps. With a canary its share makes the weights."
    ),
    example="16",
    effect=Effect.LIVE,
    aliases=of_haproxy_ingress("initial-weight"),
)
