"""Options: a pod's own agent says how much it takes.

Rule: an agent is asked at the pod's own address and at no other, or whoever writes annotations could
have HAProxy look for open ports wherever it reaches.
"""

from __future__ import annotations

import re

from hadyn.model.directives import Directive, Line
from hadyn.model.options.checks import LONGEST_INTERVAL
from hadyn.model.options.option import EVERYWHERE, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import duration, integer, matching

_QUESTION = re.compile(r"[ -~]{1,200}\n?")


def _spelled(question: str) -> str:
    """A line where a line end is behind it, which is an argument's last character."""
    return Line(question[:-1]) if question.endswith("\n") else question


_question = matching(_QUESTION)
"""Printable ASCII, and a line end behind it where there is one."""


def _agent_words(port: int, chosen: Chosen) -> tuple[Directive, ...]:
    interval = chosen.value(AGENT_CHECK_INTERVAL)
    question = chosen.value(AGENT_CHECK_SEND)
    sent = (Directive("agent-send", _spelled(question)),) if question else ()
    return (
        Directive("agent-check"),
        Directive("agent-port", str(port)),
        Directive("agent-inter", f"{interval}ms"),
        *sent,
    )


AGENT_CHECK_PORT: Option[int] = Option(
    name="agent-check-port",
    scope=EVERYWHERE,
    parse=integer(1, 65_535),
    accepted="a whole number from 1 to 65535",
    default=None,
    default_text="no agent",
    sentence=(
        "On this port of each pod HAProxy asks an agent, which says its weight in percent of initial-weight, or up or down. Who drains is "
        "Kubernetes' word, and beside a canary or blue-green-balance a weight of the agent's holds until the next change of pods."
    ),
    example="9777",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("agent-check-port"),
    server_directives=_agent_words,
)

AGENT_CHECK_INTERVAL: Option[int] = Option(
    name="agent-check-interval",
    scope=EVERYWHERE,
    parse=duration(100, LONGEST_INTERVAL),
    accepted="a time from 100ms to 1h, as in 500ms, 30s or 5m",
    default=2000,
    default_text="2s",
    sentence="The pause between two questions to the agent of a pod.",
    example="10s",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("agent-check-interval"),
)

AGENT_CHECK_SEND: Option[str] = Option(
    name="agent-check-send",
    scope=EVERYWHERE,
    parse=_question,
    accepted="up to 200 printable ASCII characters, and a line end behind them where the agent waits for one",
    default=None,
    default_text="nothing",
    sentence="What HAProxy says to the agent of a pod before it listens.",
    example="weight",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("agent-check-send"),
)
