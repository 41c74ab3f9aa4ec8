"""Which routes a host has, out of all that Ingresses claim.

Rules: of equal paths the one of the oldest Ingress counts. A host belongs to the
namespace whose Ingress claimed it first, all its paths included, so that nobody takes
over part of a neighbour's host; ``shared_hosts`` allows it. A defaultBackend counts only
where nobody claims "/".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from msgspec import Struct

from hadyn.model.asked_canaries import asking, asking_problems, unheard
from hadyn.model.canary import Share
from hadyn.model.claims import Claim, Voice
from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, MapKey, Route, is_nameless, wildcard_of
from hadyn.model.expressed_routes import ranked
from hadyn.model.extras import NONE, Extra, Extras, HostExpression
from hadyn.model.handshakes import believed
from hadyn.model.header_routes import HeaderRoutes, Match, unlike_headers, unmatched
from hadyn.model.networks import Access
from hadyn.model.objects import NEVER, Ingress, Options, PathRule
from hadyn.model.options.asking import MOST_NAMES
from hadyn.model.options.canary import CANARY_BY_HEADER
from hadyn.model.options.client_certificates import asks_for_certificates, demanded
from hadyn.model.options.header_matches import Conditions, conditions_of
from hadyn.model.options.option import RouteFacts
from hadyn.model.options.passthrough import (
    passes_tls,
    without_passthrough,
)
from hadyn.model.options.routing import route_access, route_faults, route_fields
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.services import Find, Found
from hadyn.model.targets import Targets


class Lead(Struct, frozen=True, gc=False):
    """How one host leads to a backend: by how many routes, of which Ingresses."""

    found: Found
    routes: int
    voices: tuple[Voice, ...]


class Resolution(Struct, frozen=True, gc=False):
    """What one host comes to. ``routes`` are sorted by key, without canaries; ``leads`` by backend, each once."""

    routes: tuple[Route, ...] = ()
    leads: tuple[Lead, ...] = ()
    shares: tuple[Share, ...] = ()
    problems: tuple[Problem, ...] = ()
    extras: Extras = NONE

    def lead(self, backend: str) -> Lead:
        """How this host leads to a backend, which it does."""
        return self.leads[bisect_left(self.leads, backend, key=lambda lead: lead.found.backend)]


def resolve(
    host: str, claims: Sequence[Claim], find: Find, *, shared_hosts: bool, standing: Options = ()
) -> Resolution:
    """Return the routes of one host; ``claims`` come oldest first, ``standing`` options hold where an Ingress says nothing."""
    resolving = _Resolving(host, find, standing)
    owner = next((claim for claim in claims if not claim.is_canary), None)
    is_owned = host != DEFAULT_KEY and not shared_hosts
    resolving.expression = claims[0].ingress.rules_of(host).expression if claims and host != DEFAULT_KEY else ""
    resolving.believed = believed(host, claims, shared_hosts=shared_hosts)
    resolving.has_tls = any(
        _names_in_tls(claim.ingress, host) or passes_tls(claim.ingress.options)
        for claim in claims
        if not (is_owned and owner and claim.ingress.namespace != owner.ingress.namespace)
    )
    for wants_default in (False, True):
        for claim in claims:
            if claim.is_canary:
                continue
            if is_owned and owner and claim.ingress.namespace != owner.ingress.namespace:
                resolving.refuse(claim, owner.ingress)
                continue
            for path in claim.paths:
                if path.is_default == wants_default:
                    resolving.route(claim.ingress, path)
    for claim in claims:
        if claim.is_canary:
            resolving.share(claim)
    return resolving.resolution()


class _Resolving:
    """Gathers what one host comes to."""

    def __init__(self, host: str, find: Find, standing: Options) -> None:
        self._host = host
        self._standing = standing
        self.has_tls = False
        self.expression = ""
        self.believed: ObjectRef | None = None
        self._asks_for_certificates = False
        self._lists: dict[ObjectRef, Access | None] = {}
        self._routes: dict[tuple[MapKey, Conditions | None], tuple[Route, PathRule, Ingress]] = {}
        self._leads: dict[str, tuple[Found, list[Voice]]] = {}
        self._shares: list[Share] = []
        self._shares_of: dict[MapKey, list[Share]] = {}
        self._problems: dict[Problem, None] = {}
        self._targets = Targets(find, self._problems)
        self._has_stand_in = False

    @property
    def _called(self) -> str:
        """The host, for people."""
        if self.expression:
            return f"what matches {self.expression}"
        return "any host" if self._host == ANY_HOST else self._host

    def refuse(self, claim: Claim, owner: Ingress) -> None:
        """The host belongs to another namespace."""
        said = f"{self._called} belongs to namespace {owner.namespace}: {owner.ref} {claimed(owner)}"
        remedy = "Use another host, or --shared-hosts"
        self._problems[Problem(claim.ingress.ref, claim.paths[0].field, Reason.CLAIMED, said, remedy)] = None

    def route(self, ingress: Ingress, rule: PathRule) -> None:
        """Add a route, if its key is free."""
        route = Route(self._host, rule.path, rule.is_exact, None, ingress.title, expression=rule.expression)
        conditions = conditions_of(ingress.options)
        if conditions is not None:
            fault = unlike_headers(conditions, self._host, rule, ingress)
            if fault or not conditions:
                self._problems.update(dict.fromkeys([unmatched(ingress, fault)] if fault else []))
                return
            route = replace(route, condition=", ".join(map(str, conditions)))
        place = route.key, conditions
        if place not in self._routes:
            self._routes[place] = (self._led(route, ingress, rule), rule, ingress)
            return
        _, winning_rule, winner = self._routes[place]
        if winner is not ingress and (not rule.is_default or winning_rule.is_default):
            said = f"{self._spelled(rule)}: {winner.ref} {claimed(winner)}"
            self._add_problem(ingress, rule, Reason.CLAIMED, said, "Use another path, or remove one of the two")

    def _led(self, route: Route, ingress: Ingress, rule: PathRule) -> Route:
        """Return a route with where it leads, and all that its Ingress says of it."""
        found = self._targets.of(ingress, rule)
        other, plain = self._targets.stand_in(ingress, rule), self._targets.plain(ingress, rule, found)
        facts = RouteFacts(
            self._host,
            rule.path,
            rule.is_exact,
            has_tls=self.has_tls and plain is None,
            rest=rule.rest,
            moved_to=rule.moved_to,
            is_believed=self._is_believed(ingress, rule),
            stand_in=other.backend if other else "",
            groups=rule.groups if rule.expression else None,
        )
        for said in route_faults(ingress.options, self._standing, facts):
            remedy = "Write the path as a prefix, or as an expression with such a group"
            self._add_problem(ingress, rule, Reason.NOT_SUPPORTED, said, remedy)
        for each in filter(None, (found, other)):
            self._lead(each, ingress, ingress.options)
        if plain is not None:
            self._lead(plain, ingress, without_passthrough(ingress.options))
        self._has_stand_in |= other is not None
        return replace(
            route,
            backend=found.backend if found else None,
            fields=route_fields(ingress.title, ingress.options, self._standing, facts),
            access=self._access(ingress),
            passes_tls=passes_tls(ingress.options),
            plain=plain.backend if plain else None,
        )

    def _lead(self, found: Found, ingress: Ingress, options: Options) -> None:
        """Note that an Ingress leads to a backend, and says these options of it."""
        self._leads.setdefault(found.backend, (found, []))[1].append(Voice(ingress.age, options))

    def share(self, claim: Claim) -> None:
        """Let a canary share the routes it names."""
        if conditions_of(claim.ingress.options) is not None:
            said = f"says nothing on a canary, which {CANARY_BY_HEADER.annotation} is for"
            self._problems[unmatched(claim.ingress, said)] = None
            return
        for rule in claim.paths:
            key = Route(self._host, rule.path, rule.is_exact, None, "", expression=rule.expression).key
            primary, _, ingress = self._routes.get((key, None), (None, None, None))
            if primary is None or ingress is None:
                if not rule.is_default:
                    said = f"no other Ingress has {self._spelled(rule)}, so there is nothing to share"
                    self._add_problem(
                        claim.ingress, rule, Reason.NOT_FOUND, said, "Give it the host and path of a route"
                    )
            elif ingress.namespace != claim.ingress.namespace:
                said = f"{self._spelled(rule)}: {ingress.ref} {claimed(ingress)}, in another namespace"
                self._add_problem(
                    claim.ingress, rule, Reason.CLAIMED, said, "A canary shares within its namespace only"
                )
            elif primary.backend is None:
                said = f"{self._spelled(rule)} leads nowhere yet, so there is nothing to share"
                self._add_problem(claim.ingress, rule, Reason.NOT_FOUND, said, f"Look at {ingress.ref}")
            else:
                found = self._targets.of(claim.ingress, rule)
                if found is not None:
                    share = Share(claim.ingress.age, rule.field, primary.backend, found, claim.ingress.options)
                    self._problems.update(dict.fromkeys(asking_problems(share)))
                    self._shares.append(share)
                    self._shares_of.setdefault(key, []).append(share)

    def resolution(self) -> Resolution:
        for shares in self._shares_of.values():
            self._problems.update(dict.fromkeys(unheard(shares)))
        routes = ranked(self._by_header())
        all_routes = [*routes, *(match for route in routes for _, match in route.matches)]
        extras: dict[Extra | HostExpression, bool] = {
            Extra.EXPRESSIONS: any(route.rank for route in routes),
            Extra.CANARIES: any(route.asked for route in all_routes),
            Extra.HEADERS: len(all_routes) > len(routes),
            Extra.CLIENTS: self._asks_for_certificates,
            Extra.STAND_INS: self._has_stand_in,
            Extra.HOST_EXPRESSIONS: bool(self.expression),
            HostExpression(self.expression, self._host): bool(self.expression),
        }
        return Resolution(
            routes=tuple(sorted(routes, key=lambda route: route.key)),
            leads=tuple(
                Lead(found, len(voices), tuple(sorted(set(voices), key=lambda voice: voice.age)))
                for _, (found, voices) in sorted(self._leads.items())
            ),
            shares=tuple(self._shares),
            problems=tuple(self._problems),
            extras=frozenset(extra for extra, is_wanted in extras.items() if is_wanted),
        )

    def _by_header(self) -> list[Route]:
        """The routes, those beside them that only requests with certain headers get among them."""
        plain: list[Route] = []
        others = HeaderRoutes(self._refuse_match)
        for (key, conditions), (route, _, _) in self._routes.items():
            found = self._leads[route.backend][0] if route.backend else None
            shares = self._shares_of.get(key, ()) if conditions is None else ()
            asked = asking(route, shares, found.choices if found else ())
            if conditions is None:
                plain.append(asked)
            else:
                others.add(conditions, asked)
        return others.beside(plain) if others else plain

    def _refuse_match(self, match: Match) -> None:
        _, _, ingress = self._routes[match.route.key, match.conditions]
        said = (
            f"a path's requests are asked for {MOST_NAMES} headers, one of them by expression, which others have taken"
        )
        self._problems[unmatched(ingress, said, Reason.TOO_MANY)] = None

    def _is_believed(self, ingress: Ingress, rule: PathRule) -> bool:
        """Whether clients of this host are judged as an Ingress asks; where no handshake names it, nobody judges them."""
        if not asks_for_certificates(ingress):
            return False
        self._asks_for_certificates = True
        if is_nameless(self._host):
            said = "clients are asked for certificates by host, and there is none: all get a 403"
            self._add_problem(ingress, rule, Reason.NOT_SUPPORTED, said, "Name the host in the rule")
        return self.believed is not None and demanded(ingress) == self.believed

    def _access(self, ingress: Ingress) -> Access | None:
        """The list of an Ingress for this host, made once."""
        if ingress.ref not in self._lists:
            self._lists[ingress.ref] = route_access(ingress.title, ingress.options, self._standing, self._host)
        return self._lists[ingress.ref]

    def _spelled(self, rule: PathRule) -> str:
        """Name what a route is about, for people."""
        if self._host == DEFAULT_KEY:
            return "everything else"
        return f"{rule.path} of {self._called}" if is_nameless(self._host) else f"{self._host}{rule.path}"

    def _add_problem(self, ingress: Ingress, rule: PathRule, reason: Reason, said: str, remedy: str) -> None:
        self._problems[Problem(ingress.ref, rule.field, reason, said, remedy)] = None


def _names_in_tls(ingress: Ingress, host: str) -> bool:
    """Whether an Ingress names a host in spec.tls, or its first label as ``*``."""
    return any({host, wildcard_of(host)}.intersection(rule.hosts) for rule in ingress.tls)


def claimed(winner: Ingress) -> str:
    """Say since when an Ingress has what others want, too."""
    return "claimed it first" if winner.created == NEVER else f"has claimed it since {winner.created}"
