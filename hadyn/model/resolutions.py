"""What each host comes to, found by the host and by the backends it leads to.

Rule: a backend is made of what all its hosts say, so whoever settles one finds them here
without going through the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from hadyn.model.canary import Share
from hadyn.model.index import Index
from hadyn.model.routes import Lead, Resolution
from hadyn.model.sayings import affected

_NOTHING = Resolution()


class Resolutions:
    """The hosts that come to something; ANY_HOST, DEFAULT_KEY and ports stand for themselves. One owner."""

    def __init__(self) -> None:
        self._resolutions: dict[str, Resolution] = {}
        self._leading: Index[str, str] = Index()
        self._sharing: Index[str, str] = Index()

    def __iter__(self) -> Iterator[str]:
        return iter(self._resolutions)

    def of(self, host: str) -> Resolution:
        """What a host comes to; nothing where nobody claims it."""
        return self._resolutions.get(host, _NOTHING)

    def routed(self) -> frozenset[str]:
        """Every host that has a route."""
        return frozenset(host for host, resolution in self._resolutions.items() if resolution.routes)

    def leading_to(self, backend: str) -> Collection[str]:
        """The hosts with a route to a backend."""
        return self._leading.of(backend)

    def leads(self, backend: str) -> list[Lead]:
        """How each of its hosts leads to a backend."""
        return [self._resolutions[host].lead(backend) for host in self._leading.of(backend)]

    def shares(self, backend: str) -> list[Share]:
        """The canaries that share a backend."""
        sharing = (self._resolutions[host].shares for host in self._sharing.of(backend))
        return [share for shares in sharing for share in shares if share.backend == backend]

    def replace(self, host: str, after: Resolution) -> set[str]:
        """Take what a host comes to now; return the backends that may be others for it."""
        before = self._resolutions.pop(host, _NOTHING)
        if after.routes or after.problems:
            self._resolutions[host] = after
        leads_before, leads_after = ({lead.found.backend: lead for lead in each.leads} for each in (before, after))
        shared_before, shared_after = ({share.backend for share in each.shares} for each in (before, after))
        found = set(affected(leads_before, leads_after, self._sharing, lambda name: self._others(host, name)))
        if before.shares != after.shares:
            found |= shared_before | shared_after
        self._leading.move(host, leads_before, leads_after)
        self._sharing.move(host, shared_before, shared_after)
        return found

    def _others(self, host: str, backend: str) -> Iterator[Lead]:
        """Yield how other hosts than this one lead to a backend."""
        return (self._resolutions[each].lead(backend) for each in self._leading.of(backend) if each != host)
