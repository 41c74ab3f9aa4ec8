"""Which records count: rotation, absence, partial answers, replaced pods."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.resolver.records import LONGEST_HOLDS, MOST_RECORDS, Extent, Record, Records, accumulated, let_go, weights

HOLD = 30.0


def pods(*numbers: int) -> list[Record]:
    return [Record(f"10.1.{number // 250}.{number % 250 + 1}") for number in numbers]


def after(*answers: list[Record], every: float = 5.0, records: Records | None = None) -> Records:
    """What is known after these answers, ``every`` seconds each, from second 0 on."""
    known = records or Records()
    for number, answer in enumerate(answers):
        known = accumulated(known, answer, number * every, hold_obsolete=HOLD)
    return known


def serving(records: Records) -> list[str]:
    return [known.record.ip for known in records.serving]


def draining(records: Records) -> list[str]:
    return [known.record.ip for known in records.draining]


def test_the_same_records_in_another_order_are_the_same_value():
    first = after(pods(1, 2, 3))
    assert accumulated(first, pods(3, 1, 2), 5.0, hold_obsolete=HOLD) is first


def test_a_record_twice_in_an_answer_counts_once():
    assert len(after(pods(1, 1, 2)).known) == 2


def test_a_record_missing_from_one_answer_serves_on():
    known = after(pods(1, 2, 3), pods(1, 2))
    assert (len(serving(known)), draining(known)) == (3, [])


def test_a_record_missing_from_two_answers_is_drained_until_its_hold_time_is_over():
    known = after(pods(1, 2, 3), pods(1, 2), pods(1, 2))
    assert (len(serving(known)), draining(known)) == (2, ["10.1.0.4"])
    assert len(after(*[pods(1, 2)] * 5, records=known).known) == 3
    assert len(after(*[pods(1, 2)] * 8, records=known).known) == 2


def test_two_answers_without_a_record_are_enough_once_its_hold_time_is_over():
    assert len(after(pods(1, 2, 3), pods(1, 2), every=HOLD).known) == 3
    assert len(after(pods(1, 2, 3), pods(1, 2), pods(1, 2), every=HOLD).known) == 2


def test_a_record_that_comes_back_serves_again():
    known = after(pods(1, 2, 3), pods(1, 2), pods(1, 2), pods(1, 2, 3))
    assert (len(serving(known)), draining(known)) == (3, [])


def test_an_answer_out_of_the_same_cache_is_no_second_absence():
    known = after(pods(1, 2), pods(1))
    known = accumulated(known, pods(1), 6.0, hold_obsolete=HOLD, extent=Extent.REPEATED)
    assert draining(known) == []


def test_a_cut_answer_adds_records_and_says_nothing_of_the_others():
    known = after(pods(1, 2, 3))
    for now in range(100):
        known = accumulated(known, pods(4), float(now), hold_obsolete=HOLD, extent=Extent.CUT)
    assert len(serving(known)) == 4


def test_without_a_hold_time_an_absent_record_leaves_at_once():
    known = accumulated(after(pods(1, 2)), pods(1), 1.0, hold_obsolete=0.0)
    assert serving(known) == ["10.1.0.2"]


def test_when_every_record_is_another_one_the_former_serve_until_the_new_are_sure():
    known = after(pods(1, 2), pods(3, 4))
    assert len(serving(known)) == 4
    assert draining(after(pods(1, 2), pods(3, 4), pods(3, 4))) == ["10.1.0.2", "10.1.0.3"]


@pytest.mark.parametrize(("shown", "pool", "seconds"), [(3, 10, 1.0), (3, 10, 30.0), (8, 60, 1.0), (8, 300, 1.0)])
def test_a_server_that_shows_a_few_at_random_fills_the_pool_once_for_all(shown, pool, seconds):
    """Once it has shown how the server is, nobody leaves again or is drained."""
    chance = random.Random(f"{shown} of {pool}")
    everyone = pods(*range(pool))
    known, gone, drained = Records(), 0, 0
    for number in range(2000):
        before = {each.key for each in known.known} if number > 10 else set()
        known = accumulated(known, chance.sample(everyone, shown), number * seconds, hold_obsolete=HOLD)
        gone += len(before - {each.key for each in known.known})
        drained += bool(known.draining) and number > 10
    assert (len(known.known), gone, drained) == (pool, 0, 0)


@pytest.mark.parametrize(("shown", "pool"), [(2, 20), (8, 60), (8, 300), (50, 300)])
def test_a_server_that_shows_few_of_many_has_nobody_drained_from_the_first_answer_on(shown, pool):
    chance = random.Random(f"first {shown} of {pool}")
    known, drained = Records(), 0
    for second in range(300):
        known = accumulated(known, chance.sample(pods(*range(pool)), shown), float(second), hold_obsolete=HOLD)
        drained += bool(known.draining)
    assert (len(known.known), drained) == (pool, 0)


def test_answers_that_hardly_agree_are_no_two_absences_until_two_agree():
    known = after(pods(1, 2, 3), pods(4, 5, 6), pods(7, 8, 9))
    assert (len(serving(known)), draining(known)) == (9, [])
    settled = accumulated(known, pods(7, 8, 9), 15.0, hold_obsolete=HOLD)
    assert (len(serving(settled)), len(draining(settled))) == (3, 6)


def test_pods_replaced_one_by_one_are_drained_one_by_one():
    assert draining(after(pods(1, 2, 3), pods(1, 2, 4), pods(1, 4, 5))) == ["10.1.0.4"]


def test_one_pod_in_the_place_of_another_is_believed_with_the_second_answer():
    assert draining(after(pods(1), pods(2), pods(2))) == ["10.1.0.2"]


def test_records_of_answers_that_never_agree_leave_in_the_end():
    known = after(*([record] for record in pods(*range(1500))), every=HOLD)
    assert len(known.known) == LONGEST_HOLDS + 1


def test_of_a_pool_shown_in_parts_a_pod_that_is_gone_leaves_in_the_end():
    chance = random.Random("gone")
    known = Records()
    for second in range(200):
        known = accumulated(known, chance.sample(pods(*range(10)), 3), float(second), hold_obsolete=HOLD)
    for second in range(200, 400):
        known = accumulated(known, chance.sample(pods(*range(9)), 3), float(second), hold_obsolete=HOLD)
    assert len(known.known) == 9


def test_a_server_that_shows_all_again_is_believed_again():
    chance = random.Random("whole")
    known = Records()
    for second in range(50):
        known = accumulated(known, chance.sample(pods(*range(10)), 3), float(second), hold_obsolete=HOLD)
    known = after(pods(*range(10)), pods(*range(9)), pods(*range(9)), records=known)
    assert draining(known) == ["10.1.0.10"]


def test_no_more_records_are_kept_than_the_limit_and_those_known_go_first():
    many = pods(*range(2000))
    known = after(many[:1000], many)
    assert (len(known.known), known.left_out) == (MOST_RECORDS, 976)
    assert {record.ip for record in many[:1000]} <= set(serving(known))


def test_only_the_best_priority_serves_while_it_has_records():
    near, far = Record("10.1.0.1", 80, priority=1), Record("10.2.0.1", 80, priority=2)
    assert serving(after([near, far])) == ["10.1.0.1"]
    gone = after([near, far], [far], [far])
    assert (serving(gone), draining(gone)) == (["10.2.0.1"], ["10.1.0.1"])


def test_another_port_weight_or_priority_is_taken_at_once():
    one = [Record("10.1.0.1", 80, 1, 5, "web-0.web"), Record("10.1.0.2", 80, 1, 5, "web-1.web")]
    changed = [Record("10.1.0.1", 80, 1, 9, "web-0.web"), Record("10.1.0.2", 80, 1, 5, "web-1.web")]
    assert weights(after(one, changed).serving) == [9, 5]


def test_a_replaced_pod_of_the_same_name_takes_the_place_of_its_former_address():
    others = [Record("10.1.0.2", 80, name="web-1.web"), Record("10.1.0.3", 80, name="web-2.web")]
    one = [Record("10.1.0.1", 80, name="web-0.web"), *others]
    replaced = [Record("10.1.0.9", 80, name="web-0.web"), *others]
    assert serving(after(one, replaced)) == ["10.1.0.2", "10.1.0.3", "10.1.0.9"]


def test_a_name_with_several_addresses_loses_none_because_another_appears():
    several = [Record(f"10.1.0.{n}", 80, name="web.example") for n in (1, 2)]
    assert len(serving(after(several, [Record("10.1.0.3", 80, name="web.example")]))) == 3


@pytest.mark.parametrize(
    ("given_weights", "kept"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([33, 33, 33], [1, 1, 1]),
        ([10, 30], [1, 3]),
        ([0, 0], [1, 1]),
        ([0, 5], [0, 1]),
        ([1, 65535], [1, 256]),
        ([1, 256], [1, 256]),
        ([1, 257], [1, 256]),
        ([65535, 65535], [1, 1]),
    ],
)
def test_weights_keep_their_ratio_in_small_numbers(given_weights, kept):
    records = [Record(f"10.1.0.{n}", 80, 1, weight) for n, weight in enumerate(given_weights)]
    assert weights(after(records).serving) == kept


def test_letting_go_takes_a_quarter_at_a_time_and_ends():
    known, sizes = after(pods(*range(10))), []
    while known.known:
        known = let_go(known)
        sizes.append(len(known.known))
    assert sizes == [7, 5, 3, 2, 1, 0]


@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=7), max_size=12), st.sampled_from([0.0, 1.0, 10.0, 40.0])
)
def test_nothing_that_the_last_answer_names_is_left_out_or_drained(answers, every):
    known = after(*(pods(*numbers) for numbers in answers), every=every)
    named = {record.ip for record in pods(*(answers[-1] if answers else []))}
    assert named <= set(serving(known))
    assert not named & set(draining(known))
    assert set(serving(known)) | set(draining(known)) == {each.record.ip for each in known.known}
