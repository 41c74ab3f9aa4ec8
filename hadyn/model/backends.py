"""What a backend is made of: settled when routes or options change, built when asked for.

Rule: a ``Part`` holds all that does not come from endpoints, so a change of endpoints
settles nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from hadyn.model.canary import Share, chosen_share, joined
from hadyn.model.choices import Choices
from hadyn.model.claims import Voice
from hadyn.model.desired import Backend, Capacity, Discovery, Endpoint
from hadyn.model.directives import Directive
from hadyn.model.endpoints import cluster_endpoints, has_endpoints, listed_endpoints, lists_port, static_endpoints
from hadyn.model.membership import Membership
from hadyn.model.objects import BackendResource, Service
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.options.slots import SLOTS, SLOTS_INCREMENT, SLOTS_MAX, SLOTS_MIN_FREE
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.routes import Lead
from hadyn.model.services import Found
from hadyn.model.store import Held

Holding = Callable[[ObjectRef], Held | None]


class Supply(Struct, frozen=True, gc=False):
    """Where endpoints come from: which object, which of its ports, and how."""

    found: Found
    discovery: Discovery


class Part(Struct, frozen=True, gc=False):
    """A backend without its endpoints. ``canary`` shares it with ``percent`` of the requests."""

    supply: Supply
    capacity: Capacity
    directives: tuple[Directive, ...] = ()
    server_directives: tuple[Directive, ...] = ()
    canary: Supply | None = None
    canary_ingress: str | None = None
    percent: int = 0

    @property
    def sources(self) -> tuple[ObjectRef, ...]:
        """The Services (or Backends) whose endpoints stand in this backend."""
        own = self.supply.found.source
        return (own,) if self.canary is None else (own, self.canary.found.source)


class Workshop:
    """Makes parts and backends from what the store and the slices say."""

    def __init__(self, policy: Policy, holding: Holding, membership: Membership) -> None:
        self._policy = policy
        self._holding = holding
        self._membership = membership

    def part(self, leads: Sequence[Lead], shares: Sequence[Share]) -> tuple[Part, list[Problem]]:
        """Settle the backend that ``leads`` lead to; return it with what is wrong with its options."""
        found = leads[0].found
        choices = Choices(found.source, self._options(found.source), {voice for lead in leads for voice in lead.voices})
        problems = list(choices.problems(found.backend))
        capacity = self._capacity(choices, problems)
        supply = Supply(found, self._discovery(found, choices, problems))
        share, refused = chosen_share(shares, sum(lead.routes for lead in leads))
        problems += refused
        directives, server_directives = choices.directives(), choices.server_directives()
        if share is None:
            return Part(supply, capacity, directives, server_directives), problems
        canary_choices = Choices(
            share.found.source, self._options(share.found.source), [Voice(share.age, share.options)]
        )
        canary = Supply(share.found, self._discovery(share.found, canary_choices, problems))
        title = f"{share.ingress.namespace}/{share.ingress.name}"
        return Part(supply, capacity, directives, server_directives, canary, title, share.percent), problems

    def backend(self, part: Part) -> Backend:
        """Build the backend with the endpoints it has now."""
        endpoints = self._endpoints(part.supply)
        if part.canary is not None:
            endpoints = joined(endpoints, self._endpoints(part.canary), part.percent)
        return Backend(
            name=part.supply.found.backend,
            service=part.supply.found.title,
            endpoints=endpoints,
            capacity=part.capacity,
            discovery=part.supply.discovery,
            directives=part.directives,
            server_directives=part.server_directives,
        )

    def port_problems(self, part: Part) -> list[Problem]:
        """A Service port that none of the Service's slices knows: it would silently get nothing."""
        problems: list[Problem] = []
        for supply in (part.supply, part.canary):
            if supply is None or supply.found.port is None or supply.discovery is not Discovery.ENDPOINTS:
                continue
            listings = self._membership.of(supply.found.source)
            port = supply.found.port
            if has_endpoints(listings) and not lists_port(listings, port):
                called = f"named {port.name}" if port.name else "without a name"
                kinds = " or ".join(sorted({held.object.kind for held in listings}))
                said = f"no {kinds} of the Service has a port {called}, so port {port.number} has no endpoints"
                remedy = "Give the port the same name there"
                problems.append(Problem(supply.found.source, "spec.ports", Reason.NOT_FOUND, said, remedy))
        return problems

    def _endpoints(self, supply: Supply) -> tuple[Endpoint, ...]:
        own_addresses = self._policy.own_addresses
        source = self._holding(supply.found.source)
        assert source is not None, supply
        if supply.found.port is None:
            return static_endpoints(source, own_addresses)
        if supply.discovery is Discovery.CLUSTERIP:
            return cluster_endpoints(source, supply.found.port, own_addresses)
        assert isinstance(source.object, Service), source
        return listed_endpoints(
            self._membership.of(supply.found.source),
            supply.found.port,
            publishes_not_ready=source.object.publishes_not_ready,
            own_addresses=own_addresses,
        )

    def _options(self, source: ObjectRef) -> tuple[tuple[str, object], ...]:
        held = self._holding(source)
        return held.object.options if held else ()

    def _capacity(self, choices: Choices, problems: list[Problem]) -> Capacity:
        flags = self._policy.capacity
        maximum = choices.value(SLOTS_MAX) or flags.maximum
        slots = choices.value(SLOTS) or flags.slots
        setter = choices.setter(SLOTS)
        if slots > maximum and setter is not None:
            said = f"{slots} slots are more than {maximum}, the most this backend may have"
            field = f"metadata.annotations[{SLOTS.annotation}]"
            problems.append(Problem(setter, field, Reason.INVALID_VALUE, said, f"Raise {SLOTS_MAX.annotation}"))
        min_free = choices.value(SLOTS_MIN_FREE)
        return Capacity(
            slots=min(slots, maximum),
            min_free=flags.min_free if min_free is None else min_free,
            increment=choices.value(SLOTS_INCREMENT) or flags.increment,
            maximum=maximum,
        )

    def _discovery(self, found: Found, choices: Choices, problems: list[Problem]) -> Discovery:
        """Work out the discovery that is used; what does not work yet is a problem and becomes ``endpoints``."""
        held = self._holding(found.source)
        assert held is not None, found
        if isinstance(held.object, BackendResource):
            return Discovery(held.object.discovery)
        assert isinstance(held.object, Service), held
        wish = choices.value(DISCOVERY)
        setter = choices.setter(DISCOVERY) or found.source
        field = f"metadata.annotations[{DISCOVERY.annotation}]"
        if wish is DiscoveryWish.AUTO:
            wish, field = DiscoveryWish.ENDPOINTS, "spec.clusterIP"
            if held.object.is_headless and self._policy.headless == DiscoveryWish.DNS:
                wish = DiscoveryWish.DNS
        if wish is DiscoveryWish.CLUSTERIP and not held.object.cluster_ip:
            said = f"{found.source} has no clusterIP, so its endpoints are used"
            problems.append(Problem(setter, field, Reason.INVALID_VALUE, said, "Use endpoints"))
            return Discovery.ENDPOINTS
        if wish in (DiscoveryWish.DNS, DiscoveryWish.FQDN, DiscoveryWish.NODES):
            said = f"discovery {wish} does not work yet, so the Service's endpoints are used"
            problems.append(Problem(setter, field, Reason.NOT_SUPPORTED, said, "Use endpoints or clusterip"))
            return Discovery.ENDPOINTS
        return Discovery(wish or DiscoveryWish.ENDPOINTS)
