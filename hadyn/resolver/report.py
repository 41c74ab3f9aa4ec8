"""What the resolver knows of a question, for people."""

from __future__ import annotations

from msgspec import Struct

from hadyn.model.resolved import DnsQuestion
from hadyn.resolver.records import weights
from hadyn.resolver.resolution import Outcome, Resolution

SERVING, DRAINING, STANDBY, HELD = "serving", "draining", "standby", "held"


class RecordReport(Struct, frozen=True, gc=False):
    """One record: ``state`` is serving, held (no answer confirms it now), draining or standby (a worse priority)."""

    ip: str
    port: int
    priority: int
    weight: int
    name: str
    state: str
    unseen_seconds: float


class QuestionReport(Struct, frozen=True, gc=False):
    """One question. ``outcome`` is what the last lookup came to, ``said`` what was wrong with it.

    ``ttl_seconds`` is what is left of the answer's TTL; ``asked_in`` when it is asked next.
    ``records`` is None while nothing is known.
    """

    question: DnsQuestion
    outcome: Outcome
    said: str
    records: tuple[RecordReport, ...] | None
    ttl_seconds: float
    stale_seconds: float
    asked_in: float
    is_partial: bool
    remarks: tuple[str, ...]


def report(question: DnsQuestion, resolution: Resolution, *, due: float, now: float) -> QuestionReport:
    """Tell what is known ``now``; ``due`` is when the question is asked next."""
    valid_at = resolution.valid_at
    return QuestionReport(
        question=question,
        outcome=resolution.outcome,
        said=resolution.said,
        records=_records(resolution, now),
        ttl_seconds=max(0.0, valid_at + resolution.ttl - now) if valid_at is not None else 0.0,
        stale_seconds=resolution.stale_seconds(now),
        asked_in=max(0.0, due - now),
        is_partial=resolution.records is not None and resolution.records.is_partial,
        remarks=tuple(remark.said for remark in resolution.remarks),
    )


def _records(resolution: Resolution, now: float) -> tuple[RecordReport, ...] | None:
    records = resolution.records
    if records is None:
        return None
    serving = {known.key: weight for known, weight in zip(records.serving, weights(records.serving), strict=True)}
    draining = {known.key for known in records.draining}
    reports = []
    for known in records.known:
        is_unseen = known.gone_at is not None or resolution.failing_since is not None
        state = DRAINING if known.key in draining else HELD if is_unseen else SERVING
        record = known.record
        reports.append(
            RecordReport(
                record.ip,
                record.port,
                record.priority,
                serving.get(known.key, 0),
                record.name,
                state if known.key in draining or known.key in serving else STANDBY,
                now - known.gone_at if known.gone_at is not None else resolution.stale_seconds(now),
            )
        )
    return tuple(reports)
