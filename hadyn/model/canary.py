"""Further Services that take a share of a backend's requests.

Rules: the shares are made of slot weights, as small as they can be while each is within one
point of the wanted percentage; a share belongs to the whole backend, since a slot has
one weight. Shares add up; what goes beyond all is not given to the youngest canary Ingress.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.desired import Endpoint
from hadyn.model.objects import Age, Ingress, Options
from hadyn.model.options.canary import ALL, CANARY_WEIGHT, CANARY_WEIGHT_TOTAL
from hadyn.model.options.option import Option
from hadyn.model.options.routing import Said
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.services import Found
from hadyn.model.weights import TOLERANCE, share_weights


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

    def problem_of(self, option: Option[Any], reason: Reason, said: str, remedy: str) -> Problem:
        return Problem(self.ingress, option.field, reason, said, remedy)


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
            problems.append(share.problem_of(CANARY_WEIGHT, Reason.CLAIMED, said, remedy))
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


def _taking_requests(endpoints: Iterable[Endpoint]) -> int:
    return sum(not endpoint.draining for endpoint in endpoints)
