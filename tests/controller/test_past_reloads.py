"""What is remembered of reloads."""

from __future__ import annotations

from datetime import UTC, datetime

from hadyn.controller.past_reloads import KEPT, PastReloads
from hadyn.observe.metrics import Metrics
from hadyn.observe.status import PastReload
from hadyn.planner.reasons import Reload, ReloadReason

AT = datetime(2026, 11, 25, tzinfo=UTC)
NEW = (Reload(ReloadReason.NEW_BACKEND, "shop_web_80"), Reload(ReloadReason.NEW_BACKEND, "shop_api_80"))


def past() -> PastReloads:
    seconds = iter(range(1000))
    return PastReloads(Metrics(), lambda: float(next(seconds)), lambda: AT)


def test_a_reload_counts_once_for_each_of_its_reasons():
    reloads = past()
    reloads.begin()
    reloads.end(NEW)
    assert (reloads.total, reloads.by_reason) == (1, {"NEW_BACKEND": 1})
    assert reloads.last == (PastReload(AT, ("NEW_BACKEND",), 1.0, "done"),)


def test_a_reload_that_failed_is_shown_and_not_counted():
    reloads = past()
    reloads.begin()
    reloads.end(NEW, "HAProxy did not reload")
    assert (reloads.total, reloads.by_reason) == (0, {})
    assert [reload.result for reload in reloads.last] == ["HAProxy did not reload"]


def test_only_the_last_few_reloads_are_shown():
    reloads = past()
    for number in range(KEPT + 1):
        reloads.begin()
        reloads.end((), f"failure {number}")
    assert [reload.result for reload in reloads.last][:: KEPT - 1] == ["failure 1", f"failure {KEPT}"]
