"""Further Services that take a share of a backend's requests.

Rules: the shares are made of slot weights, as small as they can be while each is within one
point of the wanted percentage; a share belongs to the whole backend, since a slot has
one weight. Shares add up; what goes beyond all is not given to the youngest canary Ingress.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.desired import MAX_WEIGHT, Endpoint
from hadyn.model.objects import Age, Ingress, Options
from hadyn.model.options.canary import ALL, CANARY_WEIGHT, CANARY_WEIGHT_TOTAL
from hadyn.model.options.routing import Said
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.services import Found

TOLERANCE = 0.01
FEW_SIDES = 4
"""Of so many sides, all pairs of near weights are tried."""


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
    def total(self) -> int:
        return Said(self.options).value(CANARY_WEIGHT_TOTAL) or ALL

    @property
    def wanted(self) -> float:
        """The share, 0 to 1; a weight beyond its total is none."""
        weight = Said(self.options).value(CANARY_WEIGHT) or 0
        return weight / self.total if weight <= self.total else 0.0

    def problem(self, reason: Reason, said: str, remedy: str) -> Problem:
        return Problem(self.ingress, self.field, reason, said, remedy)

    def problem_of(self, annotation: str, reason: Reason, said: str, remedy: str) -> Problem:
        return Problem(self.ingress, f"metadata.annotations[{annotation}]", reason, said, remedy)


class Portion(Struct, frozen=True, gc=False):
    """How much of all requests is ``wanted``, 0 to 1, and how closely, where weights can."""

    wanted: float = 0.0
    tolerance: float = TOLERANCE


class Sharing(Struct, frozen=True, gc=False):
    """One Service that shares a backend, and the wishes for it."""

    found: Found
    shares: tuple[Share, ...] = ()
    portion: Portion = Portion()

    @property
    def titles(self) -> tuple[str, ...]:
        """The Ingresses that say so: "shop/canary"."""
        return tuple(f"{share.ingress.namespace}/{share.ingress.name}" for share in self.shares)


def sharings(shares: Iterable[Share], routes: int) -> tuple[tuple[Sharing, ...], list[Problem]]:
    """Return the canaries of a backend that ``routes`` routes lead to, the oldest first, and what is wrong."""
    in_order = sorted(shares, key=lambda share: (share.age, share.field))
    problems: list[Problem] = []
    found: dict[Found, Sharing] = {}
    given = 0.0
    seen: set[tuple[ObjectRef, Found]] = set()
    for share in in_order:
        if (share.ingress, share.found) in seen:
            continue
        seen.add((share.ingress, share.found))
        wanted = share.wanted
        if given + wanted > 1 + 1e-9:
            said = f"older canaries of backend {share.backend} leave {(1 - given) * ALL:.3g} % only, so this one gets nothing"
            remedy = "Make one of the shares smaller"
            problems.append(share.problem_of(CANARY_WEIGHT.annotation, Reason.CLAIMED, said, remedy))
            wanted = 0.0
        given += wanted
        before = found.get(share.found, Sharing(share.found))
        portion = Portion(before.portion.wanted + wanted, min(before.portion.tolerance, 1 / share.total))
        found[share.found] = Sharing(share.found, (*before.shares, share), portion)
    return tuple(found.values()), problems + list(_beyond_their_routes(in_order, routes))


def _beyond_their_routes(in_order: Sequence[Share], routes: int) -> Iterator[Problem]:
    for ingress in dict.fromkeys(share.ingress for share in in_order if share.wanted):
        own = [share for share in in_order if share.ingress == ingress]
        if routes > len(own):
            said = f"{routes - len(own)} more routes lead to backend {own[0].backend}: the share applies to them too"
            remedy = "Give the canary the same paths, or the shared paths a Service of their own"
            yield own[0].problem(Reason.NOT_SUPPORTED, said, remedy)


def joined(stable: Sequence[Endpoint], canaries: Sequence[tuple[Portion, Sequence[Endpoint]]]) -> tuple[Endpoint, ...]:
    """Return all endpoints with the weights that make the shares; an address of several is that of the first."""
    sides: list[Sequence[Endpoint]] = [stable]
    taken = {endpoint.address for endpoint in stable}
    for _, endpoints in canaries:
        sides.append([endpoint for endpoint in endpoints if endpoint.address not in taken])
        taken.update(endpoint.address for endpoint in endpoints)
    weights = share_weights(
        [_taking_requests(side) for side in sides],
        [portion.wanted for portion, _ in canaries],
        min((portion.tolerance for portion, _ in canaries), default=TOLERANCE),
    )
    weighted = (
        replace(endpoint, weight=weight) for side, weight in zip(sides, weights, strict=True) for endpoint in side
    )
    return tuple(sorted(weighted, key=lambda endpoint: (endpoint.address.ip, endpoint.address.port)))


def share_weights(counts: Sequence[int], wanted: Sequence[float], tolerance: float = TOLERANCE) -> tuple[int, ...]:
    """Return the weight, 0 to 256, of each endpoint of the stable Service, then of each canary's.

    ``counts`` are the endpoints of all of them, ``wanted`` the canaries' shares, 0 to 1 and
    no more than 1 together. What weights cannot do, they do as near as can be. A canary
    without endpoints leaves its share to the stable Service; where that has none, the
    canaries take all, but a share of 0 never becomes more.
    """
    canaries = [share if count else 0.0 for count, share in zip(counts[1:], wanted, strict=True)]
    stable = max(0.0, 1 - sum(canaries)) if counts[0] and sum(canaries) < 1 - 1e-9 else 0.0
    everything = stable + sum(canaries)
    shares = [share / everything for share in (stable, *canaries)] if everything else [0.0] * len(counts)
    ratios = [share / count if share else 0.0 for count, share in zip(counts, shares, strict=True)]
    best = [1, *(1 if share else 0 for share in wanted)]
    if sum(canaries) >= 1 - 1e-9:
        best[0] = 0
    if sum(ratio > 0 for ratio in ratios) < 2:
        return tuple(best)
    least_error = 1.0
    for weights in _candidates(ratios):
        error = _error(weights, counts, shares)
        if error < least_error:
            best, least_error = [near or other for near, other in zip(weights, best, strict=True)], error
        if least_error <= tolerance:
            break
    return tuple(best)


def _error(weights: Sequence[int], counts: Sequence[int], shares: Sequence[float]) -> float:
    """How far the share of a canary is off, at most; the stable Service gets the rest."""
    given = [weight * count for weight, count in zip(weights, counts, strict=True)]
    return max(abs(each / sum(given) - share) for each, share in zip(given[1:], shares[1:], strict=True))


def _candidates(ratios: Sequence[float]) -> Iterator[tuple[int, ...]]:
    """Weights near these ratios, the smallest first; 0 where there is no share."""
    highest = max(ratios)
    is_few = sum(ratio > 0 for ratio in ratios) <= FEW_SIDES
    for largest in range(1, MAX_WEIGHT + 1):
        exact = [largest * ratio / highest for ratio in ratios]
        yield from product(*(_near(each, largest, is_few=is_few) for each in exact))


def _near(exact: float, largest: int, *, is_few: bool) -> tuple[int, ...]:
    if not exact:
        return (0,)
    if not is_few:
        return (max(1, round(exact)),)
    lower, upper = max(1, int(exact)), min(largest, int(exact) + 1)
    return (lower,) if lower == upper else (lower, upper)


def _taking_requests(endpoints: Iterable[Endpoint]) -> int:
    return sum(not endpoint.draining for endpoint in endpoints)
