"""Backends beside another one, with parts of its endpoints: where requests go that ask for them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from hadyn.model.blue_green import Balance
from hadyn.model.choices import Choices
from hadyn.model.names import canary_name, group_name, is_of_connections, stable_name
from hadyn.model.options.blue_green import (
    BLUE_GREEN_BALANCE,
    BLUE_GREEN_COOKIE,
    BLUE_GREEN_HEADER,
    BLUE_GREEN_MODE,
    Group,
    Mode,
    choosable,
)
from hadyn.model.parts import Part
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.services import Found
from hadyn.model.supply import Supply


def balance_of(choices: Choices) -> Balance | None:
    """How the pods of a Service share its requests by labels, None where they do not."""
    groups = choices.value(BLUE_GREEN_BALANCE)
    return Balance(groups, choices.value(BLUE_GREEN_MODE) or Mode.DEPLOY) if groups else None


def unbalanced(service: ObjectRef, *, has_canaries: bool) -> Problem:
    """Why labels cannot divide a backend."""
    said = (
        "says nothing beside a canary, whose share makes the weights"
        if has_canaries
        else "says nothing of endpoints that name no pods"
    )
    remedy = "Divide requests one way" if has_canaries else "Let EndpointSlices list the pods"
    return Problem(service, BLUE_GREEN_BALANCE.field, Reason.NOT_SUPPORTED, said, remedy)


def beside_shared(part: Part) -> list[Part]:
    """Return what requests may ask for: the Service without its canaries, each canary alone."""
    name = part.name
    called = _called(part.supply, stable_name(name), f"{part.supply.found.title} without canaries")
    beside = [replace(part, supply=called, canaries=())]
    for canary in part.canaries:
        title = f"{canary.supply.found.title} as canary of {part.supply.found.title}"
        called = _called(canary.supply, canary_name(name, canary.supply.found.backend), title)
        beside.append(replace(part, supply=called, canaries=(), has_homes=False, balance=None))
    return beside


def groups_alone(part: Part, *, is_divided: bool) -> list[Part]:
    """Return what requests may choose among the pods of one Service: each group alone, unless a canary divides them."""
    if is_divided or is_of_connections(part.name):
        return []
    groups = dict.fromkeys(choice.group for choice in part.supply.found.choices)
    return [
        replace(
            part,
            supply=_called(
                part.supply,
                group_name(part.name, group.value),
                f"{part.supply.found.title} with {group.label}={group.value}",
            ),
            balance=Balance((_served(group),), Mode.POD, is_alone=True),
        )
        for group in groups
    ]


def unchosen(choices: Choices, found: Found) -> Iterator[Problem]:
    """Where requests say a label that nothing is divided by."""
    for option in (BLUE_GREEN_HEADER, BLUE_GREEN_COOKIE):
        choice = choices.value(option)
        if choice is not None and not choosable(choices, choice):
            said = f"{BLUE_GREEN_BALANCE.annotation} names no group by the label {choice.label}"
            field = option.field
            yield Problem(
                found.source, field, Reason.INVALID_VALUE, said, "Name the groups there, with weight 0 for none"
            )


def _served(group: Group) -> Group:
    """Whatever its weight among others."""
    return Group(group.label, group.value, 1)


def _called(supply: Supply, backend: str, title: str) -> Supply:
    return replace(supply, found=replace(supply.found, backend=backend, title=title))
