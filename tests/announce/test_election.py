"""Who may speak, by the lease alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hadyn.announce.election import (
    DURATION_SECONDS,
    LOOK_SECONDS,
    RENEW_SECONDS,
    SPEAK_SECONDS,
    Create,
    Election,
    Lease,
    Look,
    Update,
)


def lease(holder: str, version: str = "1", transitions: int = 0) -> Lease:
    return Lease(holder, DURATION_SECONDS, transitions, version)


def test_a_lease_that_is_not_there_is_made():
    act = Election("a").act(None, now=0.0)
    assert act == Create(Lease("a", DURATION_SECONDS, 0, ""))


def test_a_lease_that_somebody_holds_is_left_to_it_while_it_changes():
    election = Election("a")
    assert [election.act(lease("b", str(number)), now=9.0 * number) for number in range(5)] == [Look(LOOK_SECONDS)] * 5


def test_a_lease_that_did_not_change_for_its_duration_is_taken():
    election = Election("a")
    assert election.act(lease("b"), now=100.0) == Look(LOOK_SECONDS)
    assert election.act(lease("b"), now=109.9) == Look(LOOK_SECONDS)
    assert election.act(lease("b"), now=110.0) == Update(lease("a", transitions=1))


def test_a_lease_that_was_given_back_is_taken_at_once():
    assert Election("a").act(lease(""), now=0.0) == Update(lease("a", transitions=1))


def test_the_holder_renews_without_a_new_transition():
    assert Election("a").act(lease("a", "7", transitions=3), now=0.0) == Update(lease("a", "7", transitions=3))


def test_the_holder_speaks_from_before_it_asked_and_stops_before_others_may_begin():
    election = Election("a")
    assert not election.leads(now=0.0)
    election.renewed(asked_at=100.0, resource_version="2")
    assert election.leads(now=100.0 + SPEAK_SECONDS - 0.1)
    assert not election.leads(now=100.0 + SPEAK_SECONDS)
    assert RENEW_SECONDS < SPEAK_SECONDS < DURATION_SECONDS


def test_whoever_lost_the_lease_is_silent_at_once():
    election = Election("a")
    election.renewed(asked_at=100.0, resource_version="2")
    election.lost()
    assert not election.leads(now=100.1)


def test_whoever_stops_leaves_the_lease_free():
    election = Election("a")
    election.renewed(asked_at=100.0, resource_version="2")
    freed = election.released(lease("a", "2", transitions=4))
    assert (freed.holder, freed.transitions, freed.resource_version) == ("", 4, "2")
    assert not election.leads(now=100.1)


class World:
    """One lease and candidates, each with a clock that runs at its own time and speed."""

    def __init__(self) -> None:
        self.lease: Lease | None = None
        self.version = 0

    def turn(self, election: Election, now: float) -> None:
        """One candidate reads and writes, as it should."""
        act = election.act(self.lease, now)
        for update in [act.lease] if isinstance(act, (Create, Update)) else []:
            self.version += 1
            self.lease = Lease(update.holder, update.duration_seconds, update.transitions, str(self.version))
            election.renewed(now, str(self.version))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 6.0)), max_size=60))
def test_never_do_two_speak_at_a_time(turns: list[tuple[str, float]]):
    # given clocks that started at different times and run a little fast or slow
    candidates = {
        name: (Election(name), start, speed)
        for name, start, speed in (("a", 0.0, 1.0), ("b", 5000.0, 1.1), ("c", 70.0, 0.95))
    }
    world, moment = World(), 0.0
    for name, pause in turns:
        moment += pause
        election, start, speed = candidates[name]
        world.turn(election, start + speed * moment)
        speakers = [each.leads(begin + pace * moment) for each, begin, pace in candidates.values()]
        assert sum(speakers) <= 1
