"""All objects, and what they come to: backends, routes, problems.

Rules: one owner; a delivery costs what it touches, never the number of objects; the
result depends on the objects alone, not on the order in which they came. A backend
exists exactly while a route leads to it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from hadyn.model.backends import Workshop
from hadyn.model.certificates import DEFAULT_SETTING, Certificates, default_secret
from hadyn.model.changes import Changes
from hadyn.model.claims import Claims
from hadyn.model.classes import Classes
from hadyn.model.default_backend import default_backend_ingress
from hadyn.model.desired import Backend, Discovery, Route
from hadyn.model.endpoints import forbidden_addresses
from hadyn.model.extras import Extras, Wanted
from hadyn.model.index import Index
from hadyn.model.main_wish import MainWish, replicas_in
from hadyn.model.membership import Membership, service_of
from hadyn.model.name_book import NameBook, NameChanges
from hadyn.model.objects import (
    ConfigMap,
    Endpoints,
    EndpointSlice,
    Ingress,
    IngressClass,
    KubernetesObject,
    Namespace,
    Options,
    Secret,
    Service,
    Target,
)
from hadyn.model.parts import Part, Parts
from hadyn.model.policy import Policy
from hadyn.model.ports import Port, Ports
from hadyn.model.problem_book import Judge, ProblemBook
from hadyn.model.problems import ObjectRef, Problem
from hadyn.model.references import REFERABLE, Reference, References, concerns_referrers, referable, references_of
from hadyn.model.resolved import DnsQuestion, Resolved
from hadyn.model.routes import Resolution
from hadyn.model.sayings import affected, neighbours_of
from hadyn.model.services import Found, Missing, find, leads_elsewhere
from hadyn.model.standing import Standing
from hadyn.model.store import Held, Replaced, Store
from hadyn.model.touched import Dirty, Touched

MAX_FORBIDDEN = 50
"""So many forbidden addresses of one object are named."""


class Inventory:
    """The store of one owner; every answer is as of the last ``apply``."""

    def __init__(self, policy: Policy, *, secrets_are_brought: bool = False) -> None:
        """Raise WrongUsage where ``policy.default_backend_service`` is no "namespace/name:port".

        With ``secrets_are_brought`` a source brings Secrets only once they are referred to
        (``taken_secret_changes``), and answers for each.
        """
        self._policy = policy
        self._store = Store()
        self._classes = Classes(policy)
        self._claims = Claims()
        self._membership = Membership(self._store.held)
        self._names = NameBook()
        self._standing = Standing(policy)
        self._replicas = ObjectRef(Service.kind, *policy.peers_service.partition("/")[::2])
        self._references = References(self._store.held, are_brought=secrets_are_brought)
        default = default_secret(policy.default_certificate)
        if default is not None:
            self._references.replace(DEFAULT_SETTING, (Reference(default, ""),))
        self._certificates = Certificates(self._claims, self.object, shared_hosts=policy.shared_hosts, default=default)
        self._workshop = Workshop(policy, self._store.held, self._membership, self._names, self._standing)
        self.credentials = self._workshop.credentials
        self._book = ProblemBook()
        self._problems: tuple[Problem, ...] = ()
        self._hosts: dict[str, Resolution] = {}
        self._parts = Parts()
        self._remembering: set[str] = set()
        self._left_to_haproxy: set[str] = set()
        self._ports = Ports(policy)
        self._wanted = Wanted()
        self._hosts_of: Index[str, str] = Index()
        self._sharing_hosts_of: Index[str, str] = Index()
        self._users: Index[ObjectRef, str] = Index()
        self._last_resort = default_backend_ingress(policy.default_backend_service)
        self._undecided_hosts: set[str] = set()
        self._changed_ingresses: set[ObjectRef] = set()
        if self._last_resort is not None:
            self._undecided_hosts = self._claims.replace(self._last_resort.ref, self._last_resort)

    def apply(self, changes: Changes) -> Touched:
        """Take one delivery of a source; return what may differ now."""
        dirty = Dirty(hosts=self._undecided_hosts)
        before = self._sections
        self._undecided_hosts = set()
        for replaced in self._store.apply(changes):
            self._note(replaced, dirty)
        self._changed_ingresses |= dirty.ingresses
        for ref in dirty.ingresses:
            dirty.hosts |= self._reclaim(ref, dirty)
        hosts = {host for host in dirty.hosts if self._has_other_routes(host, dirty)}
        backends = set(dirty.endpoints)
        for name in self._parts.bases(dirty.parts):
            self._settle(name, backends, hosts, dirty)
        self._settle_secrets(changes, dirty, backends, hosts)
        for name in backends:
            part = self._parts.get(name)
            self._book.put(Judge.PORTS, name, self._workshop.port_problems(part) if part else ())
            self._book.put(Judge.USERS, name, self._workshop.secret_problems(part) if part else ())
            self._judge_names(name)
        tls_hosts = self._certificates.settle(dirty.hosts, dirty.secrets, self._book)
        main = dirty.main_file or self._sections != before
        return Touched(frozenset(backends), frozenset(hosts), frozenset(dirty.secrets), main, tls_hosts)

    def resolve(self, resolved: Resolved) -> Touched:
        """Take what DNS says of names; return the backends that may differ now."""
        backends = self._names.take(resolved.names)
        for name in backends:
            self._judge_names(name)
        return Touched(frozenset(backends), main_file=resolved.has_other_servers)

    def name_users(self, question: DnsQuestion) -> tuple[DnsQuestion, list[tuple[str, int]]]:
        """Return a question as backends ask it, and those backends with the port that they use it with."""
        spelled = self._names.spelled(question)
        users = sorted(self._names.users(spelled))
        return spelled, [(name, self._parts[name].port_of(spelled)) for name in users]

    @property
    def awaits_names(self) -> bool:
        """Whether DNS has not been heard about some name yet."""
        return self._names.awaits_answers

    def taken_name_changes(self) -> NameChanges:
        """Return which names backends began and ceased to use since this was asked last."""
        return self._names.taken_changes()

    @property
    def secrets(self) -> References:
        """Which Secrets are referred to; each itself is an ``object``."""
        return self._references

    @property
    def certificates(self) -> Certificates:
        """Which hosts get which certificates."""
        return self._certificates

    @property
    def standing_options(self) -> Options:
        """What the operator's ConfigMap says for all of HAProxy and for objects that say nothing."""
        return self._standing.options

    @property
    def main_wish(self) -> MainWish:
        """What objects want of the main file."""
        replicas = replicas_in(self._membership.of(self._replicas))
        passing, remembering, names, extras, ports = self._sections
        return MainWish(self._standing.options, passing, remembering, names, replicas, extras, ports)

    @property
    def _sections(self) -> tuple[bool, bool, bool, Extras, tuple[Port, ...]]:
        """What of the main file somebody needs: for TLS that passes, what is remembered of clients, names, rare routes, ports."""
        has_passthrough, leaves_names = self._certificates.has_passthrough, bool(self._left_to_haproxy)
        return has_passthrough, bool(self._remembering), leaves_names, self._wanted.extras, self._ports.wanted

    @property
    def standing_ref(self) -> ObjectRef | None:
        """The operator's ConfigMap, None where no flag names one."""
        return self._standing.ref if self._standing.ref.name else None

    def taken_ingresses(self) -> set[ObjectRef]:
        """Return the Ingresses that changed, came, went, or became ours or others' since this was asked last."""
        taken, self._changed_ingresses = self._changed_ingresses, set()
        return taken

    def is_ours(self, ingress: ObjectRef) -> bool:
        """Whether there is such an Ingress, and it is ours; that of the operator's own folder is no cluster's."""
        held = self._store.held(ingress)
        return held is not None and not held.is_own and self._classes.is_ours(held)

    def backend(self, name: str) -> Backend | None:
        """Build the backend as it is wanted now; None where no route leads to it."""
        part = self._parts.get(name)
        return None if part is None else self._workshop.backend(part)

    def heading(self, name: str) -> tuple[str, Discovery] | None:
        """What people call a backend, and where its endpoints come from; nothing is built for it."""
        part = self._parts.get(name)
        return None if part is None else (part.supply.found.title, part.supply.discovery)

    def routes(self, host: str) -> tuple[Route, ...]:
        """The routes of one host (as in ``hosts()``), sorted by key; () where it has none."""
        resolution = self._hosts.get(host)
        return tuple(map(self._with_canary, resolution.routes)) if resolution else ()

    def backend_names(self) -> frozenset[str]:
        return frozenset(self._parts)

    def hosts(self) -> frozenset[str]:
        """Every host that has a route; ANY_HOST and DEFAULT_KEY stand for themselves."""
        return frozenset(host for host, resolution in self._hosts.items() if resolution.routes)

    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong in the objects and what sources could not read, sorted, each once."""
        if self._book.is_changed or self._store.has_other_problems:
            found = {problem for judged, problems in self._book if self._concerns_us(judged) for problem in problems}
            said = (problem for problem in self._store.problems() if not concerns_referrers(problem))
            self._problems = tuple(sorted(found.union(said)))
            self._book.is_changed = self._store.has_other_problems = False
        return self._problems

    def ingress_count(self) -> int:
        """How many Ingresses are of our class."""
        return len(self._claims) - (self._last_resort is not None) - len(self._ports)

    def object_count(self, source: str) -> int:
        """How many objects a source names."""
        return self._store.count(source)

    def object(self, ref: ObjectRef) -> KubernetesObject | None:
        """The object of this name that counts."""
        held = self._store.held(ref)
        return held.object if held else None

    def objects_behind(self, host: str) -> set[ObjectRef]:
        """The Ingresses that claim a host, and the Services (or Backends) its routes lead to."""
        resolution = self._hosts.get(host, Resolution())
        sources = (self._parts[lead.found.backend].sources for lead in resolution.leads)
        return {*self._claims.claimants(host), *(ref for each in sources for ref in each)}

    def _note(self, replaced: Replaced, dirty: Dirty) -> None:
        """Bring the indexes up to date with one object, and note what it makes dirty."""
        after = replaced.after.object if replaced.after else None
        if replaced.ref.kind == Ingress.kind:
            before = replaced.before.object if replaced.before else None
            assert isinstance(before, Ingress | None)
            assert isinstance(after, Ingress | None)
            self._classes.replace_ingress(replaced.ref, before, after)
            dirty.ingresses.add(replaced.ref)
            return
        self._judge(replaced.ref, replaced.after)
        if replaced.ref.kind in REFERABLE:
            dirty.secrets.add(referable(replaced.ref))
            return
        if replaced.ref.kind == ConfigMap.kind:
            if replaced.ref == self._standing.ref:
                self._take_standing(after, dirty)
            if replaced.ref == self._ports.ref:
                dirty.hosts |= self._ports.take(after, self._claims, self._book)
            return
        if replaced.ref.kind == IngressClass.kind:
            assert isinstance(after, IngressClass | None)
            dirty.ingresses.update(self._classes.replace_class(replaced.ref.name, after))
        elif replaced.ref.kind == Namespace.kind:
            dirty.ingresses.update(self._classes.replace_namespace(replaced.ref.name, is_selected=after is not None))
        elif replaced.ref.kind in (EndpointSlice.kind, Endpoints.kind):
            for service in self._membership.replace(replaced):
                dirty.main_file |= service == self._replicas
                dirty.parts.update(self._parts.divided() if service == self._replicas else ())
                dirty.endpoints.update(self._users.of(service))
                if replaced.comes_or_goes and self._is_headless(service):
                    dirty.parts.update(self._users.of(service))
        else:
            dirty.parts.update(self._users.of(replaced.ref))
            dirty.endpoints.update(self._users.of(replaced.ref))
            if leads_elsewhere(replaced):
                dirty.hosts |= self._claims.hosts_behind(replaced.ref)

    def _take_standing(self, config_map: KubernetesObject | None, dirty: Dirty) -> None:
        """Let the ConfigMap stand for all objects; all are looked at again where it says otherwise than before."""
        before = self._standing.options
        self._book.put(Judge.STANDING, config_map.ref if config_map else "", self._standing.take(config_map))
        if self._standing.options != before:
            dirty.main_file = True
            dirty.hosts.update(self._hosts)
            dirty.parts.update(self._parts)

    def _reclaim(self, ref: ObjectRef, dirty: Dirty) -> set[str]:
        """Let an Ingress claim what it wants now, if it is ours; return the hosts concerned."""
        held = self._store.held(ref)
        ours = held if held is not None and self._classes.is_ours(held) else None
        self._judge(ref, ours)
        ingress = ours.object if ours else None
        assert isinstance(ingress, Ingress | None)
        self._refer(ref, ingress, dirty)
        return self._claims.replace(ref, ingress) | self._certificates.replace(ref, ingress)

    def _refer(self, ref: ObjectRef, counting: KubernetesObject | None, dirty: Dirty) -> None:
        """Take what an object refers to, None where it does not count."""
        wanted = references_of(counting) if counting else ()
        if wanted != self._references.of(ref):
            dirty.users.add(ref)
            dirty.referred |= self._references.replace(ref, wanted)

    def _settle_secrets(self, changes: Changes, dirty: Dirty, backends: set[str], hosts: set[str]) -> None:
        """Judge references anew, and touch whoever refers to a Secret that is not what it was."""
        dirty.secrets |= self._references.take(changes)
        changed = frozenset(dirty.secrets)
        concerned = {user for secret in changed for user in self._references.users(secret)}
        known = {secret for secret in dirty.secrets if secret.name and secret in self._references}
        dirty.secrets = known | dirty.referred
        # What a certificate is says ``Certificates``: neither routes nor backends depend on it.
        for user in filter(lambda user: self._references.concern_requests(user, changed), concerned):
            backends |= set(self._users.of(user))
            for host in self._claims.hosts_of(user):
                hosts.add(host)
                leads = self._hosts[host].leads if host in self._hosts else ()
                led = (lead.found.backend for lead in leads if any(each.ref == user for each in lead.voices))
                backends.update(self._parts.with_beside(led))
        for user in concerned | dirty.users:
            self._book.put(Judge.SECRETS, user, self._references.problems_of(user))

    def _judge(self, ref: ObjectRef, held: Held | None) -> None:
        """Note what is wrong with an object by itself."""
        problems: list[Problem] = []
        if held is not None:
            forbidden = islice(forbidden_addresses(held, self._policy.own_addresses), MAX_FORBIDDEN)
            problems = [fault.problem_of(ref) for fault in (*held.object.faults, *forbidden)]
        self._book.put(Judge.OBJECT, ref, problems)

    def _has_other_routes(self, host: str, dirty: Dirty) -> bool:
        """Resolve a host anew; note the backends it leads to otherwise than before."""
        before = self._hosts.pop(host, Resolution())
        after = self._ports.resolve(host, self._claims.of(host), self._find, standing=self._standing.of_objects)
        if after.routes or after.problems:
            self._hosts[host] = after
        leads_before, leads_after = ({lead.found.backend: lead for lead in each.leads} for each in (before, after))
        neighbours = neighbours_of(host, self._hosts, self._hosts_of)
        dirty.parts.update(affected(leads_before, leads_after, self._sharing_hosts_of, neighbours))
        self._hosts_of.move(host, leads_before, leads_after)
        shared_before = {share.backend for share in before.shares}
        shared_after = {share.backend for share in after.shares}
        if before.shares != after.shares:
            dirty.parts |= shared_before | shared_after
        self._sharing_hosts_of.move(host, shared_before, shared_after)
        self._book.put(Judge.HOST, host, after.problems)
        self._wanted.put(host, after.extras)
        return before.routes != after.routes

    def _settle(self, name: str, backends: set[str], hosts: set[str], dirty: Dirty) -> None:
        """Settle one backend anew; add it, and the hosts that gain or lose a canary, to what is touched."""
        leads = [self._hosts[host].lead(name) for host in self._hosts_of.of(name)]
        sharing = (self._hosts[host].shares for host in self._sharing_hosts_of.of(name))
        shares = [share for each in sharing for share in each if share.backend == name]
        parts, problems = self._workshop.parts(leads, shares) if leads else ((), ())
        self._book.put(Judge.PART, name, problems)
        for each, before, after in self._parts.replace(name, parts):
            self._follow(each, before, after, dirty)
            if before != after:
                backends.add(each)
                self._book.is_changed = True
            if each == name and (before and before.canary_ingresses) != (after and after.canary_ingresses):
                hosts.update(self._hosts_of.of(name))

    def _follow(self, name: str, before: Part | None, after: Part | None, dirty: Dirty) -> None:
        """Bring in step what is found by the name of one backend."""
        was, now = ((part.sources, part.questions) if part else ((), ()) for part in (before, after))
        self._users.move(name, was[0], now[0])
        for source in {*was[0], *now[0]}:
            self._refer(source, self.object(source) if source in self._users else None, dirty)
        self._names.replace(name, was[1], now[1])
        self.credentials.replace(name, after.credentials if after else ())
        (self._remembering.add if after and after.remembers_clients else self._remembering.discard)(name)
        (self._left_to_haproxy.add if after and after.supply.host else self._left_to_haproxy.discard)(name)

    def _judge_names(self, name: str) -> None:
        part = self._parts.get(name)
        self._book.put(Judge.NAMES, name, self._workshop.name_problems(part) if part and part.questions else ())

    def _is_headless(self, service: ObjectRef) -> bool:
        """Whether slices decide where the endpoints of a Service come from, not only which they are."""
        found = self.object(service)
        return isinstance(found, Service) and found.is_headless

    def _find(self, namespace: str, target: Target) -> Found | Missing:
        return find(namespace, target, self.object, allow_external_name=self._policy.allow_external_name)

    def _with_canary(self, route: Route) -> Route:
        part = self._parts[route.backend] if route.backend else None
        return replace(route, canary=part.canary_ingresses) if part and part.canary_ingresses else route

    def _concerns_us(self, judged: ObjectRef | str) -> bool:
        """Whether anybody wants to hear of this object: a Service of others that no route of ours leads to is theirs."""
        held = self._store.held(judged) if isinstance(judged, ObjectRef) else None
        if held is None or held.is_own or isinstance(held.object, Ingress):
            return True
        if isinstance(held.object, IngressClass):
            return held.object.controller == self._policy.controller_class
        if isinstance(held.object, Secret | ConfigMap | Namespace):
            return held.object.ref in self._references or held.object.ref in (self._standing.ref, self._ports.ref)
        listing = isinstance(held.object, EndpointSlice | Endpoints)
        return (service_of(held) if listing else held.object.ref) in self._users
