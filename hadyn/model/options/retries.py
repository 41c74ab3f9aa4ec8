"""Options: what becomes of a request whose pod fails."""

from __future__ import annotations

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import boolean, integer

MOST_RETRIES = 100
EVENTS = frozenset(
    {"conn-failure", "empty-response", "junk-response", "response-timeout", "0rtt-rejected"}
    | {"401", "403", "404", "408", "425", "500", "501", "502", "503", "504", "all-retryable-errors"}
)
_NGINX_EVENTS = {
    "error": ("conn-failure", "empty-response"),
    "timeout": ("response-timeout",),
    "invalid_header": ("junk-response",),
    "non_idempotent": (),
} | {f"http_{status}": (status,) for status in ("403", "404", "500", "502", "503", "504")}

_tries = integer(0, MOST_RETRIES + 1)


def retry_events(text: str) -> tuple[str, ...]:
    """Events of HAProxy's retry-on with single blanks between them, or "none" alone."""
    words = tuple(text.split(" "))
    if words != ("none",) and not EVENTS.issuperset(words):
        raise ValueError(text)
    return tuple(dict.fromkeys(words))


def _nginx_events(text: str) -> tuple[str, ...]:
    words = text.split(" ")
    if words == ["off"]:
        return ("none",)
    if not _NGINX_EVENTS.keys() >= set(words):
        raise ValueError(text)
    return tuple(dict.fromkeys(event for word in words for event in _NGINX_EVENTS[word])) or ("none",)


def _nginx_tries(text: str) -> int:
    """Nginx counts the first attempt, too; 0 is as many as there are pods."""
    tries = _tries(text)
    return tries - 1 if tries else MOST_RETRIES


def _retries_line(number: int, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("retries", str(number)),)


def _retry_on_line(events: tuple[str, ...], _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("retry-on", *events),)


def _abort_line(is_wanted: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("option", "abortonclose") if is_wanted else Directive("no", "option", "abortonclose"),)


def _redispatch_line(is_wanted: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("option", "redispatch", "1") if is_wanted else Directive("no", "option", "redispatch"),)


RETRIES: Option[int] = Option(
    name="retries",
    scope=EVERYWHERE,
    parse=integer(0, MOST_RETRIES),
    accepted="a whole number from 0 to 100",
    default=None,
    default_text="3",
    sentence="How often a request is tried again when its pod fails in one of the ways that retry-on names.",
    example="1",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/proxy-next-upstream-tries", _nginx_tries, "a whole number from 0 to 101", "3"
        ),
    ),
    directives=_retries_line,
    main=Section.DEFAULTS,
)

RETRY_ON: Option[tuple[str, ...]] = Option(
    name="retry-on",
    scope=EVERYWHERE,
    parse=retry_events,
    accepted=f"none, or some of {', '.join(sorted(EVENTS))}, with single blanks between them",
    default=None,
    default_text="conn-failure empty-response",
    sentence=(
        "When a request is tried again; beyond conn-failure a pod may have acted on it already, so POST requests may happen twice."
    ),
    example="conn-failure empty-response 503",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/proxy-next-upstream",
            _nginx_events,
            f"off, or some of {', '.join(sorted(_NGINX_EVENTS))}",
            "error timeout http_503",
        ),
    ),
    directives=_retry_on_line,
    main=Section.DEFAULTS,
)

REDISPATCH: Option[bool] = Option(
    name="redispatch",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=None,
    default_text='"true"',
    sentence='Each retry asks another pod; with "false" the same one, which is for sessions that no other pod knows.',
    example="false",
    effect=Effect.RELOAD,
    directives=_redispatch_line,
    main=Section.DEFAULTS,
)

ABORT_ON_CLOSE: Option[bool] = Option(
    name="abort-on-close",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=None,
    default_text='"false"',
    sentence="A request whose client has gone is given up while it waits for a pod, so that nobody works for nobody (from HAProxy 2.8 on).",
    example="true",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/abortonclose",),
    directives=_abort_line,
    main=Section.DEFAULTS,
)
