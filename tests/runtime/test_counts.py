"""Slots counted from pieces are those that are observed one by one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.errors import ReplyNotUnderstood, TemporaryError
from hadyn.planner.observed import ObservedBackend, SlotState
from hadyn.runtime.client import Runtime
from hadyn.runtime.counts import SlotCounts, counted
from hadyn.runtime.fake import FakeHAProxy
from hadyn.runtime.tables import MalformedTable
from tests.runtime.given import MAPS, haproxy, runtime_of, steps

TABLE = (
    b"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_fqdn srv_port srvrecord\n"
    b"3 web 1 s1 10.0.0.1 2 4 1 - 80 -\n"
    b"3 web 2 s2 fd00::1 0 5 1 - 80 -\n"
    b"3 web 3 s3 127.0.0.1 0 5 1 - 1 -\n"
    b"4 api 1 s1 10.0.0.1 2 8 1 - 80 -\n"
    b"4 api 2 s2 - 0 32 1 gone.example 80 -\n"
    b"4 api 3 s3 - 0 32 1 - 0 _http._tcp.example\n\n"
)


def running() -> FakeHAProxy:
    fake = haproxy("web", "api", "_503")
    runtime_of(fake).send(
        [
            *steps("web", "s1 addr 10.0.0.1:80; s1 ready; s2 addr 10.0.0.2:80; s2 drain; s3 addr 127.0.0.1:80"),
            *steps("api", "s4 addr fd00::1:80; s4 ready; s4 weight 0"),
        ]
    )
    fake.slot("web", "s2").sessions = 3
    return fake


def seen(backend: ObservedBackend) -> SlotCounts:
    """Count the slots of a backend that was observed."""
    states = [slot.state for slot in backend.slots]
    in_maint = [slot for slot in backend.slots if slot.state is SlotState.MAINT]
    return SlotCounts(
        ready=states.count(SlotState.READY),
        drain=states.count(SlotState.DRAIN),
        blank=sum(slot.address is None for slot in in_maint),
        left=[slot.name for slot in in_maint if slot.address],
        sessions=sum(slot.sessions for slot in backend.slots),
    )


def test_all_slots_are_counted_as_they_are_observed():
    fake = running()
    observed = runtime_of(fake).observe(None)

    counts = runtime_of(fake).count()

    assert counts == {name: seen(backend) for name, backend in observed.items()}
    assert counts["web"] == SlotCounts(ready=1, drain=1, blank=1, left=["s3"], sessions=3)
    assert counts["web"].slots == 4


def test_counting_costs_two_connections_however_many_backends_there_are():
    fake = haproxy(*(f"b{number}" for number in range(300)))

    assert len(runtime_of(fake).count()) == 300
    assert len(fake.lines) == 2


@given(st.lists(st.integers(0, len(TABLE)), max_size=8).map(sorted))
def test_pieces_may_be_cut_anywhere(cuts):
    pieces = [TABLE[start:end] for start, end in zip([0, *cuts], [*cuts, len(TABLE)], strict=True)]

    assert counted(pieces) == {
        "web": SlotCounts(ready=1, blank=1, left=["s2"]),
        "api": SlotCounts(drain=1, left=["s2", "s3"]),
    }


@given(st.integers(0, len(TABLE) - 1))
def test_a_table_that_does_not_end_is_refused(length):
    with pytest.raises(MalformedTable):
        counted([TABLE[:length]])


@given(where=st.integers(0, 400), length=st.integers(0, 40), inserted=st.binary(max_size=4))
def test_a_damaged_table_is_counted_or_gives_the_one_documented_error(where, length, inserted):
    with contextlib.suppress(MalformedTable):
        counted([TABLE[:where] + inserted + TABLE[where + length :]])


@pytest.mark.parametrize("text", [b"", b"\n", b"1\n\n", b"2" + TABLE[1:], TABLE.replace(b"\n", b"\r\n")])
def test_what_is_no_table_of_slots_is_refused(text):
    with pytest.raises(MalformedTable):
        counted([text])


def test_an_answer_that_is_no_table_may_be_asked_for_again():
    fake = running()
    runtime = Runtime(fake.converse, capabilities=fake.capabilities, map_folder=MAPS, stream=lambda _: iter([b"1\n"]))

    with pytest.raises(ReplyNotUnderstood) as caught:
        runtime.count()

    assert isinstance(caught.value, TemporaryError)
