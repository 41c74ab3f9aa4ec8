"""Which Ingresses claim which host, and which follow which Service.

Rule: only Ingresses of ours stand here; each host and each Service is found without
going through the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from hadyn.model.desired import DEFAULT_KEY
from hadyn.model.index import Index
from hadyn.model.objects import Age, HostRules, Ingress, Options, PathRule, ResourceTarget, ServiceTarget, Target
from hadyn.model.options.canary import CANARY
from hadyn.model.options.stand_ins import DEFAULT_BACKEND
from hadyn.model.problems import ObjectRef


class Voice(NamedTuple):
    """An Ingress as it speaks for the backends it leads to."""

    age: Age
    options: Options

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(Ingress.kind, self.age[1], self.age[2])

    @property
    def title(self) -> str:
        """As people write it: "shop/web"."""
        return f"{self.age[1]}/{self.age[2]}"


class Claim(NamedTuple):
    """What one Ingress wants of one host."""

    ingress: Ingress
    paths: tuple[PathRule, ...]

    @property
    def is_canary(self) -> bool:
        return dict(self.ingress.options).get(CANARY.name) is True


class Claims:
    """All claims, by host; and the Ingresses behind each Service or Backend."""

    def __init__(self) -> None:
        self._claimants: Index[str, ObjectRef] = Index()
        self._followers: Index[ObjectRef, ObjectRef] = Index()
        self._ingresses: dict[ObjectRef, Ingress] = {}

    def replace(self, ref: ObjectRef, after: Ingress | None) -> set[str]:
        """Take an Ingress as it is now (None: gone, or not ours); return the hosts concerned."""
        before = self._ingresses.pop(ref, None)
        hosts: set[str] = set()
        if before is not None:
            for rules in _host_rules(before):
                hosts.add(rules.host)
                self._claimants.discard(rules.host, ref)
            for target in _targets(before):
                self._followers.discard(target, ref)
        if after is not None:
            self._ingresses[ref] = after
            for rules in _host_rules(after):
                hosts.add(rules.host)
                self._claimants.add(rules.host, ref)
            for target in _targets(after):
                self._followers.add(target, ref)
        return hosts

    def of(self, host: str) -> list[Claim]:
        """All claims to a host, that of the oldest Ingress first."""
        ingresses = sorted((self._ingresses[ref] for ref in self._claimants.of(host)), key=lambda each: each.age)
        return [Claim(ingress, ingress.paths_of(host)) for ingress in ingresses]

    def claimants(self, host: str) -> Collection[ObjectRef]:
        """The Ingresses that claim a host, canaries among them."""
        return self._claimants.of(host)

    def hosts_of(self, ref: ObjectRef) -> set[str]:
        """The hosts that an Ingress claims; none where it is not ours."""
        ingress = self._ingresses.get(ref)
        return {rules.host for rules in _host_rules(ingress)} if ingress else set()

    def hosts_behind(self, target: ObjectRef) -> set[str]:
        """The hosts with a path that leads to a Service or Backend."""
        return {
            rules.host
            for ref in self._followers.of(target)
            for rules in _host_rules(self._ingresses[ref])
            if any(leads_to == target for leads_to in _leads_of(self._ingresses[ref], rules.paths))
        }

    def __len__(self) -> int:
        """How many Ingresses are ours."""
        return len(self._ingresses)

    def __contains__(self, ref: object) -> bool:
        return ref in self._ingresses


def target_ref(namespace: str, target: Target) -> ObjectRef:
    """The object a path leads to, for an Ingress of this namespace."""
    return ObjectRef("Backend" if isinstance(target, ResourceTarget) else "Service", namespace, target.name)


def _host_rules(ingress: Ingress) -> Iterator[HostRules]:
    yield from ingress.hosts
    if ingress.catch_all is not None:
        yield HostRules(DEFAULT_KEY, (ingress.catch_all,))


def _targets(ingress: Ingress) -> set[ObjectRef]:
    return {target for rules in _host_rules(ingress) for target in _leads_of(ingress, rules.paths)}


def _leads_of(ingress: Ingress, paths: Iterable[PathRule]) -> Iterator[ObjectRef]:
    """Yield what paths of an Ingress lead to, and what stands in for that."""
    for path in paths:
        if path.target is not None:
            yield target_ref(ingress.namespace, path.target)
    other = stand_in_of(ingress)
    if other is not None:
        yield target_ref(ingress.namespace, other)


def stand_in_of(ingress: Ingress) -> ServiceTarget | None:
    """The Service that an Ingress wants to be asked where others have no pod, if any."""
    wanted = dict(ingress.options).get(DEFAULT_BACKEND.name)
    return wanted if isinstance(wanted, ServiceTarget) else None
