"""Pods of one Service that share its requests by their labels.

Rules: a pod belongs to the first group whose label it has; one of no group gets nothing. So
does one that nobody has told of yet, since it may be anybody's; while none is known all get the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.desired import Endpoint
from hadyn.model.options.blue_green import Group, Mode
from hadyn.model.weights import weights_near

LabelsOf = Callable[[str], Mapping[str, str] | None]
"""Answers for a pod, "namespace/name"; None where it is not known."""


class Balance(Struct, frozen=True, gc=False):
    """Which groups there are, and what their weights are of; ``is_alone`` where other pods shall not be there at all."""

    groups: tuple[Group, ...]
    mode: Mode
    is_alone: bool = False


def balanced(endpoints: Sequence[Endpoint], balance: Balance, labels_of: LabelsOf) -> tuple[Endpoint, ...]:
    """Return the endpoints with the weights of their groups; those of groups as a whole are kept to one point."""
    labels = [labels_of(endpoint.name) if endpoint.name else None for endpoint in endpoints]
    if not any(each is not None for each in labels):
        return () if balance.is_alone else tuple(endpoints)
    places = [_place(each or {}, balance.groups) for each in labels]
    weights = [group.weight for group in balance.groups]
    if balance.mode is Mode.DEPLOY:
        taking = [place for place, endpoint in zip(places, endpoints, strict=True) if not endpoint.draining]
        counts = [taking.count(number) for number in range(len(weights))]
        weights = list(weights_near(counts, weights))
    return tuple(
        replace(endpoint, weight=0 if place is None else weights[place])
        for endpoint, place in zip(endpoints, places, strict=True)
        if place is not None or not balance.is_alone
    )


def _place(labels: Mapping[str, str], groups: Sequence[Group]) -> int | None:
    return next((number for number, group in enumerate(groups) if labels.get(group.label) == group.value), None)
