"""Names and words that reach HAProxy: injective, and unable to break out."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.desired import BACKEND_NAME
from hadyn.model.directives import Directive
from hadyn.model.index import FEW, Index
from hadyn.model.names import backend_name, resource_backend_name, slot_name, slot_number

LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
PORTS = st.integers(1, 65535)


@for_all(st.tuples(LABELS, LABELS, PORTS), st.tuples(LABELS, LABELS, PORTS))
def test_two_ports_of_services_never_share_a_backend_name(one, other):
    assert (backend_name(*one) == backend_name(*other)) == (one == other)
    assert BACKEND_NAME.fullmatch(backend_name(*one))


@for_all(LABELS, LABELS, PORTS, LABELS, LABELS)
def test_a_backend_of_hadyn_never_has_the_name_of_a_services(namespace, name, port, other_namespace, other):
    assert backend_name(namespace, name, port) != resource_backend_name(other_namespace, other)


@for_all(st.integers(1, 100_000))
def test_a_slots_name_leads_back_to_its_number(number):
    assert slot_number(slot_name(number)) == number


@pytest.mark.parametrize("name", ["s", "s0", "s01", "web1", "1", "s1a", "s\u0661", "s-1", ""])
def test_a_slot_that_hadyn_did_not_name_has_no_number(name):
    assert slot_number(name) is None


@pytest.mark.parametrize(
    ("word", "spelled"),
    [
        pytest.param("30s", "30s", id="a plain word stays"),
        pytest.param("a b", "'a b'", id="a blank is quoted"),
        pytest.param("a#b", "'a#b'", id="a hash is quoted"),
        pytest.param("$HOME", "'$HOME'", id="a variable is quoted"),
        pytest.param("it's", "'it'\\''s'", id="a quote is quoted"),
        pytest.param("a\\", "'a\\'", id="a backslash is quoted"),
        pytest.param("", "''", id="nothing is quoted"),
    ],
)
def test_a_word_is_spelled_so_that_haproxy_reads_exactly_it(word, spelled):
    assert str(Directive("log-tag", word)) == f"log-tag {spelled}"


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b", "\x1b", "\xfc", "x" * 1025])
def test_a_word_with_what_no_line_may_hold_cannot_be_made(word):
    with pytest.raises(AssertionError):
        Directive("log-tag", word)


@for_all(st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 2 * FEW)), max_size=60))
def test_an_index_holds_what_a_dict_of_sets_would_hold(steps):
    index: Index[int, int] = Index()
    sets: dict[int, set[int]] = {}
    for is_added, key, thing in steps:
        (index.add if is_added else index.discard)(key, thing)
        things = sets.setdefault(key, set())
        (things.add if is_added else things.discard)(thing)
    assert {key: set(index.of(key)) for key in sets} == sets
    assert {key for key in sets if key in index} == {key for key, things in sets.items() if things}
