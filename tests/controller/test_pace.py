"""When HAProxy may be reloaded."""

from __future__ import annotations

from hadyn.controller.pace import ReloadPace
from hadyn.planner.reasons import Reload, ReloadReason

NEW_WEB = (Reload(ReloadReason.NEW_BACKEND, "web"),)
NEW_API = (Reload(ReloadReason.NEW_BACKEND, "api"),)


def test_without_a_reason_nothing_is_ever_due():
    assert ReloadPace(1.0).seconds_until_due(100.0) is None


def test_the_first_reload_is_due_at_once():
    pace = ReloadPace(1.0)
    pace.want("web", NEW_WEB)
    assert pace.seconds_until_due(100.0) == 0


def test_the_next_reload_waits_for_the_interval_and_takes_all_reasons_with_it():
    pace = ReloadPace(1.0)
    pace.want("web", NEW_WEB)
    pace.done(100.0)
    pace.want("api", NEW_API)
    pace.want("web", NEW_WEB)
    assert pace.seconds_until_due(100.25) == 0.75
    assert pace.seconds_until_due(101.0) == 0
    assert pace.pending == (*NEW_API, *NEW_WEB)


def test_a_reason_that_vanished_is_forgotten():
    pace = ReloadPace(1.0)
    pace.want("web", NEW_WEB)
    pace.want("web", ())
    assert pace.seconds_until_due(100.0) is None


def test_a_reload_that_failed_keeps_its_reasons_and_comes_later():
    pace = ReloadPace(1.0)
    pace.want("web", NEW_WEB)
    pace.put_off(100.0, 5.0)
    assert pace.pending == NEW_WEB
    assert pace.seconds_until_due(102.0) == 3.0
