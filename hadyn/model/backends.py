"""The making of backends: settled when routes or options change, built when asked for.

Rules: a part holds all that endpoints cannot change, so a change of endpoints settles nothing
anew. What nobody has said yet of endpoints is None, not (): whoever sits then stays. What somebody
wishes and cannot have is a problem, and the backend is made without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from hadyn.model.asked_canaries import is_asked_for
from hadyn.model.beside import balance_of, beside_shared, groups_alone, unbalanced, unchosen
from hadyn.model.blue_green import balanced
from hadyn.model.canary import Share, joined, sharings
from hadyn.model.choices import Choices
from hadyn.model.claims import Voice
from hadyn.model.credentials import Credentials, credentials_in, in_namespace, strangers
from hadyn.model.desired import Backend, ByName, Capacity, Discovery, Endpoint, guard_for
from hadyn.model.directives import UsersOf
from hadyn.model.division import replica_count, uncounted
from hadyn.model.dns_endpoints import known_addresses, leads_astray, name_problems, resolved_endpoints, too_many_records
from hadyn.model.endpoints import cluster_endpoints, has_endpoints, listed_endpoints, lists_port, static_endpoints
from hadyn.model.homes import at_home
from hadyn.model.membership import Membership
from hadyn.model.name_book import NameBook
from hadyn.model.nodes import Nodes
from hadyn.model.objects import BackendResource, KubernetesObject, Pod, Secret, Service
from hadyn.model.options.authentication import AUTH_SECRET
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.options.routing import Said, guard
from hadyn.model.options.servers import INITIAL_WEIGHT
from hadyn.model.options.slots import DRAIN_TIME, SLOT_NAMES, SLOTS, SLOTS_INCREMENT, SLOTS_MAX, SLOTS_MIN_FREE
from hadyn.model.parts import Canary, Part
from hadyn.model.passwords import User, UserList, read_users
from hadyn.model.policy import Policy
from hadyn.model.ports import lines_for, server_words_for
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.routes import Lead
from hadyn.model.services import Found
from hadyn.model.standing import Standing
from hadyn.model.store import Held
from hadyn.model.supply import Supply, Wish, backend_supply, nameless, names_no_pods, service_supply, with_addresses

Holding = Callable[[ObjectRef], Held | None]


REHASH = "Hash it anew: htpasswd -nB USER"
MOST_FAULTS = 5
"""So many faults of one Secret are told."""


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
        self.nodes = Nodes()

    def parts(self, leads: Sequence[Lead], shares: Sequence[Share]) -> tuple[Sequence[Part], Sequence[Problem]]:
        """Settle the backend that ``leads`` lead to; return it, those beside it, and what is wrong with its options."""
        found = leads[0].found
        voices = {voice for lead in leads for voice in lead.voices}
        choices = Choices(
            found.source, self._options(found.source), voices, self._standing.of_objects, self._policy.haproxy
        )
        problems = list(choices.problems(found.backend))
        capacity = self._capacity(choices, problems)
        supply = self._supply(found, choices, problems)
        has_homes = choices.value(SLOT_NAMES) is True
        if has_homes and names_no_pods(supply):
            problems.append(nameless(choices.setter(SLOT_NAMES) or found.source))
        directives = lines_for(found.backend, choices.directives())
        server_lines, namespace = choices.server_directives(), found.source.namespace
        problems += (*strangers(choices, namespace), *uncounted(choices, self._policy.peers_service))
        if is_divided := any(line.is_shared for line in server_lines):
            replicas = replica_count(self._policy.peers_service, self._membership)
            server_lines = tuple(line.among(replicas) for line in server_lines)
        part = Part(
            supply,
            capacity,
            directives,
            tuple(in_namespace(line, namespace) for line in server_words_for(found.backend, server_lines)),
            has_homes=has_homes,
            weight=choices.value(INITIAL_WEIGHT) or 1,
            balance=balance_of(choices),
            passwords=_password_secrets(found, voices),
            guards=self._guards(choices, voices),
            credentials=credentials_in(server_lines, namespace),
            is_divided=is_divided,
        )
        if shares:
            canaries, refused = self._canaries(shares, sum(lead.routes for lead in leads), problems)
            problems += refused
            part = replace(part, supply=with_addresses(supply), canaries=canaries)
        if part.balance and (shares or names_no_pods(supply)):
            problems.append(unbalanced(found.source, has_canaries=bool(shares)))
        problems += unchosen(choices, found)
        beside = beside_shared(part) if any(map(is_asked_for, shares)) else groups_alone(part, is_divided=bool(shares))
        return [_spelled(each) for each in (part, *beside)], problems

    def backend(self, part: Part) -> Backend:
        """Build the backend with the endpoints it has now."""
        endpoints = self._endpoints(part.supply)
        endpoints = at_home(endpoints) if endpoints and part.has_homes else endpoints
        if endpoints and part.weight != 1:
            endpoints = tuple(replace(endpoint, weight=part.weight) for endpoint in endpoints)
        if part.balance and endpoints and not part.canaries:
            endpoints = balanced(endpoints, part.balance, self._labels)
        if part.canaries and endpoints is not None:
            of_canaries = [(each.portion, self._endpoints(each.supply)) for each in part.canaries]
            known = [(portion, found) for portion, found in of_canaries if found is not None]
            endpoints = joined(endpoints, known) if len(known) == len(of_canaries) else None
        return Backend(
            name=part.name,
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

    def _canaries(
        self, shares: Sequence[Share], routes: int, problems: list[Problem]
    ) -> tuple[tuple[Canary, ...], list[Problem]]:
        """Settle where the canaries' endpoints come from; ``problems`` are added to."""
        found, refused = sharings(shares, routes)
        canaries = []
        for sharing in found:
            voices = [Voice(share.age, share.options) for share in sharing.shares]
            choices = Choices(sharing.found.source, self._options(sharing.found.source), voices)
            supply = with_addresses(self._supply(sharing.found, choices, problems))
            canaries.append(Canary(supply, sharing.portion, sharing.titles))
        return tuple(canaries), refused

    def _guards(self, choices: Choices, voices: Iterable[Voice]) -> tuple[str, ...]:
        """Name what guards the routes of each Ingress; of all alike where the lines ask for none."""
        named = [(guard(Said(voice.options, self._standing.of_objects)), voice.title) for voice in voices]
        for_all = choices.are_for_all
        return tuple(sorted({each if for_all else guard_for(each, title) for each, title in named if each}))

    def _user_list(self, part: Part, secret: ObjectRef) -> UserList:
        return UserList(UsersOf(secret.name).list_of(part.name), self._users(secret)[0])

    def _users(self, secret: ObjectRef) -> tuple[tuple[User, ...], list[str]]:
        held = self._holding(secret)
        return read_users(held.object.values) if held and isinstance(held.object, Secret) else ((), [])

    def port_problems(self, part: Part) -> list[Problem]:
        """A Service port that none of the Service's slices knows: it would silently get nothing."""
        problems: list[Problem] = []
        for supply, port in part.ports:
            if supply.discovery is not Discovery.ENDPOINTS:
                continue
            listings = self._membership.of(supply.found.source)
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
            for supply in part.supplies
            if supply.questions
            for problem in name_problems(supply, self._names.answers(supply.questions), own_addresses)
        ] + list(too_many_records(part.supply, self._names.answers(part.supply.questions), part.capacity.maximum))

    def _by_name(self, supply: Supply) -> ByName:
        names = self._names.answers(supply.questions)
        own_addresses = self._policy.own_addresses
        addresses = known_addresses(supply, names, own_addresses)
        is_refused = leads_astray(supply, names, own_addresses)
        return ByName(supply.host, supply.port, addresses, is_refused, prefers_ipv6=self._policy.dns_family == "ipv6")

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
        if supply.discovery is Discovery.NODES:
            return self.nodes.endpoints(supply.found.port.node_port, own_addresses)
        if supply.discovery is Discovery.CLUSTERIP:
            return cluster_endpoints(source, supply.found.port, own_addresses)
        assert isinstance(source.object, Service), source
        return listed_endpoints(
            self._membership.of(supply.found.source),
            supply.found.port,
            publishes_not_ready=source.object.publishes_not_ready,
            own_addresses=own_addresses,
        )

    def _labels(self, name: str) -> Mapping[str, str] | None:
        found = self._object(ObjectRef.titled(Pod.kind, name))
        return dict(found.labels) if isinstance(found, Pod) else None

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
            field = SLOTS.field
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
            return backend_supply(found, held.object, self._policy)
        wish = Wish(choices.value(DISCOVERY) or DiscoveryWish.AUTO, choices.setter(DISCOVERY) or found.source)
        has_slices = bool(self._membership.of(found.source))
        supply, problem = service_supply(found, held, wish, self._policy, has_slices=has_slices)
        problems += [problem] if problem else []
        return supply


def _spelled(part: Part) -> Part:
    """Return a part with its lines as they stand in its own section."""
    return replace(part, directives=tuple(line.of(part.name) for line in part.directives))


def _password_secrets(found: Found, voices: Iterable[Voice]) -> tuple[ObjectRef, ...]:
    """Return the Secrets whose users Ingresses ask for, all of the backend's namespace."""
    names = {dict(voice.options).get(AUTH_SECRET.name) for voice in voices}
    return tuple(ObjectRef(Secret.kind, found.source.namespace, name) for name in sorted(map(str, filter(None, names))))
