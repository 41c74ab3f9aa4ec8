"""Options: HAProxy asks pods by itself whether they are well.

Rule: off unless somebody asks, since readiness is Kubernetes' word. A slot that is
added by command begins its checks by a command, too. haproxy-facts.md#checks-of-added-slots
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.options.headers import authority
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, duration, integer, matching, one_of

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,1000}")
_STATUSES = re.compile(r"[1-5][0-9][0-9](?:-[1-5][0-9][0-9])?(?:,[1-5][0-9][0-9](?:-[1-5][0-9][0-9])?){0,19}")
_KIC_CHECK = re.compile(r"(?:(GET|HEAD|OPTIONS) )?(/[^ ]*)(?: HTTP/1\.[01])?")
MOST_CHECKS = 100
LONGEST_INTERVAL = 3_600_000


class Check(StrEnum):
    """What a check does: nothing, connect, or ask by HTTP."""

    OFF = "off"
    TCP = "tcp"
    HTTP = "http"


class Method(StrEnum):
    """The method of an HTTP check."""

    GET = "GET"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


_path = matching(_PATH)


def _statuses(text: str) -> str:
    if not _STATUSES.fullmatch(text) or any(
        low > high for low, _, high in (each.partition("-") for each in text.split(",")) if high
    ):
        raise ValueError(text)
    return text


def _kic_path(text: str) -> str:
    """``/path`` or ``METHOD /path``, of which the path counts."""
    found = _KIC_CHECK.fullmatch(text)
    return _path(found[2] if found else "")


def _on_or_off(text: str) -> Check:
    return Check.TCP if boolean(text) else Check.OFF


def chosen_check(chosen: Chosen) -> Check:
    """What is checked: what is said, else HTTP where a path is named."""
    said = chosen.value(HEALTH_CHECK)
    path = chosen.value(HEALTH_CHECK_PATH)
    if said is Check.TCP and path is not None:
        return Check.HTTP
    return said or (Check.HTTP if path is not None else Check.OFF)


def _http_lines(chosen: Chosen) -> tuple[Directive, ...]:
    if chosen_check(chosen) is not Check.HTTP:
        return ()
    host = chosen.value(HEALTH_CHECK_HOST)
    method, path = chosen.value(HEALTH_CHECK_METHOD), chosen.value(HEALTH_CHECK_PATH)
    header = ("ver", "HTTP/1.1", "hdr", "Host", host) if host else ()
    return (
        Directive("option", "httpchk"),
        Directive("http-check", "send", "meth", str(method), "uri", path or "/", *header),
        Directive("http-check", "expect", "status", str(chosen.value(HEALTH_CHECK_EXPECT))),
    )


def _lines(_check: Check, chosen: Chosen) -> tuple[Directive, ...]:
    return _http_lines(chosen)


def _words(_check: Check, chosen: Chosen) -> tuple[Directive, ...]:
    return () if chosen_check(chosen) is Check.OFF else (Directive("check"),)


def _lines_of_path(_path_said: str, chosen: Chosen) -> tuple[Directive, ...]:
    return _http_lines(chosen) if chosen.value(HEALTH_CHECK) is None else ()


def _words_of_path(_path_said: str, chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("check"),) if chosen.value(HEALTH_CHECK) is None else ()


def _word(keyword: str, unit: str = "") -> Callable[[int, Chosen], tuple[Directive, ...]]:
    """A word about checks, where there are some."""

    def spell(number: int, chosen: Chosen) -> tuple[Directive, ...]:
        return () if chosen_check(chosen) is Check.OFF else (Directive(keyword, f"{number}{unit}"),)

    return spell


def _timeout_line(milliseconds: int, chosen: Chosen) -> tuple[Directive, ...]:
    """haproxy-facts.md#check-timeouts"""
    return () if chosen_check(chosen) is Check.OFF else (Directive("timeout", "check", f"{milliseconds}ms"),)


HEALTH_CHECK: Option[Check] = Option(
    name="health-check",
    scope=EVERYWHERE,
    parse=one_of(Check),
    accepted="off, tcp or http",
    default=None,
    default_text="off, or http where health-check-path is said",
    sentence=(
        "HAProxy checks each pod by itself, beyond its readiness in Kubernetes: whether it takes connections, or answers a request."
    ),
    example="tcp",
    effect=Effect.RELOAD,
    aliases=(Alias("haproxy.org/check", _on_or_off, '"true" (tcp) or "false"', "true"),),
    directives=_lines,
    server_directives=_words,
)

HEALTH_CHECK_PATH: Option[str] = Option(
    name="health-check-path",
    scope=EVERYWHERE,
    parse=_path,
    accepted="a path that begins with /",
    default=None,
    default_text="/",
    sentence="What an HTTP check asks for; it makes the checks HTTP.",
    example="/healthz",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("health-check-uri"),
        Alias("haproxy.org/check-http", _kic_path, "/PATH or METHOD /PATH", "/healthz"),
    ),
    directives=_lines_of_path,
    server_directives=_words_of_path,
)

HEALTH_CHECK_METHOD: Option[Method] = Option(
    name="health-check-method",
    scope=EVERYWHERE,
    parse=one_of(Method),
    accepted="GET, HEAD or OPTIONS",
    default=Method.GET,
    default_text="GET",
    sentence="The method of an HTTP check.",
    example="HEAD",
    effect=Effect.RELOAD,
)

HEALTH_CHECK_HOST: Option[str] = Option(
    name="health-check-host",
    scope=EVERYWHERE,
    parse=authority,
    accepted="a host name, with or without :port",
    default=None,
    default_text="none, as HTTP/1.0 has it",
    sentence="The Host header of an HTTP check.",
    example="shop.internal",
    effect=Effect.RELOAD,
)

HEALTH_CHECK_EXPECT: Option[str] = Option(
    name="health-check-expect",
    scope=EVERYWHERE,
    parse=_statuses,
    accepted="statuses and ranges of them with commas, as in 200-299,401",
    default="200-399",
    default_text="200-399",
    sentence="The statuses with which a pod says that it is well.",
    example="200-299,401",
    effect=Effect.RELOAD,
)

HEALTH_CHECK_INTERVAL: Option[int] = Option(
    name="health-check-interval",
    scope=EVERYWHERE,
    parse=duration(100, LONGEST_INTERVAL),
    accepted="a time from 100ms to 1h, as in 500ms, 30s or 5m",
    default=None,
    default_text="2s",
    sentence="The pause between two checks of a pod.",
    example="10s",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("health-check-interval"),
        *of_haproxy_ingress("backend-check-interval"),
        "haproxy.org/check-interval",
    ),
    server_directives=_word("inter", "ms"),
)

HEALTH_CHECK_TIMEOUT: Option[int] = Option(
    name="health-check-timeout",
    scope=EVERYWHERE,
    parse=duration(10, LONGEST_INTERVAL),
    accepted="a time from 10ms to 1h, as in 500ms, 30s or 5m",
    default=None,
    default_text="what health-check-interval says",
    sentence=(
        "A pod that has taken the connection of a check has so long to answer; HAProxy 2.6 and 3.0 may wait as long as timeout-connect says."
    ),
    example="1s",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/timeout-check",),
    directives=_timeout_line,
)

HEALTH_CHECK_RISE: Option[int] = Option(
    name="health-check-rise-count",
    scope=EVERYWHERE,
    parse=integer(1, MOST_CHECKS),
    accepted="a whole number from 1 to 100",
    default=None,
    default_text="2",
    sentence="A pod that failed is well after so many checks.",
    example="3",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("health-check-rise-count"),
    server_directives=_word("rise"),
)

HEALTH_CHECK_FALL: Option[int] = Option(
    name="health-check-fall-count",
    scope=EVERYWHERE,
    parse=integer(1, MOST_CHECKS),
    accepted="a whole number from 1 to 100",
    default=None,
    default_text="3",
    sentence="A pod gets no requests after so many failed checks.",
    example="5",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("health-check-fall-count"),
    server_directives=_word("fall"),
)

HEALTH_CHECK_PORT: Option[int] = Option(
    name="health-check-port",
    scope=EVERYWHERE,
    parse=integer(1, 65_535),
    accepted="a whole number from 1 to 65535",
    default=None,
    default_text="the port of requests",
    sentence="The port of the pod that is checked.",
    example="8081",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("health-check-port"),
    server_directives=_word("port"),
)
