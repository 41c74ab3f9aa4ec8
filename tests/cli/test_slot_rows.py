"""Rows of tables for slots."""

from __future__ import annotations

from datetime import UTC, datetime

from hadyn.cli.slot_rows import slot_rows

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def entry(slot, state, address=None, fqdn=None, endpoint=None):
    return {
        "slot": slot,
        "state": state,
        "address": address,
        "fqdn": fqdn,
        "endpoint": endpoint,
        "weight": 1,
        "sessions": 0,
        "since": "2026-11-22T09:59:00Z",
    }


def test_a_slot_that_haproxy_fills_shows_the_name_it_came_from():
    entries = [entry("s1", "ready", "10.0.0.1:80", "api.example"), entry("s2", "maint", fqdn="api.example")]
    rows = slot_rows([{"backend": "shop_api", "entries": entries}], NOW)
    assert [row[3:5] for row in rows] == [("10.0.0.1:80", "api.example"), ("api.example", "-")]


def test_a_slot_that_hadyn_fills_shows_who_sits_there():
    entries = [entry("s1", "ready", "10.0.0.1:80", endpoint="web.example"), entry("s2", "free")]
    rows = slot_rows([{"backend": "shop_api", "entries": entries}], NOW)
    assert [row[3:5] for row in rows] == [("10.0.0.1:80", "web.example"), ("-", "-")]
