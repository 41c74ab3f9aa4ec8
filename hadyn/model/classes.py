"""Which Ingresses are ours, by their class.

Rules: the name of a class decides, unless an IngressClass of that name says who its
controller is. An Ingress without class is ours if our class is the default one, if the
operator says so, or if it lies in the operator's own folder. Where namespaces are selected,
an Ingress of a cluster is ours in those alone.
"""

from __future__ import annotations

from hadyn.model.index import Index
from hadyn.model.objects import Ingress, IngressClass
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from hadyn.model.store import Held

LEGACY_CLASS = "haproxy"
"""What manifests written for any HAProxy say in the annotation; heard in the operator's own folder."""
NO_CLASS = None


class Classes:
    """The IngressClasses there are, and the Ingresses of each."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._classes: dict[str, IngressClass] = {}
        self._our_defaults: set[str] = set()
        self._ingresses: Index[str | None, ObjectRef] = Index()
        self._selected: set[str] = set()
        self._ingresses_in: Index[str, ObjectRef] = Index()

    def replace_class(self, name: str, after: IngressClass | None) -> list[ObjectRef]:
        """Take a class as it is now (None: gone); return the Ingresses it may move in or out."""
        concerned = list(self._ingresses.of(name))
        had_default = bool(self._our_defaults)
        self._classes.pop(name, None)
        self._our_defaults.discard(name)
        if after is not None:
            self._classes[name] = after
            if after.is_default and after.controller == self._policy.controller_class:
                self._our_defaults.add(name)
        if had_default != bool(self._our_defaults):
            concerned += self._ingresses.of(NO_CLASS)
        return concerned

    def replace_namespace(self, name: str, *, is_selected: bool) -> list[ObjectRef]:
        """Take whether a namespace is selected now; return the Ingresses that this may move in or out."""
        (self._selected.add if is_selected else self._selected.discard)(name)
        return list(self._ingresses_in.of(name))

    def replace_ingress(self, ref: ObjectRef, before: Ingress | None, after: Ingress | None) -> None:
        """Keep the Ingresses of each class up to date."""
        if before is not None:
            self._ingresses.discard(before.class_name, ref)
            self._ingresses_in.discard(ref.namespace, ref)
        if after is not None:
            self._ingresses.add(after.class_name, ref)
            if self._policy.namespaces_are_selected:
                self._ingresses_in.add(ref.namespace, ref)

    def is_ours(self, held: Held) -> bool:
        """Whether this Ingress is ours."""
        ingress = held.object
        assert isinstance(ingress, Ingress), ingress
        if self._policy.namespaces_are_selected and not held.is_own and ingress.namespace not in self._selected:
            return False
        name = ingress.class_name
        if name is NO_CLASS:
            return held.is_own or self._policy.watch_ingress_without_class or bool(self._our_defaults)
        known = self._classes.get(name)
        if known is not None:
            return known.controller == self._policy.controller_class
        is_legacy = held.is_own and ingress.has_legacy_class and name == LEGACY_CLASS
        return is_legacy or name == self._policy.ingress_class
