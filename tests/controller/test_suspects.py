"""Whom HAProxy refuses is found by loading, where it does not say so."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as some

from hadyn.controller.suspects import Suspects

NAMES = some.sets(some.sampled_from(["", *(f"shop_web-{number}_80" for number in range(30))]), min_size=1)


@dataclass
class Mute:
    """A HAProxy that refuses whatever is loaded with one of the ``bad``, and never says why; ``loads`` are all tries."""

    bad: set[str]
    pending: set[str]
    suspects: Suspects = field(default_factory=Suspects)
    loads: list[frozenset[str]] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    is_full: bool = False

    def load(self) -> None:
        """Reload once, as hadyn does."""
        tried = self.suspects.tried
        loaded = frozenset(self.pending if tried is None else self.pending & tried)
        self.loads.append(loaded)
        if not loaded & self.bad and not self.is_full:
            self.pending -= loaded
            self.suspects.accepted()
        elif blamed := [name for name in [self.suspects.refused(loaded)] if name is not None]:
            self.blamed += blamed
            self.pending -= {*blamed}

    def load_all(self) -> None:
        while self.pending:
            self.load()


@given(names=NAMES, chosen=some.sets(some.integers(0, 30), max_size=3))
def test_exactly_those_who_are_refused_are_blamed_and_all_others_loaded(names: set[str], chosen: set[int]) -> None:
    bad = {name for number, name in enumerate(sorted(names)) if number in chosen}
    haproxy = Mute(bad, set(names))
    haproxy.load_all()
    assert sorted(haproxy.blamed) == sorted(bad)
    # One that shows that something is refused, one that shows that not everything is, then two for each halving.
    assert len(haproxy.loads) <= 1 + len(bad) * (3 + 2 * math.ceil(math.log2(len(names) + 1)))


def test_one_among_a_thousand_is_found_with_a_dozen_reloads() -> None:
    names = {f"shop_web-{number:04}_80" for number in range(1000)}
    haproxy = Mute({"shop_web-0777_80"}, names)
    haproxy.load_all()
    assert haproxy.blamed == ["shop_web-0777_80"]
    assert len(haproxy.loads) <= 2 + 2 * math.ceil(math.log2(1000))


def test_nobody_is_blamed_where_nothing_is_loaded_at_all() -> None:
    haproxy = Mute(set(), {"shop_api_80", "shop_web_80"}, is_full=True)
    for _ in range(10):
        haproxy.load()
    assert haproxy.blamed == []
    assert {*haproxy.loads} == {frozenset({"shop_api_80", "shop_web_80"}), frozenset()}
    haproxy.is_full = False
    haproxy.load()
    assert haproxy.pending == set()


def test_who_is_refused_alone_once_is_not_blamed_before_the_rest_was_loaded() -> None:
    haproxy = Mute({"shop_web_80"}, {"shop_web_80"})
    haproxy.load()
    assert haproxy.blamed == []
    haproxy.load_all()
    assert haproxy.loads == [{"shop_web_80"}, set(), {"shop_web_80"}]
    assert haproxy.blamed == ["shop_web_80"]


def test_a_search_for_somebody_who_is_gone_ends_and_all_is_tried_again() -> None:
    suspects = Suspects()
    suspects.refused(["shop_web_80"])
    suspects.accepted()
    assert suspects.tried == {"shop_web_80"}
    suspects.keep_to(["shop_web_80", "shop_api_80"])
    assert suspects.tried == {"shop_web_80"}
    suspects.keep_to(["shop_api_80"])
    assert suspects.tried is None
