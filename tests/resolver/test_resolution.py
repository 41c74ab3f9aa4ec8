"""What to make of answers and of silence: hold times, pauses, what a backend gets to know."""

from __future__ import annotations

import pytest

from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.resolver.records import Record
from hadyn.resolver.resolution import NO_SERVER, Finding, Holds, Outcome, Resolution, judged, resolved_name

QUESTION = DnsQuestion("web.example", RecordType.A)
PODS = tuple(Record(f"10.1.0.{number}") for number in range(1, 6))
NEVER = [Outcome.TIMEOUT, Outcome.REFUSED, Outcome.OTHER]


def good(*records: Record, ttl: int = 5, **more: object) -> Finding:
    return Finding(Outcome.VALID, records or PODS, ttl, **more)


def bad(outcome: Outcome = Outcome.TIMEOUT, ttl: int | None = None) -> Finding:
    return Finding(outcome, ttl=ttl, said="went wrong")


def story(*findings: Finding, every: float = 1.0, holds: Holds | None = None) -> Resolution:
    resolution = Resolution()
    for number, finding in enumerate(findings):
        resolution = judged(resolution, finding, number * every, holds or Holds())
    return resolution


def told(resolution: Resolution) -> list[str] | None:
    records = resolved_name(QUESTION, resolution).records
    return None if records is None else [record.ip for record in records]


def test_before_any_answer_nothing_is_known():
    assert told(Resolution()) is None


@pytest.mark.parametrize("outcome", NEVER)
def test_without_a_usable_answer_the_last_good_one_counts_for_ever(outcome):
    resolution = story(good(), *[bad(outcome)] * 1000, every=60.0)
    assert len(told(resolution)) == 5
    assert resolution.stale_seconds(60_000.0) == 59_940.0


@pytest.mark.parametrize("outcome", NEVER)
def test_a_question_never_answered_stays_unknown_and_is_a_problem(outcome):
    resolution = story(*[bad(outcome)] * 100)
    remark = resolved_name(QUESTION, resolution).remarks[0]
    assert told(resolution) is None
    assert (remark.reason, remark.said) == (Reason.NOT_RESOLVED, "web.example A went wrong")


def test_a_name_that_is_not_there_any_more_is_held_then_let_go_step_by_step():
    missing = [bad(Outcome.NX)]
    assert len(told(story(good(), *missing * 30))) == 5
    sizes = [len(told(story(good(), *missing * count))) for count in range(31, 36)]
    assert sizes == [3, 2, 1, 0, 0]


def test_while_records_are_let_go_the_name_is_asked_as_often_as_it_may_be():
    missing, holds = [bad(Outcome.NX)], Holds(floor=2.0)
    assert story(good(), *missing * 30, holds=holds).pause == 5.0
    assert story(good(), *missing * 31, holds=holds).pause == 2.0


def test_the_hold_time_counts_from_the_first_bad_answer_in_a_row():
    late = story(good(), bad(Outcome.NX), every=3600.0)
    interrupted = story(good(), *[bad(Outcome.NX)] * 29, good(), *[bad(Outcome.NX)] * 29)
    assert len(told(late)) == len(told(interrupted)) == 5


def test_a_name_that_was_never_there_is_known_to_be_empty_after_the_hold_time():
    assert told(story(*[bad(Outcome.NX)] * 30)) is None
    assert told(story(*[bad(Outcome.NX)] * 32)) == []


def test_an_answer_after_trouble_ends_it():
    resolution = story(good(), *[bad()] * 5, good())
    assert (resolution.stale_seconds(100.0), resolved_name(QUESTION, resolution).remarks) == (0.0, ())


def test_a_server_that_comes_back_without_the_name_is_given_the_whole_hold_time():
    dead = story(good(), *[bad()] * 600)
    back = judged(dead, bad(Outcome.NX), 600.0, Holds())
    assert len(told(judged(back, bad(Outcome.NX), 629.0, Holds()))) == 5
    assert len(told(judged(back, bad(Outcome.NX), 630.0, Holds()))) == 3


def test_a_family_without_records_is_in_doubt_from_the_first_failure_on_and_no_sooner():
    without = story(*[bad(Outcome.NX)] * 3600)
    assert without.stale_seconds(3600.0) == 0.0
    failing = judged(without, bad(Outcome.OTHER), 3600.0, Holds())
    assert failing.stale_seconds(3602.0) == 2.0
    assert judged(failing, bad(Outcome.NX), 3603.0, Holds()).stale_seconds(3604.0) == 0.0


def test_hold_times_of_trouble_may_end_too():
    holds = Holds(timeout=10.0)
    assert len(told(story(good(), *[bad()] * 10, holds=holds))) == 5
    assert told(story(good(), *[bad()] * 20, holds=holds)) == []


def test_a_name_that_was_never_there_is_asked_again_when_its_hold_time_is_over():
    """Only then it is known that the backend is empty."""
    first, late = story(bad(Outcome.NX, ttl=60)), story(*3 * [bad(Outcome.NX, ttl=60)], every=14.5)
    assert (first.pause, late.pause) == (30.0, 1.0)


def test_a_name_is_failing_since_the_first_answer_of_any_kind():
    assert story(good(), bad(), bad(Outcome.REFUSED), bad(Outcome.NX), every=5).failing_since == 5


@pytest.mark.parametrize(("ttl", "pause"), [(0, 1.0), (1, 1.0), (5, 5.0), (60, 60.0), (3600, 60.0), (2**31 - 1, 60.0)])
def test_a_ttl_is_kept_between_floor_and_ceiling(ttl, pause):
    assert story(good(ttl=ttl)).pause == pause


def test_floor_and_ceiling_can_be_set():
    holds = Holds(floor=5.0, valid=10.0)
    assert [story(good(ttl=ttl), holds=holds).pause for ttl in (0, 7, 60)] == [5.0, 7.0, 10.0]


@pytest.mark.parametrize("finding", [good(ttl=0, queries=6), bad().__class__(Outcome.TIMEOUT, said="x", queries=6)])
def test_a_lookup_of_many_queries_is_followed_by_as_many_seconds_of_rest(finding):
    assert story(finding).pause == 6.0


def test_pauses_grow_while_nobody_answers():
    pauses = [story(good(), *[bad()] * count).pause for count in range(1, 7)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_name_that_is_held_is_asked_more_often_than_its_negative_ttl_says():
    assert story(good(), *[bad(Outcome.NX, ttl=300)] * 5).pause == 5.0
    assert story(*[bad(Outcome.NX, ttl=300)] * 40).pause == 60.0


def test_only_the_order_of_an_answer_tells_a_backend_nothing():
    assert resolved_name(QUESTION, story(good(*PODS))) == resolved_name(QUESTION, story(good(*PODS[::-1])))


def test_a_record_that_answers_left_out_twice_is_drained():
    resolution = story(good(), good(*PODS[1:]), good(*PODS[1:]), every=5.0)
    assert [record.ip for record in resolved_name(QUESTION, resolution).records if record.draining] == ["10.1.0.1"]


def test_answers_within_one_ttl_do_not_count_as_two():
    resolution = story(good(), good(*PODS[1:]), good(*PODS[1:]), good(*PODS[1:]), every=1.0)
    assert not any(record.draining for record in resolved_name(QUESTION, resolution).records)


def test_records_of_a_cut_answer_are_used_and_nobody_is_let_go():
    cut = Finding(Outcome.OTHER, (Record("10.1.0.9"),), 5, is_whole=False, said="was cut")
    assert len(told(story(good(), *[cut] * 500))) == 6


def test_more_records_than_a_name_may_have_are_a_problem_with_both_numbers():
    many = [Record(f"10.{number // 250}.1.{number % 250}") for number in range(1500)]
    remark = resolved_name(QUESTION, story(good(*many))).remarks[0]
    assert (remark.reason, "476 records more" in remark.said, "1,024" in remark.remedy) == (Reason.TOO_MANY, True, True)


@pytest.mark.parametrize(
    ("findings", "remedy"),
    [
        ([bad(Outcome.NX)], "Correct the name, or DNS; until then the backend has no endpoints"),
        ([good(), bad(Outcome.NX)], "Correct the name, or DNS; until then what is known serves"),
        ([bad()], "See to the DNS server; until then the backend has no endpoints"),
        ([good(), bad(Outcome.REFUSED)], "See to the DNS server; until then what is known serves"),
        (
            [Finding(Outcome.OTHER, said=NO_SERVER)],
            "Say --dns-server, or name one in /etc/resolv.conf; until then the backend has no endpoints",
        ),
    ],
)
def test_a_name_in_trouble_says_what_to_do_and_what_serves_meanwhile(findings, remedy):
    assert [each.remedy for each in resolved_name(QUESTION, story(*findings)).remarks] == [remedy]


def test_addresses_asked_of_the_name_of_a_service_are_a_mistake_that_is_named():
    question = DnsQuestion("_http._tcp.web.example", RecordType.A)
    (remark,) = resolved_name(question, story(bad(Outcome.NX))).remarks
    assert remark.remedy.startswith("Say type: SRV to ask for a service, or correct the name")


def test_services_of_a_worse_priority_stand_by():
    near, far = Record("10.1.0.2", 80, 1, 5, "near.example"), Record("10.1.0.1", 80, 2, 5, "far.example")
    name = resolved_name(QUESTION, story(good(near, far)))
    assert [[record.ip for record in records] for records in (name.records, name.standby)] == [
        ["10.1.0.2"],
        ["10.1.0.1"],
    ]
    left = resolved_name(QUESTION, story(good(near, far), good(far), good(far), every=5.0))
    assert (len(left.records), left.standby) == (2, ())


def test_services_tell_port_weight_and_host():
    records = [Record("10.1.0.1", 8080, 1, 50, "web-0.web"), Record("10.1.0.2", 8081, 1, 100, "web-1.web")]
    name = resolved_name(QUESTION, story(good(*records)))
    assert [(each.port, each.weight, each.name) for each in name.records] == [
        (8080, 1, "web-0.web"),
        (8081, 2, "web-1.web"),
    ]
