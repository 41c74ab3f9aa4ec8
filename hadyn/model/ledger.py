"""Take deliveries in: what is kept of objects follows them, part by part.

Rules: one owner; a delivery costs what it touches, never the number of objects; the
result depends on the objects alone, not on the order in which they came. A backend
exists exactly while a route leads to it.
"""

from __future__ import annotations

from itertools import islice

from hadyn.model.backends import Workshop
from hadyn.model.certificates import DEFAULT_SETTING, Certificates, default_secret
from hadyn.model.changes import Changes
from hadyn.model.claims import Claims
from hadyn.model.classes import Classes
from hadyn.model.default_backend import default_backend_ingress
from hadyn.model.endpoints import forbidden_addresses
from hadyn.model.index import Index
from hadyn.model.main_wish import MainNeeds
from hadyn.model.membership import Membership
from hadyn.model.name_book import NameBook
from hadyn.model.objects import (
    ConfigMap,
    Endpoints,
    EndpointSlice,
    Ingress,
    IngressClass,
    KubernetesObject,
    Namespace,
    Node,
    Service,
    Target,
)
from hadyn.model.parts import Part, Parts
from hadyn.model.policy import Policy
from hadyn.model.ports import Ports
from hadyn.model.problem_book import Judge, ProblemBook
from hadyn.model.problems import ObjectRef, Problem
from hadyn.model.references import REFERABLE, Reference, References, referable, references_of
from hadyn.model.resolutions import Resolutions
from hadyn.model.resolved import Resolved
from hadyn.model.services import Found, Missing, find, leads_elsewhere
from hadyn.model.standing import Standing
from hadyn.model.store import Held, Replaced, Store
from hadyn.model.touched import Dirty, Touched

MAX_FORBIDDEN = 50
"""So many forbidden addresses of one object are named."""


class Ledger:
    """All that is kept of objects, each kind of knowledge in a part of its own; read by ``Inventory``.

    ``users`` are the backends of each Service, ``changed_ingresses`` those that somebody has yet to hear of.
    """

    def __init__(self, policy: Policy, *, secrets_are_brought: bool) -> None:
        """Raise WrongUsage where ``policy.default_backend_service`` is no "namespace/name:port"."""
        self.policy = policy
        self.store = Store()
        self.classes = Classes(policy)
        self.claims = Claims()
        self.membership = Membership(self.store.held)
        self.names = NameBook()
        self.standing = Standing(policy)
        self.replicas = ObjectRef.titled(Service.kind, policy.peers_service)
        self.references = References(
            self.store.held, lambda: bool(self.workshop.nodes), are_brought=secrets_are_brought
        )
        default = default_secret(policy.default_certificate)
        if default is not None:
            self.references.replace(DEFAULT_SETTING, (Reference(default, ""),))
        shared = policy.shared_hosts
        self.certificates = Certificates(self.claims, self.object, shared_hosts=shared, default=default)
        self.workshop = Workshop(policy, self.store.held, self.membership, self.names, self.standing)
        self.book = ProblemBook()
        self.resolutions = Resolutions()
        self.parts = Parts()
        self.ports = Ports(policy)
        self.needs = MainNeeds(self.certificates, self.ports)
        self.users: Index[ObjectRef, str] = Index()
        self.changed_ingresses: set[ObjectRef] = set()
        self.last_resort = default_backend_ingress(policy.default_backend_service)
        self._undecided_hosts: set[str] = set()
        if self.last_resort is not None:
            self._undecided_hosts = self.claims.replace(self.last_resort.ref, self.last_resort)

    def apply(self, changes: Changes) -> Touched:
        """Take one delivery of a source; return what may differ now."""
        dirty = Dirty(hosts=self._undecided_hosts)
        needed_before = self.needs.wish
        self._undecided_hosts = set()
        for replaced in self.store.apply(changes):
            self._note(replaced, dirty)
        self.changed_ingresses |= dirty.ingresses
        for ref in dirty.ingresses:
            dirty.hosts |= self._reclaim(ref, dirty)
        hosts = {host for host in dirty.hosts if self._has_other_routes(host, dirty)}
        backends = set(dirty.endpoints)
        for name in self.parts.bases(dirty.parts):
            self._settle(name, backends, hosts, dirty)
        self._settle_secrets(changes, dirty, backends, hosts)
        for name in backends:
            self._judge_backend(name)
        stapling = self.standing.stapling
        tls_hosts = self.certificates.settle(dirty.hosts, dirty.secrets, self.book, stapling=stapling)
        main = dirty.main_file or self.needs.wish != needed_before
        return Touched(frozenset(backends), frozenset(hosts), frozenset(dirty.secrets), main, tls_hosts)

    def resolve(self, resolved: Resolved) -> Touched:
        """Take what DNS says of names; return the backends that may differ now."""
        backends = self.names.take(resolved.names)
        for name in backends:
            self._judge_names(name)
        return Touched(frozenset(backends), main_file=resolved.has_other_servers)

    def object(self, ref: ObjectRef) -> KubernetesObject | None:
        """The object of this name that counts."""
        held = self.store.held(ref)
        return held.object if held else None

    def _note(self, replaced: Replaced, dirty: Dirty) -> None:
        """Bring the indexes up to date with one object, and note what it makes dirty."""
        after = replaced.after.object if replaced.after else None
        if replaced.ref.kind == Ingress.kind:
            before = replaced.before.object if replaced.before else None
            assert isinstance(before, Ingress | None)
            assert isinstance(after, Ingress | None)
            self.classes.replace_ingress(replaced.ref, before, after)
            dirty.ingresses.add(replaced.ref)
            return
        self._judge(replaced.ref, replaced.after)
        if replaced.ref.kind == Node.kind:
            self.workshop.nodes.replace(replaced)
        if replaced.ref.kind in REFERABLE:
            dirty.secrets.add(referable(replaced.ref))
            return
        if replaced.ref.kind == ConfigMap.kind:
            if replaced.ref == self.standing.ref:
                self._take_standing(after, dirty)
            if replaced.ref == self.ports.ref:
                dirty.hosts |= self.ports.take(after, self.claims, self.book)
            return
        if replaced.ref.kind == IngressClass.kind:
            assert isinstance(after, IngressClass | None)
            dirty.ingresses.update(self.classes.replace_class(replaced.ref.name, after))
        elif replaced.ref.kind == Namespace.kind:
            dirty.ingresses.update(self.classes.replace_namespace(replaced.ref.name, is_selected=after is not None))
        elif replaced.ref.kind in (EndpointSlice.kind, Endpoints.kind):
            for service in self.membership.replace(replaced):
                dirty.main_file |= service == self.replicas
                dirty.parts.update(self.parts.divided() if service == self.replicas else ())
                dirty.endpoints.update(self.users.of(service))
                if replaced.comes_or_goes and self._is_headless(service):
                    dirty.parts.update(self.users.of(service))
        else:
            dirty.parts.update(self.users.of(replaced.ref))
            dirty.endpoints.update(self.users.of(replaced.ref))
            if leads_elsewhere(replaced):
                dirty.hosts |= self.claims.hosts_behind(replaced.ref)

    def _take_standing(self, config_map: KubernetesObject | None, dirty: Dirty) -> None:
        """Let the ConfigMap stand for all objects; all are looked at again where it says otherwise than before."""
        before = self.standing.options
        self.book.put(Judge.STANDING, config_map.ref if config_map else "", self.standing.take(config_map))
        if self.standing.options != before:
            dirty.main_file = True
            dirty.hosts.update(self.resolutions)
            dirty.parts.update(self.parts)

    def _reclaim(self, ref: ObjectRef, dirty: Dirty) -> set[str]:
        """Let an Ingress claim what it wants now, if it is ours; return the hosts concerned."""
        held = self.store.held(ref)
        ours = held if held is not None and self.classes.is_ours(held) else None
        self._judge(ref, ours)
        ingress = ours.object if ours else None
        assert isinstance(ingress, Ingress | None)
        self._refer(ref, ingress, dirty)
        return self.claims.replace(ref, ingress) | self.certificates.replace(ref, ingress)

    def _refer(self, ref: ObjectRef, counting: KubernetesObject | None, dirty: Dirty) -> None:
        """Take what an object refers to, None where it does not count."""
        wanted = references_of(counting) if counting else ()
        if wanted != self.references.of(ref):
            dirty.users.add(ref)
            dirty.referred |= self.references.replace(ref, wanted)

    def _settle_secrets(self, changes: Changes, dirty: Dirty, backends: set[str], hosts: set[str]) -> None:
        """Judge references anew, and touch whoever refers to a Secret that is not what it was."""
        dirty.secrets |= self.references.take(changes)
        changed = frozenset(dirty.secrets)
        concerned = {user for secret in changed for user in self.references.users(secret)}
        known = {secret for secret in dirty.secrets if secret.name and secret in self.references}
        dirty.secrets = known | dirty.referred
        # What a certificate is says ``Certificates``: neither routes nor backends depend on it.
        for user in filter(lambda user: self.references.concern_requests(user, changed), concerned):
            backends |= set(self.users.of(user))
            for host in self.claims.hosts_of(user):
                hosts.add(host)
                leads = self.resolutions.of(host).leads
                led = (lead.found.backend for lead in leads if any(each.ref == user for each in lead.voices))
                backends.update(self.parts.with_beside(led))
        for user in concerned | dirty.users:
            self.book.put(Judge.SECRETS, user, self.references.problems_of(user))

    def _judge(self, ref: ObjectRef, held: Held | None) -> None:
        """Note what is wrong with an object by itself."""
        problems: list[Problem] = []
        if held is not None:
            forbidden = islice(forbidden_addresses(held, self.policy.own_addresses), MAX_FORBIDDEN)
            problems = [fault.problem_of(ref) for fault in (*held.object.faults, *forbidden)]
        self.book.put(Judge.OBJECT, ref, problems)

    def _has_other_routes(self, host: str, dirty: Dirty) -> bool:
        """Resolve a host anew; note the backends it leads to otherwise than before."""
        before = self.resolutions.of(host)
        after = self.ports.resolve(host, self.claims.of(host), self._find, standing=self.standing.of_objects)
        dirty.parts |= self.resolutions.replace(host, after)
        self.book.put(Judge.HOST, host, after.problems)
        self.needs.put_host(host, after.extras)
        return before.routes != after.routes

    def _settle(self, name: str, backends: set[str], hosts: set[str], dirty: Dirty) -> None:
        """Settle one backend anew; add it, and the hosts that gain or lose a canary, to what is touched."""
        leads = self.resolutions.leads(name)
        parts, problems = self.workshop.parts(leads, self.resolutions.shares(name)) if leads else ((), ())
        self.book.put(Judge.PART, name, problems)
        for each, before, after in self.parts.replace(name, parts):
            self._follow(each, before, after, dirty)
            if before != after:
                backends.add(each)
                self.book.is_changed = True
            if each == name and (before and before.canary_ingresses) != (after and after.canary_ingresses):
                hosts.update(self.resolutions.leading_to(name))

    def _follow(self, name: str, before: Part | None, after: Part | None, dirty: Dirty) -> None:
        """Bring in step what is found by the name of one backend."""
        was, now = ((part.sources, part.questions) if part else ((), ()) for part in (before, after))
        self.users.move(name, was[0], now[0])
        for source in {*was[0], *now[0]}:
            self._refer(source, self.object(source) if source in self.users else None, dirty)
        self.names.replace(name, was[1], now[1])
        self.workshop.credentials.replace(name, after.credentials if after else ())
        self.needs.put_backend(name, after)

    def _judge_backend(self, name: str) -> None:
        """Note what is wrong with what a backend is made of."""
        part = self.parts.get(name)
        self.book.put(Judge.PORTS, name, self.workshop.port_problems(part) if part else ())
        self.book.put(Judge.USERS, name, self.workshop.secret_problems(part) if part else ())
        self._judge_names(name)

    def _judge_names(self, name: str) -> None:
        part = self.parts.get(name)
        self.book.put(Judge.NAMES, name, self.workshop.name_problems(part) if part and part.questions else ())

    def _is_headless(self, service: ObjectRef) -> bool:
        """Whether slices decide where the endpoints of a Service come from, not only which they are."""
        found = self.object(service)
        return isinstance(found, Service) and found.is_headless

    def _find(self, namespace: str, target: Target) -> Found | Missing:
        return find(namespace, target, self.object, allow_external_name=self.policy.allow_external_name)
