"""What replicas of hadyn have of a number that is for all of them together.

Rule: where nobody says how many there are, each has the whole number, and whoever asked for less is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from hadyn.model.choices import Choices
from hadyn.model.main_wish import replicas_in
from hadyn.model.membership import Membership
from hadyn.model.objects import Service
from hadyn.model.options.servers import MAXCONN_DIVIDED
from hadyn.model.problems import ObjectRef, Problem, Reason


def replica_count(peers_service: str, membership: Membership) -> int:
    """Return how many replicas there are; 0 where nobody says so, or none is known yet."""
    peers = ObjectRef.titled(Service.kind, peers_service)
    return len(replicas_in(membership.of(peers)))


def uncounted(choices: Choices, peers_service: str) -> Iterator[Problem]:
    """Yield that nobody knows the number of replicas, where somebody wants it."""
    setter = choices.setter(MAXCONN_DIVIDED)
    if setter is not None and choices.value(MAXCONN_DIVIDED) and not peers_service:
        field = MAXCONN_DIVIDED.field
        said = "how many replicas of hadyn there are is not known: each has the whole number"
        yield Problem(setter, field, Reason.NOT_SUPPORTED, said, "Have hadyn run with --peers-service")
