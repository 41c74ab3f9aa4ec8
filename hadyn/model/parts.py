"""What a backend is made of, but for its endpoints, and who else of the same Service is.

Rules: a ``Part`` holds all that does not come from endpoints, so a change of endpoints
settles nothing anew. A backend with canaries that requests ask for has further ones beside
it, with the same lines: the stable Service alone, and each canary alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from hadyn.model.blue_green import Balance
from hadyn.model.canary import Portion
from hadyn.model.credentials import Credential
from hadyn.model.desired import Capacity
from hadyn.model.directives import Directive
from hadyn.model.names import PEERS
from hadyn.model.objects import ServicePort
from hadyn.model.problems import ObjectRef
from hadyn.model.resolved import DnsQuestion
from hadyn.model.supply import Supply


class Canary(Struct, frozen=True, gc=False):
    """A Service with a share of a backend: where its endpoints come from, and the Ingresses that say so."""

    supply: Supply
    portion: Portion
    ingresses: tuple[str, ...]


class Part(Struct, frozen=True, gc=False):
    """A backend without its endpoints. ``canaries`` share it, the oldest first.

    ``passwords`` are the Secrets whose users it asks for, sorted. ``weight`` is that of each slot,
    unless a canary or ``balance`` makes the weights. ``credentials`` are the files that its server
    lines name. One that ``is_divided`` depends on how many replicas there are.
    """

    supply: Supply
    capacity: Capacity
    directives: tuple[Directive, ...] = ()
    server_directives: tuple[Directive, ...] = ()
    canaries: tuple[Canary, ...] = ()
    has_homes: bool = False
    weight: int = 1
    balance: Balance | None = None
    passwords: tuple[ObjectRef, ...] = ()
    guards: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    is_divided: bool = False

    @property
    def name(self) -> str:
        """HAProxy's name for the backend."""
        return self.supply.found.backend

    @property
    def supplies(self) -> tuple[Supply, ...]:
        """Its own, then those of its canaries."""
        return (self.supply, *(canary.supply for canary in self.canaries))

    @property
    def sources(self) -> tuple[ObjectRef, ...]:
        """The Services (or Backends) whose endpoints stand in this backend."""
        return tuple(dict.fromkeys(supply.found.source for supply in self.supplies))

    @property
    def canary_ingresses(self) -> str | None:
        """The Ingresses that share it, as people write them, None without any."""
        titles = (title for canary in self.canaries for title in canary.ingresses)
        return ", ".join(dict.fromkeys(titles)) or None

    @property
    def remembers_clients(self) -> bool:
        """Whether the backend has a table that HAProxy shall not lose."""
        return any(PEERS in line.words for line in self.directives)

    @property
    def questions(self) -> tuple[DnsQuestion, ...]:
        """The names whose addresses stand in this backend, each once."""
        return tuple(dict.fromkeys(question for supply in self.supplies for question in supply.questions))

    def port_of(self, question: DnsQuestion) -> int:
        """The port of a name's addresses in this backend, 0 where its records say it."""
        return next((each.port for each in self.supplies if question in each.questions), self.supply.port)

    @property
    def ports(self) -> Iterator[tuple[Supply, ServicePort]]:
        """The Services that are looked up in slices, if any, and the port of each."""
        return ((supply, supply.found.port) for supply in self.supplies if supply.found.port is not None)


class Parts:
    """All parts by name, those beside a backend with it; one owner."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}
        self._beside: dict[str, tuple[str, ...]] = {}
        self._bases: dict[str, str] = {}

    def get(self, name: str) -> Part | None:
        return self._parts.get(name)

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def divided(self) -> Iterator[str]:
        """Yield those that depend on the number of replicas; it goes through all, as the reload for that number does."""
        return (name for name, part in self._parts.items() if part.is_divided)

    def bases(self, names: Iterable[str]) -> set[str]:
        """Return the backends that these are, or stand beside."""
        return {self._bases.get(name, name) for name in names}

    def with_beside(self, names: Iterable[str]) -> Iterator[str]:
        """Yield these backends, each with those beside it."""
        for name in names:
            yield name
            yield from self._beside.get(name, ())

    def replace(self, base: str, parts: Iterable[Part]) -> list[tuple[str, Part | None, Part | None]]:
        """Let these be a backend and those beside it; return the name of each, what it was, what it is."""
        after = {part.name: part for part in parts}
        before = {name: self._parts.pop(name, None) for name in self.with_beside((base,))}
        for name in self._beside.pop(base, ()):
            del self._bases[name]
        self._parts.update(after)
        beside = tuple(name for name in after if name != base)
        if beside:
            self._beside[base] = beside
            self._bases.update(dict.fromkeys(beside, base))
        return [(name, before.get(name), after.get(name)) for name in {**before, **after}]
