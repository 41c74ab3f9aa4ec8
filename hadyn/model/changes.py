"""What a source says changed: typed deltas, the only thing that enters from the left."""

from __future__ import annotations

from dataclasses import dataclass

from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem


@dataclass(frozen=True, slots=True)
class Changes:
    """One delivery of a source, in full or as a difference.

    ``upserts`` are objects as they are now, ``deletes`` objects that are gone.
    With ``is_complete`` the delivery is everything the source has: whatever it delivered
    before and does not name now is gone. ``problems`` replaces all problems the source
    named before (files it cannot read), None leaves them.
    ``is_operators_own`` says that the objects come from the operator's own folder: those
    may name loopback addresses, objects from Kubernetes may not.
    ``received`` is the monotonic clock, in seconds, when the source learnt of it.
    """

    source: str
    upserts: tuple[KubernetesObject, ...] = ()
    deletes: tuple[ObjectRef, ...] = ()
    problems: tuple[Problem, ...] | None = None
    is_complete: bool = False
    is_operators_own: bool = False
    received: float = 0.0
