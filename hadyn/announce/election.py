"""Who of several hadyns speaks: what to do about the lease, decided without I/O.

Rules: clocks of other machines are never compared. A lease has run out when it has not
changed for its own duration by the watcher's monotonic clock. Its holder counts from
before it asked, and stops speaking some seconds before anybody may take the lease.
"""

from __future__ import annotations

from dataclasses import dataclass

DURATION_SECONDS = 10.0
"""So long is nobody else to take a lease that does not change."""
RENEW_SECONDS = 3.0
SPEAK_SECONDS = 7.0
"""So long after its last renewal a holder still speaks: well before others may take over."""
LOOK_SECONDS = 2.0
"""How often the others look."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as the apiserver has it; ``holder`` is "" where nobody holds it."""

    holder: str
    duration_seconds: float
    transitions: int
    resource_version: str


@dataclass(frozen=True, slots=True)
class Create:
    """Make the lease, held by us."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Update:
    """Replace the lease, if it still is of this resourceVersion."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Look:
    """Leave it to its holder, and look again after so many seconds."""

    seconds: float


class Election:
    """One candidate's view. ``now`` is always monotonic seconds."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self._seen_version = ""
        self._seen_at = 0.0
        self._renewed_at: float | None = None

    def leads(self, now: float) -> bool:
        """Whether this candidate may speak."""
        return self._renewed_at is not None and now - self._renewed_at < SPEAK_SECONDS

    def act(self, lease: Lease | None, now: float) -> Create | Update | Look:
        """Say what to do about the lease as it was just read (None: there is none)."""
        if lease is None:
            return Create(Lease(self.identity, DURATION_SECONDS, 0, ""))
        if lease.resource_version != self._seen_version:
            self._seen_version, self._seen_at = lease.resource_version, now
        if lease.holder == self.identity:
            return Update(self._held(lease, lease.transitions))
        if lease.holder == "" or now - self._seen_at >= lease.duration_seconds:
            return Update(self._held(lease, lease.transitions + 1))
        return Look(LOOK_SECONDS)

    def renewed(self, asked_at: float, resource_version: str) -> None:
        """Take note that the lease is ours since we asked."""
        self._renewed_at = asked_at
        self._seen_version, self._seen_at = resource_version, asked_at

    def lost(self) -> None:
        """Take note that somebody else has written the lease."""
        self._renewed_at = None

    def released(self, lease: Lease) -> Lease:
        """Return the lease as whoever stops leaves it: free at once."""
        self._renewed_at = None
        return Lease("", 1.0, lease.transitions, lease.resource_version)

    def _held(self, lease: Lease, transitions: int) -> Lease:
        return Lease(self.identity, DURATION_SECONDS, transitions, lease.resource_version)
