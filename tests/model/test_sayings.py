"""A backend is settled anew only where a host says of it what no other host says."""

from __future__ import annotations

from itertools import count

import pytest

from hadyn.model.claims import Voice
from hadyn.model.problems import ObjectRef
from hadyn.model.routes import Lead
from hadyn.model.sayings import LOOKS, affected
from hadyn.model.services import Found

FOUND = Found("shop_web_80", "shop/web:80", ObjectRef("Service", "shop", "web"))
ELSEWHERE = Found("shop_web_80", "shop/web:80", ObjectRef("Service", "shop", "other"))
SILENT = Voice(("2026-01-01", "shop", "silent"), ())
ALSO_SILENT = Voice(("2026-01-02", "shop", "also-silent"), ())
LOUD = Voice(("2026-01-03", "shop", "loud"), (("slots", 20),))


def lead(*voices: Voice, found: Found = FOUND) -> dict[str, Lead]:
    return {found.backend: Lead(found, 1, voices)}


def is_affected(before, after, *neighbours, shared=()):
    others = [Lead(FOUND, 1, voices) for voices in neighbours]
    return list(affected(before, after, shared, lambda _name: others)) == [FOUND.backend]


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, lead(SILENT)), (lead(SILENT), {}), (lead(LOUD), lead(LOUD, SILENT)), ({}, lead(SILENT, LOUD))],
)
def test_a_host_that_says_what_its_neighbours_say_changes_no_backend(before, after):
    assert not is_affected(before, after, (ALSO_SILENT,), (LOUD,))


@pytest.mark.parametrize(
    ("before", "after"), [({}, lead(LOUD)), (lead(LOUD), {}), (lead(SILENT), lead(LOUD)), (lead(LOUD), lead(SILENT))]
)
def test_a_host_that_says_what_nobody_says_changes_its_backend(before, after):
    assert is_affected(before, after, (ALSO_SILENT,))


@pytest.mark.parametrize(("before", "after"), [({}, lead(SILENT)), (lead(SILENT), {})])
def test_the_first_host_and_the_last_change_their_backend(before, after):
    assert is_affected(before, after)


def test_another_host_matters_to_a_backend_with_a_canary_and_to_one_that_is_found_elsewhere():
    assert is_affected({}, lead(SILENT), (SILENT,), shared={FOUND.backend})
    assert is_affected({}, lead(SILENT, found=ELSEWHERE), (SILENT,))


def test_a_few_neighbours_are_looked_at_however_many_there_are():
    looks = count()
    neighbours = (Lead(FOUND, 1, (LOUD,)) for _ in looks)
    assert list(affected({}, lead(SILENT), (), lambda _name: neighbours)) == [FOUND.backend]
    assert next(looks) <= LOOKS + 1
