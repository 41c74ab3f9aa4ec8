"""A Secret that comes back within a minute was not gone."""

from __future__ import annotations

from hadyn.controller.absences import GRACE_SECONDS, Absences


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_is_away_may_be_so_for_a_minute():
    clock = Clock()
    absences = Absences(clock)
    assert not absences.is_long("shop_tls")
    clock.now += GRACE_SECONDS - 1
    assert not absences.is_long("shop_tls")
    clock.now += 1
    assert absences.is_long("shop_tls")
    assert not absences.is_long("shop_other")


def test_what_came_back_has_the_whole_minute_again():
    clock = Clock()
    absences = Absences(clock)
    absences.is_long("shop_tls")
    clock.now += GRACE_SECONDS - 1
    absences.end("shop_tls")
    absences.is_long("shop_tls")
    clock.now += 1
    assert not absences.is_long("shop_tls")
