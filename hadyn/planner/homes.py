"""Slots that belong to somebody: the pods of a StatefulSet come back to the slot they had.

Rules: who has a home gets it if nobody sits there; everybody else leaves homes free as
long as there are other slots. Who sits already never moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hadyn.model.desired import Endpoint

Slot = TypeVar("Slot")


def matched(
    endpoints: Sequence[Endpoint], slots: Sequence[Slot], name: Callable[[Slot], str]
) -> tuple[list[tuple[Slot, Endpoint]], list[Endpoint]]:
    """Give endpoints slots, those with a home their own and the others the rest in order; return who is left, too."""
    if not any(endpoint.home for endpoint in endpoints):
        return list(zip(slots, endpoints, strict=False)), list(endpoints[len(slots) :])
    free = {name(slot): slot for slot in slots}
    pairs: list[tuple[Slot, Endpoint]] = []
    others: list[Endpoint] = []
    for endpoint in endpoints:
        home = free.pop(endpoint.home, None) if endpoint.home else None
        if home is None:
            others.append(endpoint)
        else:
            pairs.append((home, endpoint))
    rest = list(free.values())
    return [*pairs, *zip(rest, others, strict=False)], others[len(rest) :]
