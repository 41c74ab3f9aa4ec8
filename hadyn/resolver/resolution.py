"""What to make of each answer to a question: which records count now, when to ask again.

Rules:

1. Only an answer with records changes which records count. NXDOMAIN, an empty answer,
   silence, a refusal or a failure leave them for their hold time, counted from the first
   such answer since one with records; a hold time of None is for ever.
2. When a hold time is over, a quarter of the records go with each further answer of the
   kind: a backend is never emptied in one step.
3. Asked again when the TTL is over, between the floor and ``hold valid``; after a failure
   soon, then in growing pauses. A question costs no more than one query a second, two where
   the first may be lost: a lookup that took three keeps still for three seconds.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType, Remark, ResolvedName, ResolvedRecord
from hadyn.resolver.records import MOST_RECORDS, Extent, Record, Records, accumulated, let_go, weights

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
LONGEST_NX_PAUSE_SECONDS = 5.0
"""While records are held that the server says are not there; later its negative TTL counts."""
INDEPENDENT = 0.85
"""An answer this part of a TTL later than the one before did not come from the same cache."""
NO_SERVER = "cannot be asked: there is no DNS server"
NX_TTL_SECONDS = 30
"""For a negative answer that names no TTL."""


class Outcome(StrEnum):
    """What a lookup came to; but for VALID, named as HAProxy names its hold times."""

    VALID = "valid"
    NX = "nx"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    OTHER = "other"


class Holds(Struct, frozen=True):
    """For how many seconds what is known stays; None is for ever. ``valid`` is the ceiling of TTLs, ``floor`` the floor."""

    valid: float = 60.0
    obsolete: float = 30.0
    nx: float | None = 30.0
    timeout: float | None = None
    refused: float | None = None
    other: float | None = None
    floor: float = 1.0

    def of(self, outcome: Outcome) -> float | None:
        return {
            Outcome.NX: self.nx,
            Outcome.TIMEOUT: self.timeout,
            Outcome.REFUSED: self.refused,
        }.get(outcome, self.other)

    def clamped(self, ttl: float) -> float:
        """Return a TTL (seconds) between floor and ceiling."""
        return max(self.floor, min(ttl, self.valid))


class Finding(Struct, frozen=True):
    """What a lookup came to.

    ``records`` are those that may be used; ``ttl`` is that of the answer, None where it
    names none. ``is_whole`` says that it held all the server had to say. ``said`` tells
    what went wrong, ``remarks`` what is wrong with single records. ``queries`` is how often
    one name was asked for it at most.
    """

    outcome: Outcome
    records: tuple[Record, ...] = ()
    ttl: int | None = None
    is_whole: bool = True
    said: str = ""
    remarks: tuple[Remark, ...] = ()
    queries: int = 1


class Resolution(Struct, frozen=True, gc=False):
    """What is known of one question.

    ``records`` is None while nothing is. ``valid_at`` is when an answer with records came
    last; ``began`` is when, since then, the first answer of each other outcome came, ``failures``
    how many came, ``unconfirmed_since`` when the first did that left something in doubt.
    ``pause`` is for how long not to ask again. All times are seconds of one clock.
    """

    records: Records | None = None
    outcome: Outcome = Outcome.VALID
    said: str = ""
    remarks: tuple[Remark, ...] = ()
    ttl: float = 0.0
    answered_at: float | None = None
    valid_at: float | None = None
    began: tuple[tuple[Outcome, float], ...] = ()
    unconfirmed_since: float | None = None
    failures: int = 0
    pause: float = 0.0

    @property
    def has_records(self) -> bool:
        return self.records is not None and bool(self.records.known)

    @property
    def failing_since(self) -> float | None:
        """When the first answer without records came since the last one with."""
        return min((at for _, at in self.began), default=None)

    def stale_seconds(self, now: float) -> float:
        """For how long records are held that no answer confirms, or nobody answers at all; else 0."""
        return 0.0 if self.unconfirmed_since is None else now - self.unconfirmed_since


def judged(resolution: Resolution, finding: Finding, now: float, holds: Holds) -> Resolution:
    """Return what is known after one more lookup, that ended ``now``."""
    if finding.outcome is Outcome.VALID:
        return _valid(resolution, finding, now, holds)
    return _failed(resolution, finding, now, holds)


def resolved_name(question: DnsQuestion, resolution: Resolution) -> ResolvedName:
    """Return what a backend has to know; the same value while nothing changed for it."""
    records = resolution.records
    if records is None:
        return ResolvedName(question, None, _remarks(question, resolution))
    serving, draining = records.serving, records.draining
    counting = [
        ResolvedRecord(known.record.ip, known.record.port, weight, name=known.record.name)
        for known, weight in zip(serving, weights(serving), strict=True)
    ]
    counting += [
        ResolvedRecord(known.record.ip, known.record.port, draining=True, name=known.record.name) for known in draining
    ]
    standby = (ResolvedRecord(known.record.ip, known.record.port, name=known.record.name) for known in records.standby)
    return ResolvedName(question, tuple(sorted(counting)), _remarks(question, resolution), tuple(sorted(standby)))


def _valid(resolution: Resolution, finding: Finding, now: float, holds: Holds) -> Resolution:
    ttl = holds.clamped(finding.ttl or 0)
    before = resolution.answered_at
    is_independent = before is None or now - before >= INDEPENDENT * resolution.ttl
    records = accumulated(
        resolution.records or Records(),
        finding.records,
        now,
        hold_obsolete=holds.obsolete,
        extent=_extent(finding, is_independent=is_independent),
    )
    return Resolution(
        records=records,
        said=finding.said,
        remarks=finding.remarks,
        ttl=ttl,
        answered_at=now if is_independent else before,
        valid_at=now,
        pause=max(ttl, float(finding.queries)),
    )


def _failed(resolution: Resolution, finding: Finding, now: float, holds: Holds) -> Resolution:
    records = resolution.records
    if finding.records:
        records = accumulated(records or Records(), finding.records, now, hold_obsolete=0.0, extent=Extent.CUT)
    began = {finding.outcome: now} | dict(resolution.began)
    failing_seconds = now - began[finding.outcome]
    hold = holds.of(finding.outcome)
    if hold is not None and failing_seconds >= hold:
        records = let_go(records or Records())
    failures = resolution.failures + 1
    # That a name without records is not there confirms what is known.
    is_in_doubt = finding.outcome is not Outcome.NX or (records is not None and bool(records.known))
    since = now if resolution.unconfirmed_since is None else resolution.unconfirmed_since
    return Resolution(
        records=records,
        outcome=finding.outcome,
        said=finding.said,
        remarks=finding.remarks,
        ttl=resolution.ttl,
        answered_at=resolution.answered_at,
        valid_at=resolution.valid_at,
        began=tuple(began.items()),
        unconfirmed_since=since if is_in_doubt else None,
        failures=failures,
        pause=max(_pause(finding, records, failing_seconds, failures, holds), float(finding.queries)),
    )


def _extent(finding: Finding, *, is_independent: bool) -> Extent:
    if not finding.is_whole:
        return Extent.CUT
    return Extent.WHOLE if is_independent else Extent.REPEATED


def _pause(finding: Finding, records: Records | None, failing_seconds: float, failures: int, holds: Holds) -> float:
    hold = holds.of(finding.outcome)
    is_over = hold is not None and failing_seconds >= hold
    has_records = records is not None and bool(records.known)
    if is_over and has_records:
        return holds.floor
    growing = FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10)
    if finding.outcome is not Outcome.NX:
        return max(holds.floor, min(LONGEST_PAUSE_SECONDS, growing))
    if has_records:
        return max(holds.floor, min(LONGEST_NX_PAUSE_SECONDS, growing))
    ttl = holds.clamped(NX_TTL_SECONDS if finding.ttl is None else finding.ttl)
    return ttl if records is not None or hold is None else min(ttl, max(holds.floor, hold - failing_seconds))


def _remarks(question: DnsQuestion, resolution: Resolution) -> tuple[Remark, ...]:
    remarks = list(resolution.remarks)
    if resolution.said:
        remedy = "Correct the name, or DNS" if resolution.outcome is Outcome.NX else "See to the DNS server"
        if resolution.outcome is Outcome.NX and question.type is not RecordType.SRV and question.name.startswith("_"):
            remedy = "Say type: SRV to ask for a service, or correct the name"
        if resolution.said == NO_SERVER:
            remedy = "Say --dns-server, or name one in /etc/resolv.conf"
        meanwhile = "what is known serves" if resolution.has_records else "the backend has no endpoints"
        remarks.append(
            Remark(Reason.NOT_RESOLVED, f"{question} {resolution.said}", f"{remedy}; until then {meanwhile}")
        )
    if resolution.records is not None and resolution.records.left_out:
        said = f"{question} has {resolution.records.left_out:,} records more than hadyn takes of one name"
        remarks.append(Remark(Reason.TOO_MANY, said, f"Use several names; the first {MOST_RECORDS:,} are used"))
    return tuple(remarks)
