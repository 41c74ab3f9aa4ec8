"""Options: how much HAProxy takes on."""

from __future__ import annotations

from collections.abc import Callable

from hadyn.model.directives import Directive
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import duration, integer


def _number(keyword: str) -> Callable[[int, Chosen], tuple[Directive, ...]]:
    def spell(number: int, _chosen: Chosen) -> tuple[Directive, ...]:
        return (Directive(keyword, str(number)),)

    return spell


def _most_connections(number: int, _chosen: Chosen) -> tuple[Directive, ...]:
    """A number beyond what the system allows gets what it allows, with a warning, instead of no HAProxy at all."""
    return Directive("maxconn", str(number)), Directive("no", "strict-limits")


def _hard_stop(milliseconds: int, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("hard-stop-after", f"{milliseconds}ms"),)


MAXCONN: Option[int] = Option(
    name="maxconn",
    scope=OPERATOR,
    parse=integer(1, 10_000_000),
    accepted="a whole number from 1 to 10000000",
    default=None,
    default_text="what --maxconn says",
    sentence="Connections of clients in all; those beyond wait in the kernel.",
    example="20000",
    effect=Effect.RELOAD,
    directives=_most_connections,
    main=Section.GLOBAL,
)
NBTHREAD: Option[int] = Option(
    name="nbthread",
    scope=OPERATOR,
    parse=integer(1, 64),
    accepted="a whole number from 1 to 64",
    default=None,
    default_text="the CPUs that HAProxy may use",
    sentence="HAProxy's threads.",
    example="4",
    effect=Effect.RELOAD,
    directives=_number("nbthread"),
    main=Section.GLOBAL,
)
HARD_STOP_AFTER: Option[int] = Option(
    name="hard-stop-after",
    scope=OPERATOR,
    parse=duration(1000, 86_400_000),
    accepted="a time from 1s to 24h",
    default=None,
    default_text="30m",
    sentence="A worker that a reload replaced ends after this time, whoever is still connected to it.",
    example="1h",
    effect=Effect.RELOAD,
    directives=_hard_stop,
    main=Section.GLOBAL,
)
TUNE_BUFSIZE: Option[int] = Option(
    name="tune-bufsize",
    scope=OPERATOR,
    parse=integer(16_384, 1_048_576),
    accepted="a whole number of bytes from 16384 to 1048576",
    default=None,
    default_text="16384",
    sentence="HAProxy's buffers, two for each connection; the head of a request has to fit into one.",
    example="32768",
    effect=Effect.RELOAD,
    directives=_number("tune.bufsize"),
    main=Section.GLOBAL,
)
TUNE_HTTP_MAXHDR: Option[int] = Option(
    name="tune-http-maxhdr",
    scope=OPERATOR,
    parse=integer(32, 32_767),
    accepted="a whole number from 32 to 32767",
    default=None,
    default_text="101",
    sentence="The most headers a request or response may have.",
    example="200",
    effect=Effect.RELOAD,
    directives=_number("tune.http.maxhdr"),
    main=Section.GLOBAL,
)
