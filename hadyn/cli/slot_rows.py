"""Rows of tables for slots: a row for each backend, or for each slot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from hadyn.cli.output import age

HEADER = ("BACKEND", "SERVICE", "SLOTS", "READY", "DRAINING", "MAINT", "FREE", "SESSIONS")
SLOT_HEADER = ("BACKEND", "SLOT", "STATE", "ADDRESS", "ENDPOINT", "WEIGHT", "SESSIONS", "FOR")
NOTHING = "-"

Document = Mapping[str, Any]


def backend_rows(documents: Iterable[Document]) -> list[tuple[str, ...]]:
    """One row for each backend."""
    counts = ("slots", "ready", "draining", "maint", "free", "sessions")
    return [
        (_named(document), document["service"] or NOTHING, *(str(document[count]) for count in counts))
        for document in documents
    ]


def slot_rows(documents: Iterable[Document], now: datetime) -> list[tuple[str, ...]]:
    """One row for each slot, and one for each run of free slots."""
    return [row for document in documents for row in _rows_of(document, now)]


def _named(document: Document) -> str:
    """``shop_web_80``, or ``shop_web_80 (_spare_1)`` where it runs in a spare backend."""
    name, place = str(document["backend"]), document.get("runs_in")
    return f"{name} ({place})" if place else name


def _rows_of(document: Document, now: datetime) -> Iterator[tuple[str, ...]]:
    name = _named(document)
    for is_free, run in groupby(document["entries"], key=lambda entry: entry["state"] == "free"):
        entries = list(run)
        if is_free:
            yield (name, _span(entries), "free", *[NOTHING] * 5)
            continue
        for entry in entries:
            yield (name, *_cells(entry, now))


def _cells(entry: Document, now: datetime) -> tuple[str, ...]:
    is_down = entry["state"] == "ready" and not entry.get("up", True)
    return (
        entry["slot"],
        "down" if is_down else entry["state"],
        entry["address"] or entry["fqdn"] or NOTHING,
        entry["endpoint"] or (entry["address"] and entry["fqdn"]) or NOTHING,
        str(entry["weight"]),
        str(entry["sessions"]),
        age(entry["since"], now),
    )


def _span(entries: list[Document]) -> str:
    first, last = entries[0]["slot"], entries[-1]["slot"]
    return str(first) if first == last else f"{first}-{last}"
