"""Small whole weights that divide requests as wished.

Rule: weights are as small as they can be while each share is within a tolerance of what is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from hadyn.model.desired import MAX_WEIGHT

TOLERANCE = 0.01
FEW_SIDES = 4
"""Of so many sides, all pairs of near weights are tried."""


def share_weights(counts: Sequence[int], wanted: Sequence[float], tolerance: float = TOLERANCE) -> tuple[int, ...]:
    """Return the weight, 0 to 256, of each endpoint of the stable Service, then of each canary's.

    ``counts`` are the endpoints of all of them, ``wanted`` the canaries' shares, 0 to 1 and
    no more than 1 together. What weights cannot do, they do as near as can be. A canary
    without endpoints leaves its share to the stable Service; where that has none, the
    canaries take all, but a share of 0 never becomes more.
    """
    canaries = [share if count else 0.0 for count, share in zip(counts[1:], wanted, strict=True)]
    is_all = sum(canaries) >= 1 - 1e-9
    stable = max(0.0, 1 - sum(canaries)) if counts[0] and not is_all else 0.0
    absent = (0 if is_all else 1, *(1 if share else 0 for share in wanted))
    near = weights_near(counts, (stable, *canaries), tolerance)
    return tuple(weight or other for weight, other in zip(near, absent, strict=True))


def weights_near(counts: Sequence[int], parts: Sequence[float], tolerance: float = TOLERANCE) -> tuple[int, ...]:
    """Return the weight of each endpoint of so many sides, whose shares are as these parts; 0 for a side without either."""
    present = [part if count else 0.0 for count, part in zip(counts, parts, strict=True)]
    shares = [part / sum(present) if part else 0.0 for part in present]
    ratios = [share / count if share else 0.0 for count, share in zip(counts, shares, strict=True)]
    best = tuple(1 if ratio else 0 for ratio in ratios)
    if sum(best) < 2:
        return best
    least_error = 1.0
    for weights in _candidates(ratios):
        error = _error(weights, counts, shares)
        if error < least_error:
            best, least_error = weights, error
        if least_error <= tolerance:
            break
    return best


def _error(weights: Sequence[int], counts: Sequence[int], shares: Sequence[float]) -> float:
    """How far a share is off, at most; the first side gets the rest."""
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
