"""What a backend is made of: settled when routes or options change, built when asked for.

Rule: a ``Part`` holds all that does not come from endpoints, so a change of endpoints
settles nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.canary import Share, chosen_share, joined
from hadyn.model.choices import Choices
from hadyn.model.claims import Voice
from hadyn.model.credentials import Credential, Credentials, credentials_in, in_namespace, strangers
from hadyn.model.desired import Backend, ByName, Capacity, Discovery, Endpoint
from hadyn.model.directives import Directive, UsersOf
from hadyn.model.dns_endpoints import leads_astray, name_problems, resolved_endpoints, too_many_records
from hadyn.model.endpoints import cluster_endpoints, has_endpoints, listed_endpoints, lists_port, static_endpoints
from hadyn.model.homes import at_home
from hadyn.model.membership import Membership
from hadyn.model.name_book import NameBook
from hadyn.model.names import PEERS
from hadyn.model.objects import BackendResource, KubernetesObject, Secret, Service
from hadyn.model.options.authentication import AUTH_SECRET
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.options.routing import Said, guard
from hadyn.model.options.servers import INITIAL_WEIGHT
from hadyn.model.options.slots import DRAIN_TIME, SLOT_NAMES, SLOTS, SLOTS_INCREMENT, SLOTS_MAX, SLOTS_MIN_FREE
from hadyn.model.passwords import User, UserList, read_users
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.resolved import DnsQuestion
from hadyn.model.routes import Lead
from hadyn.model.services import Found
from hadyn.model.standing import Standing
from hadyn.model.store import Held
from hadyn.model.supply import Supply, Wish, backend_supply, nameless, names_no_pods, service_supply, with_addresses

Holding = Callable[[ObjectRef], Held | None]


REHASH = "Hash it anew: htpasswd -nB USER"
MOST_FAULTS = 5
"""So many faults of one Secret are told."""


class Part(Struct, frozen=True, gc=False):
    """A backend without its endpoints. ``canary`` shares it with ``percent`` of the requests.

    ``passwords`` are the Secrets whose users it asks for, sorted. ``weight`` is that of each
    slot, unless a canary makes the weights.
    """

    supply: Supply
    capacity: Capacity
    directives: tuple[Directive, ...] = ()
    server_directives: tuple[Directive, ...] = ()
    canary: Supply | None = None
    canary_ingress: str | None = None
    percent: int = 0
    has_homes: bool = False
    weight: int = 1
    passwords: tuple[ObjectRef, ...] = ()
    guards: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()

    @property
    def sources(self) -> tuple[ObjectRef, ...]:
        """The Services (or Backends) whose endpoints stand in this backend."""
        own = self.supply.found.source
        return (own,) if self.canary is None else (own, self.canary.found.source)

    @property
    def remembers_clients(self) -> bool:
        """Whether the backend has a table that HAProxy shall not lose."""
        return any(PEERS in line.words for line in self.directives)

    @property
    def questions(self) -> tuple[DnsQuestion, ...]:
        """The names whose addresses stand in this backend."""
        return self.supply.questions + (self.canary.questions if self.canary else ())

    def port_of(self, question: DnsQuestion) -> int:
        """The port of a name's addresses in this backend, 0 where its records say it."""
        is_canary = self.canary is not None and question not in self.supply.questions
        return self.canary.port if self.canary is not None and is_canary else self.supply.port


class Workshop:
    """Makes parts and backends from what the store, the slices and DNS say."""

    def __init__(
        self, policy: Policy, holding: Holding, membership: Membership, names: NameBook, standing: Standing
    ) -> None:
        self._policy = policy
        self._standing = standing
        self._holding = holding
        self._membership = membership
        self._names = names
        self.credentials = Credentials(self._object)

    def part(self, leads: Sequence[Lead], shares: Sequence[Share]) -> tuple[Part, list[Problem]]:
        """Settle the backend that ``leads`` lead to; return it with what is wrong with its options."""
        found = leads[0].found
        voices = {voice for lead in leads for voice in lead.voices}
        choices = Choices(found.source, self._options(found.source), voices, self._standing.of_objects)
        problems = list(choices.problems(found.backend))
        capacity = self._capacity(choices, problems)
        supply = self._supply(found, choices, problems)
        has_homes = choices.value(SLOT_NAMES) is True
        if has_homes and names_no_pods(supply):
            problems.append(nameless(choices.setter(SLOT_NAMES) or found.source))
        share, refused = chosen_share(shares, sum(lead.routes for lead in leads))
        problems += refused
        directives = tuple(line.of(found.backend) for line in choices.directives())
        server_lines, namespace = choices.server_directives(), found.source.namespace
        problems += strangers(choices, namespace)
        part = Part(
            supply,
            capacity,
            directives,
            tuple(in_namespace(line, namespace) for line in server_lines),
            has_homes=has_homes,
            weight=choices.value(INITIAL_WEIGHT) or 1,
            passwords=_password_secrets(found, voices),
            guards=self._guards(voices),
            credentials=credentials_in(server_lines, namespace),
        )
        if share is None:
            return part, problems
        canary_choices = Choices(
            share.found.source, self._options(share.found.source), [Voice(share.age, share.options)]
        )
        canary = with_addresses(self._supply(share.found, canary_choices, problems))
        title = f"{share.ingress.namespace}/{share.ingress.name}"
        shared = replace(
            part, supply=with_addresses(supply), canary=canary, canary_ingress=title, percent=share.percent
        )
        return shared, problems

    def backend(self, part: Part) -> Backend:
        """Build the backend with the endpoints it has now."""
        endpoints = self._endpoints(part.supply)
        endpoints = at_home(endpoints) if endpoints and part.has_homes else endpoints
        if endpoints and part.weight != 1:
            endpoints = tuple(replace(endpoint, weight=part.weight) for endpoint in endpoints)
        if part.canary is not None and endpoints is not None:
            of_canary = self._endpoints(part.canary)
            endpoints = None if of_canary is None else joined(endpoints, of_canary, part.percent)
        return Backend(
            name=part.supply.found.backend,
            service=part.supply.found.title,
            endpoints=endpoints or (),
            capacity=part.capacity,
            discovery=part.supply.discovery,
            directives=part.directives,
            server_directives=part.server_directives,
            knows_endpoints=endpoints is not None,
            by_name=self._by_name(part.supply) if part.supply.host else None,
            user_lists=tuple(self._user_list(part, secret) for secret in part.passwords),
            guards=part.guards,
        )

    def secret_problems(self, part: Part) -> list[Problem]:
        """What is wrong with the Secrets that a backend needs; that one is missing is said of who refers to it."""
        of_users = [
            Problem(secret, "data", Reason.INVALID_VALUE, said, REHASH)
            for secret in part.passwords
            for said in self._users(secret)[1][:MOST_FAULTS]
        ]
        return of_users + self.credentials.problems(part.supply.found.backend)

    def _guards(self, voices: Iterable[Voice]) -> tuple[str, ...]:
        guards = {guard(Said(voice.options, self._standing.of_objects)) for voice in voices}
        return tuple(sorted(guards - {""}))

    def _user_list(self, part: Part, secret: ObjectRef) -> UserList:
        return UserList(UsersOf(secret.name).list_of(part.supply.found.backend), self._users(secret)[0])

    def _users(self, secret: ObjectRef) -> tuple[tuple[User, ...], list[str]]:
        held = self._holding(secret)
        return read_users(held.object.values) if held and isinstance(held.object, Secret) else ((), [])

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

    def name_problems(self, part: Part) -> list[Problem]:
        """What DNS has against the names of a backend."""
        own_addresses = self._policy.own_addresses
        return [
            problem
            for supply in (part.supply, part.canary)
            if supply is not None and supply.questions
            for problem in name_problems(supply, self._names.answers(supply.questions), own_addresses)
        ] + list(too_many_records(part.supply, self._names.answers(part.supply.questions), part.capacity.maximum))

    def _by_name(self, supply: Supply) -> ByName:
        names = self._names.answers(supply.questions)
        own_addresses = self._policy.own_addresses
        known = resolved_endpoints(names, supply.port, own_addresses) or ()
        addresses = tuple(endpoint.address for endpoint in known)
        return ByName(supply.host, supply.port, addresses, leads_astray(supply, names, own_addresses))

    def _endpoints(self, supply: Supply) -> tuple[Endpoint, ...] | None:
        """Return the endpoints of one supply; None while nothing is known of them."""
        own_addresses = self._policy.own_addresses
        if supply.discovery is Discovery.DNS:
            return resolved_endpoints(self._names.answers(supply.questions), supply.port, own_addresses)
        if supply.discovery is Discovery.FQDN:
            return ()
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

    def _object(self, ref: ObjectRef) -> KubernetesObject | None:
        held = self._holding(ref)
        return held.object if held else None

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
            drain_seconds=None if (drain := choices.value(DRAIN_TIME)) is None else drain / 1000,
        )

    def _supply(self, found: Found, choices: Choices, problems: list[Problem]) -> Supply:
        """Settle where endpoints come from; a wish that cannot be granted is a problem."""
        held = self._holding(found.source)
        assert held is not None, found
        if isinstance(held.object, BackendResource):
            return backend_supply(found, held.object)
        wish = Wish(choices.value(DISCOVERY) or DiscoveryWish.AUTO, choices.setter(DISCOVERY) or found.source)
        has_slices = bool(self._membership.of(found.source))
        supply, problem = service_supply(found, held, wish, self._policy, has_slices=has_slices)
        problems += [problem] if problem else []
        return supply


def _password_secrets(found: Found, voices: Iterable[Voice]) -> tuple[ObjectRef, ...]:
    """Return the Secrets whose users Ingresses ask for, all of the backend's namespace."""
    names = {dict(voice.options).get(AUTH_SECRET.name) for voice in voices}
    return tuple(ObjectRef(Secret.kind, found.source.namespace, name) for name in sorted(map(str, filter(None, names))))
