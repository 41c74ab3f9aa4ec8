"""In which order to ask DNS servers: those that answered go first.

Rules: one server is asked at a time, the first of the list while it answers; one that was
silent is passed over until, half a minute later, a single lookup tries it again, so that a
dead server costs its timeout once and not with every name. Two servers that disagree
therefore never take turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from hadyn.model.addresses import Address

REST_SECONDS = 30.0


class ServerOrder:
    """The servers and when each was silent. ``now`` is monotonic seconds everywhere."""

    def __init__(self, servers: Sequence[Address], *, rotates: bool = False) -> None:
        self.servers = tuple(servers)
        self._rotates = rotates
        self._rests_until: dict[Address, float] = {}
        self._answered_at: dict[Address, float] = {}

    def order(self, name: str, now: float) -> tuple[Address, ...]:
        """Return all servers, best first, for one lookup of a name."""
        first = crc32(name.encode()) % len(self.servers) if self._rotates and self.servers else 0
        in_turn = (*self.servers[first:], *self.servers[:first])
        if not self._rests_until:
            return in_turn
        for server in in_turn:
            if self._rests_until.get(server, now + 1) <= now:
                self._rests_until[server] = now + REST_SECONDS
                return (server, *sorted((each for each in in_turn if each != server), key=self._is_resting))
        return tuple(sorted(in_turn, key=self._is_resting))

    def answered(self, server: Address, now: float) -> None:
        self._answered_at[server] = now
        self._rests_until.pop(server, None)

    def was_silent(self, server: Address, *, asked_at: float, now: float) -> None:
        """Note that a query of ``asked_at`` got no answer."""
        if self._answered_at.get(server, asked_at) <= asked_at:
            self._rests_until[server] = now + REST_SECONDS

    def silent(self) -> tuple[Address, ...]:
        """Return those that did not answer when they were asked last."""
        return tuple(server for server in self.servers if server in self._rests_until)

    def _is_resting(self, server: Address) -> bool:
        return server in self._rests_until
