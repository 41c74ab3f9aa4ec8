"""What is known of names, joined with slots."""

from __future__ import annotations

import pytest

from hadyn.controller.names import Use, name_document, questions_of
from hadyn.errors import WrongUsage
from hadyn.model.resolved import ADDRESS_TYPES, DnsQuestion, RecordType
from hadyn.resolver.records import Record
from hadyn.resolver.report import report
from hadyn.resolver.resolution import Finding, Holds, Outcome, Resolution, judged
from tests.planner.texts import slots

QUESTION = DnsQuestion("web.example", RecordType.A)
SERVICE = DnsQuestion("_http._tcp.web.example", RecordType.SRV)


def found(*findings: Finding, every: float = 10.0) -> Resolution:
    resolution = Resolution()
    for number, finding in enumerate(findings):
        resolution = judged(resolution, finding, number * every, Holds())
    return resolution


def good(*records: Record) -> Finding:
    return Finding(Outcome.VALID, records, 5)


def document(
    resolution: Resolution, *uses: Use, question: DnsQuestion = QUESTION, now: float = 2.0, **observed: object
):
    return name_document(report(question, resolution, due=now + 3, now=now), uses, observed)


@pytest.mark.parametrize(
    ("name", "record_type", "family", "questions"),
    [
        ("Web.Example", None, "both", ["web.example A", "web.example AAAA"]),
        ("web.example", None, "ipv4", ["web.example A"]),
        ("web.example", None, "ipv6", ["web.example AAAA"]),
        ("_http._tcp.web.example", None, "ipv4", ["_http._tcp.web.example SRV"]),
        ("web.example", "aaaa", "ipv4", ["web.example AAAA"]),
    ],
)
def test_a_name_is_asked_for_by_the_types_it_may_have(name, record_type, family, questions):
    assert [str(each) for each in questions_of(name, record_type, ADDRESS_TYPES[family])] == questions


@pytest.mark.parametrize(("name", "record_type"), [("a;b", None), ("", None), ("web.example", "TXT")])
def test_what_cannot_be_asked_for_is_wrong_usage(name, record_type):
    with pytest.raises(WrongUsage):
        questions_of(name, record_type, ADDRESS_TYPES["both"])


def test_each_record_tells_which_slots_use_it():
    resolution = found(good(Record("10.0.0.1"), Record("10.0.0.2")))
    web, api = slots("web", s1="free", s4="10.0.0.1:80 ready"), slots("api", s2="10.0.0.1:81 ready")
    shown = document(resolution, Use("web", 80), Use("api", 81), web=web, api=api)
    assert shown["backends"] == ["api", "web"]
    assert [(record["address"], record["slots"]) for record in shown["records"]] == [
        ("10.0.0.1", ["web/s4", "api/s2"]),
        ("10.0.0.2", []),
    ]


def test_times_are_told_in_seconds():
    shown = document(found(good(Record("10.0.0.1"))))
    assert (shown["ttl_seconds"], shown["stale_seconds"], shown["asked_in_seconds"]) == (3.0, 0.0, 3.0)


def test_records_that_no_answer_confirms_are_held():
    shown = document(found(good(Record("10.0.0.1")), Finding(Outcome.TIMEOUT, said="got no answer")), now=25.0)
    assert (shown["outcome"], shown["said"], shown["stale_seconds"]) == ("timeout", "got no answer", 15.0)
    assert [(record["state"], record["unseen_seconds"]) for record in shown["records"]] == [("held", 15.0)]


def test_records_that_left_are_held_then_drained():
    one, two = Record("10.0.0.1"), Record("10.0.0.2")
    assert [record["state"] for record in document(found(good(one, two), good(two)))["records"]] == ["held", "serving"]
    drained = document(found(good(one, two), good(two), good(two)), now=25.0)["records"]
    assert [(record["state"], record["unseen_seconds"]) for record in drained] == [("draining", 15.0), ("serving", 0.0)]


def test_records_of_a_worse_priority_stand_by():
    near, far = Record("10.0.0.1", 80, 1, 10, "near"), Record("10.0.0.2", 80, 2, 10, "far")
    shown = document(found(good(near, far)), question=SERVICE)["records"]
    assert [(record["host"], record["port"], record["state"], record["weight"]) for record in shown] == [
        ("near", 80, "serving", 1),
        ("far", 80, "standby", 0),
    ]


def test_before_any_answer_there_are_no_records_to_tell():
    assert document(Resolution())["records"] is None
