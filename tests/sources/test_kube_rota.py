"""Turns are given when they are due, and no more of them than there shall be."""

from __future__ import annotations

import math
import queue

import pytest

from hadyn.sources.kube_rota import Rota

WAIT_SECONDS = 10.0
NEVER = 1e9


class Member:
    """Says when it has a turn; its turns end with what ``pauses`` says, None for the last."""

    def __init__(self, *pauses: float | None) -> None:
        self.turns = 0
        self._pauses = iter(pauses)
        self._said: queue.SimpleQueue[int] = queue.SimpleQueue()

    def turn(self) -> float | None:
        self.turns += 1
        self._said.put(self.turns)
        return next(self._pauses)

    def wait_for_turn(self) -> int:
        return self._said.get(timeout=WAIT_SECONDS)


class Given:
    """A clock that stands still until a test moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Given()


def test_everybody_has_a_first_turn_at_once(clock):
    rota = Rota(threads=1, rate=0.001, clock=clock)
    members = [Member(NEVER) for _ in range(20)]
    for member in members:
        rota.add(member)
    assert [member.wait_for_turn() for member in members] == [1] * 20
    rota.stop()


def test_whoever_is_due_comes_again(clock):
    rota = Rota(threads=2, rate=math.inf, clock=clock)
    member = Member(0.0, 0.0, NEVER)
    clock.now = 1.0
    rota.add(member)
    clock.now = 2.0
    assert [member.wait_for_turn() for _ in range(3)] == [1, 2, 3]
    rota.stop()


def test_nobody_comes_more_often_than_the_rate_allows(clock):
    rota = Rota(threads=1, rate=1.0, clock=clock)
    eager, other = Member(0.0, 0.0), Member(NEVER)
    rota.add(eager)
    eager.wait_for_turn()
    rota.add(other)
    other.wait_for_turn()
    assert eager.turns == 1

    clock.now = 2.0
    rota.add(Member(NEVER))
    assert eager.wait_for_turn() == 2
    rota.stop()


def test_whoever_has_ended_has_no_turn_any_more(clock):
    rota = Rota(threads=1, rate=math.inf, clock=clock)
    ended, other = Member(None), Member(NEVER)
    rota.add(ended)
    ended.wait_for_turn()
    clock.now = 5.0
    rota.add(other)
    other.wait_for_turn()
    assert ended.turns == 1
    rota.stop()


def test_nobody_has_a_turn_behind_the_end(clock):
    rota = Rota(clock=clock)
    first, late = Member(NEVER), Member(NEVER)
    rota.add(first)
    first.wait_for_turn()
    rota.stop()
    rota.add(late)
    rota.join(WAIT_SECONDS)
    assert late.turns == 0


def test_the_end_of_a_rota_that_nobody_is_on_is_at_once(clock):
    rota = Rota(clock=clock)
    rota.stop()
    rota.join(WAIT_SECONDS)
