"""All objects, and what they come to: backends, routes, problems.

Rule: every answer is as of the last ``apply``; backends are built when they are asked for.
"""

from __future__ import annotations

from dataclasses import replace

from hadyn.model.certificates import Certificates
from hadyn.model.changes import Changes
from hadyn.model.credentials import Credentials
from hadyn.model.desired import Backend, Discovery, Route
from hadyn.model.ledger import Ledger
from hadyn.model.main_wish import MainWish, replicas_in
from hadyn.model.membership import service_of
from hadyn.model.name_book import NameChanges
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
)
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem
from hadyn.model.references import References, concerns_referrers
from hadyn.model.resolved import DnsQuestion, Resolved
from hadyn.model.touched import Touched


class Inventory:
    """What one owner keeps in a ``Ledger``, as answers."""

    def __init__(self, policy: Policy, *, secrets_are_brought: bool = False) -> None:
        """Raise WrongUsage where ``policy.default_backend_service`` is no "namespace/name:port".

        With ``secrets_are_brought`` a source brings Secrets only once they are referred to
        (``secrets.taken_changes``), and answers for each.
        """
        self._ledger = Ledger(policy, secrets_are_brought=secrets_are_brought)
        self._problems: tuple[Problem, ...] = ()

    def apply(self, changes: Changes) -> Touched:
        """Take one delivery of a source; return what may differ now."""
        return self._ledger.apply(changes)

    def resolve(self, resolved: Resolved) -> Touched:
        """Take what DNS says of names; return the backends that may differ now."""
        return self._ledger.resolve(resolved)

    def name_users(self, question: DnsQuestion) -> tuple[DnsQuestion, list[tuple[str, int]]]:
        """Return a question as backends ask it, and those backends with the port that they use it with."""
        spelled = self._ledger.names.spelled(question)
        users = sorted(self._ledger.names.users(spelled))
        return spelled, [(name, self._ledger.parts[name].port_of(spelled)) for name in users]

    @property
    def awaits_names(self) -> bool:
        """Whether DNS has not been heard about some name yet."""
        return self._ledger.names.awaits_answers

    def taken_name_changes(self) -> NameChanges:
        """Return which names backends began and ceased to use since this was asked last."""
        return self._ledger.names.taken_changes()

    @property
    def secrets(self) -> References:
        """Which Secrets are referred to; each itself is an ``object``."""
        return self._ledger.references

    @property
    def certificates(self) -> Certificates:
        """Which hosts get which certificates."""
        return self._ledger.certificates

    @property
    def credentials(self) -> Credentials:
        """Which files server lines of backends name, and what Secrets say of them."""
        return self._ledger.workshop.credentials

    @property
    def standing_options(self) -> Options:
        """What the operator's ConfigMap says for all of HAProxy and for objects that say nothing."""
        return self._ledger.standing.options

    @property
    def main_wish(self) -> MainWish:
        """What objects want of the main file."""
        replicas = replicas_in(self._ledger.membership.of(self._ledger.replicas))
        return replace(self._ledger.needs.wish, options=self._ledger.standing.options, replicas=replicas)

    @property
    def standing_ref(self) -> ObjectRef | None:
        """The operator's ConfigMap, None where no flag names one."""
        return self._ledger.standing.ref if self._ledger.standing.ref.name else None

    def taken_ingresses(self) -> set[ObjectRef]:
        """Return the Ingresses that changed, came, went, or became ours or others' since this was asked last."""
        taken, self._ledger.changed_ingresses = self._ledger.changed_ingresses, set()
        return taken

    def is_ours(self, ingress: ObjectRef) -> bool:
        """Whether there is such an Ingress, and it is ours; that of the operator's own folder is no cluster's."""
        held = self._ledger.store.held(ingress)
        return held is not None and not held.is_own and self._ledger.classes.is_ours(held)

    def backend(self, name: str) -> Backend | None:
        """Build the backend as it is wanted now; None where no route leads to it."""
        part = self._ledger.parts.get(name)
        return None if part is None else self._ledger.workshop.backend(part)

    def heading(self, name: str) -> tuple[str, Discovery] | None:
        """What people call a backend, and where its endpoints come from; nothing is built for it."""
        part = self._ledger.parts.get(name)
        return None if part is None else (part.supply.found.title, part.supply.discovery)

    def routes(self, host: str) -> tuple[Route, ...]:
        """The routes of one host (as in ``hosts()``), sorted by key; () where it has none."""
        return tuple(map(self._with_canary, self._ledger.resolutions.of(host).routes))

    def backend_names(self) -> frozenset[str]:
        return frozenset(self._ledger.parts)

    def hosts(self) -> frozenset[str]:
        """Every host that has a route; ANY_HOST and DEFAULT_KEY stand for themselves."""
        return self._ledger.resolutions.routed()

    def problems(self) -> tuple[Problem, ...]:
        """Everything wrong in the objects and what sources could not read, sorted, each once."""
        book, store = self._ledger.book, self._ledger.store
        if book.is_changed or store.has_other_problems:
            found = {problem for judged, problems in book if self._concerns_us(judged) for problem in problems}
            said = (problem for problem in store.problems() if not concerns_referrers(problem))
            self._problems = tuple(sorted(found.union(said)))
            book.is_changed = store.has_other_problems = False
        return self._problems

    def ingress_count(self) -> int:
        """How many Ingresses are of our class."""
        return len(self._ledger.claims) - (self._ledger.last_resort is not None) - len(self._ledger.ports)

    def object_count(self, source: str) -> int:
        """How many objects a source names."""
        return self._ledger.store.count(source)

    def object(self, ref: ObjectRef) -> KubernetesObject | None:
        """The object of this name that counts."""
        return self._ledger.object(ref)

    def objects_behind(self, host: str) -> set[ObjectRef]:
        """The Ingresses that claim a host, and the Services (or Backends) its routes lead to."""
        sources = (self._ledger.parts[lead.found.backend].sources for lead in self._ledger.resolutions.of(host).leads)
        return {*self._ledger.claims.claimants(host), *(ref for each in sources for ref in each)}

    def _with_canary(self, route: Route) -> Route:
        part = self._ledger.parts[route.backend] if route.backend else None
        return replace(route, canary=part.canary_ingresses) if part and part.canary_ingresses else route

    def _concerns_us(self, judged: ObjectRef | str) -> bool:
        """Whether anybody wants to hear of this object: a Service of others that no route of ours leads to is theirs."""
        held = self._ledger.store.held(judged) if isinstance(judged, ObjectRef) else None
        if held is None or held.is_own or isinstance(held.object, Ingress):
            return True
        if isinstance(held.object, IngressClass):
            return held.object.controller == self._ledger.policy.controller_class
        if isinstance(held.object, Secret | ConfigMap | Namespace):
            of_operator = (self._ledger.standing.ref, self._ledger.ports.ref)
            return held.object.ref in self._ledger.references or held.object.ref in of_operator
        listing = isinstance(held.object, EndpointSlice | Endpoints)
        return (service_of(held) if listing else held.object.ref) in self._ledger.users
