"""A second Service that takes a share of a backend's requests.

Rules: the share is made of slot weights, as small as they can be while it is within one
point of the wanted percentage; a share belongs to the whole backend, since a slot has
one weight. The oldest canary Ingress of a backend counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.desired import MAX_WEIGHT, Endpoint
from hadyn.model.objects import Age, Ingress, Options
from hadyn.model.options.canary import ALL, CANARY_WEIGHT
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.services import Found

TOLERANCE = 0.01


class Share(Struct, frozen=True, gc=False):
    """The wish of one canary path: ``backend`` is the primary's, ``found`` the Service that shares it."""

    age: Age
    field: str
    backend: str
    found: Found
    options: Options

    @property
    def ingress(self) -> ObjectRef:
        return ObjectRef(Ingress.kind, self.age[1], self.age[2])

    @property
    def percent(self) -> int:
        percent = dict(self.options).get(CANARY_WEIGHT.name, CANARY_WEIGHT.default)
        assert isinstance(percent, int), percent
        return percent

    def problem(self, reason: Reason, said: str, remedy: str) -> Problem:
        return Problem(self.ingress, self.field, reason, said, remedy)


def chosen_share(shares: Iterable[Share], routes: int) -> tuple[Share | None, list[Problem]]:
    """Return the canary of a backend that ``routes`` routes lead to, and what is wrong with the others."""
    in_order = sorted(shares, key=lambda share: (share.age, share.field))
    if not in_order:
        return None, []
    first = in_order[0]
    same = [share for share in in_order if (share.ingress, share.found) == (first.ingress, first.found)]
    said = f"backend {first.backend} has the canary {first.found.title} of {first.ingress} already"
    others = (share for share in in_order if share not in same)
    problems = [share.problem(Reason.CLAIMED, said, "A backend has one canary; remove one") for share in others]
    if routes > len(same):
        said = f"{routes - len(same)} more routes lead to backend {first.backend}: the share applies to them too"
        remedy = "Give the canary the same paths, or the shared paths a Service of their own"
        problems.append(first.problem(Reason.NOT_SUPPORTED, said, remedy))
    return first, problems


def joined(stable: Sequence[Endpoint], canary: Sequence[Endpoint], percent: int) -> tuple[Endpoint, ...]:
    """Return both Services' endpoints with the weights that make the share; an address in both is the stable one's."""
    taken = {endpoint.address for endpoint in stable}
    canary = [endpoint for endpoint in canary if endpoint.address not in taken]
    weights = share_weights(_taking_requests(stable), _taking_requests(canary), percent)
    endpoints = (
        replace(endpoint, weight=weight)
        for side, weight in zip((stable, canary), weights, strict=True)
        for endpoint in side
    )
    return tuple(sorted(endpoints, key=lambda endpoint: (endpoint.address.ip, endpoint.address.port)))


def share_weights(stable_count: int, canary_count: int, percent: int) -> tuple[int, int]:
    """Return the weight of each stable and of each canary endpoint, 0 to 256.

    ``percent`` of the requests go to the canary, within one point; where counts are so
    unequal that no weights do that, as near as can be. A side without endpoints leaves
    all to the other, but 0 % never becomes more.
    """
    if percent == 0:
        return 1, 0
    if canary_count == 0 or stable_count == 0:
        return 1, 1
    if percent == ALL:
        return 0, 1
    wanted = percent / ALL
    best = (1, 1)
    least_error = 1.0
    for stable, canary in _candidates(wanted * stable_count, (1 - wanted) * canary_count):
        share = canary * canary_count / (canary * canary_count + stable * stable_count)
        error = abs(share - wanted)
        if error < least_error:
            best, least_error = (stable, canary), error
        if least_error <= TOLERANCE:
            break
    return best


def _candidates(canary_part: float, stable_part: float) -> Iterator[tuple[int, int]]:
    """Pairs of weights near the ratio stable_part : canary_part, the smallest first."""
    for largest in range(1, MAX_WEIGHT + 1):
        smaller = largest * min(canary_part, stable_part) / max(canary_part, stable_part)
        for near in (max(1, int(smaller)), min(largest, int(smaller) + 1)):
            yield (largest, near) if canary_part <= stable_part else (near, largest)


def _taking_requests(endpoints: Iterable[Endpoint]) -> int:
    return sum(not endpoint.draining for endpoint in endpoints)
