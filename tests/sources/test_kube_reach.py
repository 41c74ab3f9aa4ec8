"""How the Secrets of a namespace are watched, by their number."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.sources.kube_reach import Reach, reach_for

NAMES = st.frozensets(st.sampled_from("abcdefghij"))


def names(count: int) -> frozenset[str]:
    return frozenset(f"s{number}" for number in range(count))


def test_few_secrets_are_watched_each_by_its_name():
    assert reach_for(names(3), Reach(), many=4) == Reach(by_name=names(3))


def test_many_secrets_are_watched_by_one_watch_of_the_namespace():
    assert reach_for(names(4), Reach(by_name=names(3)), many=4) == Reach(as_whole=names(4))


def test_secrets_that_come_to_a_namespace_watched_as_a_whole_are_watched_by_name_until_they_are_many():
    whole = Reach(as_whole=names(4))
    assert reach_for(names(6), whole, many=4) == Reach(by_name=names(6) - names(4), as_whole=names(4))
    assert reach_for(names(8), whole, many=4) == Reach(as_whole=names(8))


def test_a_namespace_that_is_left_with_few_secrets_is_watched_by_name_again():
    assert reach_for(names(2), Reach(as_whole=names(8)), many=4) == Reach(as_whole=names(2))
    assert reach_for(names(1), Reach(as_whole=names(8)), many=4) == Reach(by_name=names(1))


@for_all(NAMES, NAMES, NAMES)
def test_each_wanted_secret_is_watched_once_and_no_other_is(first, second, third):
    reach = reach_for(third, reach_for(second, reach_for(first, Reach(), many=3), many=3), many=3)
    assert reach.by_name | reach.as_whole == third
    assert not reach.by_name & reach.as_whole
    assert len(reach.by_name) < 3
