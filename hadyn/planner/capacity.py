"""How many slots a backend gets.

Rules (the annotations slots, slots-min-free, slots-increment, slots-max):
a backend starts with ``slots``; out of slots it at least doubles, to a multiple of the
increment that leaves ``slots-min-free`` free; nothing exceeds ``slots-max``. A reload costs
old workers, a free slot 5 kB, so slots are given away only by a reload that happens
anyway, and only when half of them or more would go.
"""

from __future__ import annotations

from hadyn.model.desired import Capacity


def first_slots(capacity: Capacity, *, needed: int) -> int:
    """The size of a backend that HAProxy does not have yet, for ``needed`` endpoints."""
    present = min(capacity.slots, capacity.maximum)
    return present if needed <= present else grown_slots(capacity, present=present, needed=needed)


def grown_slots(capacity: Capacity, *, present: int, needed: int) -> int:
    """The size after a growth from ``present`` slots, too few for ``needed`` endpoints; never below present."""
    at_least = max(2 * present, needed + capacity.min_free)
    return max(present, min(max(_rounded_up(at_least, capacity.increment), capacity.slots), capacity.maximum))


def kept_slots(capacity: Capacity, *, present: int, needed: int, highest: int) -> int:
    """The size that the files give a backend of ``present`` slots, of which number ``highest`` is the last in use."""
    enough = max(first_slots(capacity, needed=needed), highest)
    if needed > capacity.slots:
        enough = max(enough, min(_rounded_up(needed + capacity.min_free, capacity.increment), capacity.maximum))
    return enough if enough <= present // 2 else max(present, highest)


def _rounded_up(number: int, step: int) -> int:
    return -(-number // step) * step
