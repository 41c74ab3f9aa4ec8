"""Whether a host that leads to a backend otherwise than before says anything of it that others do not.

Rule: a backend is made of what all its hosts say together. One that says what some neighbour says, too, changes
nothing by coming or going; so the 10,001st host of a Service costs what the second one costs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import islice

from hadyn.model.claims import Voice
from hadyn.model.routes import Lead

LOOKS = 8
"""So many neighbours are looked at; where they leave it open, the backend is settled anew."""


def affected(
    before: Mapping[str, Lead],
    after: Mapping[str, Lead],
    shared: Container[str],
    neighbours: Callable[[str], Iterable[Lead]],
) -> Iterator[str]:
    """Yield the backends that may be others now that one host leads to them otherwise.

    Those ``shared`` with a canary count all routes; ``neighbours`` says how other hosts lead to a backend.
    """
    for name in before.keys() | after.keys():
        leads = before.get(name), after.get(name)
        if leads[0] != leads[1] and (name in shared or _says_otherwise(*leads, neighbours(name))):
            yield name


def _says_otherwise(before: Lead | None, after: Lead | None, neighbours: Iterable[Lead]) -> bool:
    found = {lead.found for lead in (before, after) if lead is not None}
    not_heard = _said(before) ^ _said(after)
    for lead in islice(neighbours, LOOKS):
        if found != {lead.found}:
            return True
        not_heard -= _said(lead)
        if not not_heard:
            return False
    return True


def _said(lead: Lead | None) -> set[Voice | None]:
    """What a host's Ingresses say; None stands for all that say nothing."""
    return {voice if voice.options else None for voice in lead.voices} if lead else set()
