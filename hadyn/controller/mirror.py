"""Map entries by host: those in the files, those in the running HAProxy.

Map entries are the one thing that is not read back each cycle: HAProxy can only tell them
all, which would make a change cost what all of them cost. They are known from the files
that HAProxy was started with and from commands it answered, and the drift sweep reads
them whole (docs/decisions/0003-map-entries-are-mirrored.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hadyn.model.desired import MapKey, backend_of, host_of
from hadyn.planner.commands import DeleteMapEntry, MapCommand

Entries = Mapping[MapKey, str]

_NONE: Entries = {}


class MapMirror:
    """Entries of all maps, found by host; the entries of one host are replaced, never changed."""

    def __init__(self, hosts: Mapping[str, Entries] | None = None) -> None:
        self._hosts: dict[str, Entries] = dict(hosts or {})

    @classmethod
    def of(cls, entries: Iterable[tuple[MapKey, str]], like: MapMirror | None = None) -> MapMirror:
        """Build a mirror from entries in any order; what is as in another one shares its memory."""
        hosts: dict[str, dict[MapKey, str]] = {}
        for key, value in entries:
            hosts.setdefault(host_of(key), {})[key] = value
        shared = like.of_host if like else hosts.__getitem__
        return cls({host: known if (known := shared(host)) == own else own for host, own in hosts.items()})

    def copy(self) -> MapMirror:
        """Return a mirror of the same entries that changes on its own."""
        return MapMirror(self._hosts)

    def of_host(self, host: str) -> Entries:
        """Return the entries of one host; none where it is not known."""
        return self._hosts.get(host, _NONE)

    def hosts(self) -> frozenset[str]:
        return frozenset(self._hosts)

    def replace(self, host: str, entries: Entries) -> None:
        """Let these be the entries of a host; none forgets it."""
        if entries:
            self._hosts[host] = entries
        else:
            self._hosts.pop(host, None)

    def tell(self, command: MapCommand) -> None:
        """Do what HAProxy did on this command."""
        key = command.map, command.key
        host = host_of(key)
        entries = dict(self.of_host(host))
        if isinstance(command, DeleteMapEntry):
            entries.pop(key, None)
        else:
            entries[key] = command.value
        self.replace(host, entries)

    def items(self) -> Iterator[tuple[MapKey, str]]:
        for entries in self._hosts.values():
            yield from entries.items()

    def hosts_leading_to(self, backend: str) -> frozenset[str]:
        """Return the hosts with a route to a backend; looks at every host."""
        return frozenset(host for host, entries in self._hosts.items() if backend in map(backend_of, entries.values()))
