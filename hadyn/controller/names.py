"""What the resolver knows of names, joined with the slots their records sit in, as documents.

Rules: whoever asks waits, not the resolver's thread. A name that no backend uses is asked
once, for whoever wants to see it.
"""

from __future__ import annotations

import queue
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from hadyn.errors import TemporaryError, WrongUsage
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.problems import shown
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.planner.observed import ObservedBackend
from hadyn.resolver.report import QuestionReport, RecordReport
from hadyn.resolver.resolver import Resolver

ANSWER_SECONDS = 9.0
"""Three silent servers, each with its timeout, and search domains on top."""
MOST_NAMES = 100

Document = dict[str, object]


class Use(NamedTuple):
    """A backend that is filled from a question; ``port`` is that of records without one."""

    backend: str
    port: int


class NoAnswerInTime(TemporaryError):
    """The resolver is still at it."""

    def __init__(self, question: DnsQuestion) -> None:
        super().__init__(
            f"{question} was not answered within {ANSWER_SECONDS:g} s",
            remedy="Many names may be asked for at this moment; ask again",
        )


def questions_of(name: str, record_type: str | None, address_types: Sequence[RecordType]) -> list[DnsQuestion]:
    """Return what to ask for a name; raises WrongUsage for what is no name or type.

    Without a type a name such as ``_http._tcp.web.example`` is asked for as a service, any
    other for its addresses, ``address_types``.
    """
    try:
        checked = checked_dns_name(name)
    except ValueError as cause:
        raise WrongUsage(f"{shown(name)} {cause}", remedy="Say it as in web.shop.svc.cluster.local") from cause
    if record_type is None:
        types = [RecordType.SRV] if checked.startswith("_") else [*address_types]
    elif record_type.upper() in list(RecordType):
        types = [RecordType(record_type.upper())]
    else:
        known = ", ".join(RecordType)
        raise WrongUsage(f"{shown(record_type)} is not a type that hadyn asks for", remedy=f"Say one of {known}")
    return [DnsQuestion(checked, each) for each in types]


def reports(resolver: Resolver, questions: Sequence[DnsQuestion]) -> list[QuestionReport]:
    """Ask the resolver's thread what it knows, and wait for it; raises NoAnswerInTime."""
    if len(questions) > 2 * MOST_NAMES:
        raise WrongUsage(f"{len(questions)} questions are too many", remedy=f"Ask for {MOST_NAMES} names at a time")
    answers: list[queue.SimpleQueue[QuestionReport]] = []
    for question in questions:
        answers.append(queue.SimpleQueue())
        resolver.ask(question, answers[-1].put)
    found: list[QuestionReport] = []
    for question, answer in zip(questions, answers, strict=True):
        try:
            found.append(answer.get(timeout=ANSWER_SECONDS))
        except queue.Empty:
            raise NoAnswerInTime(question) from None
    return found


def name_document(report: QuestionReport, uses: Collection[Use], observed: Mapping[str, ObservedBackend]) -> Document:
    """Tell what is known of a question and which slot has which record."""
    return {
        "name": report.question.name,
        "type": str(report.question.type),
        "outcome": str(report.outcome),
        "said": report.said,
        "ttl_seconds": round(report.ttl_seconds, 3),
        "stale_seconds": round(report.stale_seconds, 3),
        "asked_in_seconds": round(report.asked_in, 3),
        "is_partial": report.is_partial,
        "backends": sorted({use.backend for use in uses}),
        "records": None if report.records is None else [_record(each, uses, observed) for each in report.records],
        "remarks": list(report.remarks),
    }


def _record(record: RecordReport, uses: Collection[Use], observed: Mapping[str, ObservedBackend]) -> Document:
    return {
        "address": record.ip,
        "port": record.port or None,
        "priority": record.priority,
        "weight": record.weight,
        "host": record.name,
        "state": record.state,
        "unseen_seconds": round(record.unseen_seconds, 3),
        "slots": [f"{use.backend}/{name}" for use in uses for name in _slots_with(record, use, observed)],
    }


def _slots_with(record: RecordReport, use: Use, observed: Mapping[str, ObservedBackend]) -> list[str]:
    backend = observed.get(use.backend)
    wanted = record.ip, record.port or use.port
    return [
        slot.name
        for slot in (backend.slots if backend else ())
        if slot.address is not None and (slot.address.ip, slot.address.port) == wanted
    ]
