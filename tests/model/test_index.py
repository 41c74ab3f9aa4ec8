"""Many things to a key, whatever their number."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.index import FEW, Index

KEYS = st.sampled_from("ab")
THINGS = st.integers(1, FEW + 3)
STEPS = st.lists(st.tuples(st.booleans(), KEYS, THINGS), max_size=40)


@for_all(STEPS)
def test_an_index_holds_what_a_list_for_each_key_would_hold_in_the_same_order(steps):
    index: Index[str, int] = Index()
    lists: dict[str, list[int]] = {"a": [], "b": []}
    for is_gone, key, thing in steps:
        {True: index.discard, False: index.add}[is_gone](key, thing)
        lists[key] = [each for each in lists[key] if each != thing or not is_gone]
        lists[key] += [thing] * (not is_gone and thing not in lists[key])
    assert {key: list(index.of(key)) for key in lists} == lists
    assert {key for key in lists if key in index} == {key for key, things in lists.items() if things}


def test_a_thing_moves_from_some_keys_to_others_and_stays_where_it_was():
    index: Index[str, str] = Index()
    index.move("web", (), ("a", "b"))
    index.move("web", ("a", "b"), ("b", "c"))
    assert [list(index.of(key)) for key in "abc"] == [[], ["web"], ["web"]]
