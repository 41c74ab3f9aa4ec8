"""Each line of docs/haproxy-facts.md that is about what many backends cost HAProxy."""

from __future__ import annotations

import time

import pytest

from integration.haproxies import RunningHAProxy

FEW, MANY = 100, 10_000
QUESTIONS = 50
TRIES = 7


def backends(number: int) -> str:
    return "".join(f"backend b{n}\n  server-template s 1-1 127.0.0.1:1 disabled\n" for n in range(number))


def seconds(running: RunningHAProxy, question: str) -> float:
    """The shortest time that so many questions on one line take."""
    line = ";".join([question] * QUESTIONS)
    spent = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        running.say(line)
        spent.append(time.perf_counter() - begin)
    return min(spent)


@pytest.mark.fact("sessions-cost-all-backends")
def test_only_the_question_about_sessions_costs_more_with_more_backends(start):
    few, many = start(backends(FEW)), start(backends(MANY))

    sessions = [seconds(running, "show stat b99 4 -1") for running in (few, many)]
    slots = [seconds(running, "show servers state b99") for running in (few, many)]

    assert sessions[1] > 2 * sessions[0]
    assert slots[1] < 2 * slots[0]
