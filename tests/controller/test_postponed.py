"""What waits for certificates that somebody else holds."""

from __future__ import annotations

from hadyn.controller.postponed import FOR_GOOD_SECONDS, RETRY_SECONDS, Postponed
from hadyn.model.touched import Touched

WEB = Touched(tls_hosts=frozenset({"web.example"}))
API = Touched(tls_hosts=frozenset({"api.example"}))


def test_what_has_to_wait_is_tried_again_once_its_time_has_come():
    postponed = Postponed()
    assert not postponed.put(WEB, 10.0)
    assert not postponed.put(API, 10.1)
    assert postponed.next_at == 10.1 + RETRY_SECONDS
    assert postponed.due(10.2) == Touched()
    assert postponed.due(10.1 + RETRY_SECONDS) == WEB | API
    assert (postponed.due(20.0), postponed.next_at) == (Touched(), None)


def test_what_waits_for_too_long_is_left_to_a_reload_at_once():
    postponed = Postponed()
    postponed.put(WEB, 10.0)
    postponed.due(11.0)
    assert postponed.put(WEB, 10.0 + FOR_GOOD_SECONDS)
    assert postponed.due(10.0 + FOR_GOOD_SECONDS) == WEB


def test_a_try_that_came_off_ends_the_count_of_the_wait():
    postponed = Postponed()
    postponed.put(WEB, 10.0)
    postponed.due(11.0)
    postponed.put(Touched(), 11.0)
    assert not postponed.put(WEB, 10.0 + FOR_GOOD_SECONDS)
