"""What objects refer to that its source brings only then: Secrets, the pods of a namespace, nodes.

Rules: only what counts refers: Ingresses of ours, Services that a route leads to. Whether
a Secret exists is said once its source has answered. That a source cannot read it is a
problem of those who refer to it, and what was known goes on counting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from hadyn.model.changes import Changes
from hadyn.model.index import Index
from hadyn.model.objects import Ingress, KubernetesObject, Node, Pod, Secret
from hadyn.model.options.authentication import AUTH_SECRET
from hadyn.model.options.blue_green import BLUE_GREEN_BALANCE
from hadyn.model.options.client_certificates import AUTH_TLS_SECRET, demanded
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.options.protocols import SERVER_CA, SERVER_CRT, SERVER_TLS_SECRET
from hadyn.model.options.secret_names import secret_of
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.store import Held

OF_HANDSHAKES = ("spec.tls[", AUTH_TLS_SECRET.field)
"""How the fields of an Ingress begin that name a certificate, or the authorities that clients are judged by."""

REFERABLE = (Secret.kind, Pod.kind, Node.kind)
NODES = ObjectRef(Node.kind, "", "")
"""Stands for all nodes."""


class Reference(NamedTuple):
    """A Secret, and the field of an object that names it."""

    secret: ObjectRef
    field: str


class SecretChanges(NamedTuple):
    """Which Secrets began and ceased to be referred to."""

    added: frozenset[ObjectRef] = frozenset()
    dropped: frozenset[ObjectRef] = frozenset()


def references_of(each: KubernetesObject) -> tuple[Reference, ...]:
    """Return what Secrets an object refers to, all of its own namespace; whatever names Secrets is collected here."""
    found = list(_of_handshakes(each)) if isinstance(each, Ingress) else []
    options = dict(each.options)
    if users := options.get(AUTH_SECRET.name):
        found.append(_reference(each, AUTH_SECRET.field, str(users)))
    for option in (SERVER_CA, SERVER_CRT, SERVER_TLS_SECRET):
        if secret := secret_of(str(options.get(option.name) or ""), each.namespace):
            found.append(_reference(each, option.field, secret.name))
    if BLUE_GREEN_BALANCE.name in options:
        found.append(Reference(pods_of(each.namespace), BLUE_GREEN_BALANCE.field))
    if options.get(DISCOVERY.name) is DiscoveryWish.NODES:
        found.append(Reference(NODES, DISCOVERY.field))
    return tuple(found)


def pods_of(namespace: str) -> ObjectRef:
    """Stands for all pods of a namespace."""
    return ObjectRef(Pod.kind, namespace, "")


def referable(ref: ObjectRef) -> ObjectRef:
    """What is referred to: a Secret itself, of a pod all of its namespace, of a node all there are."""
    return pods_of(ref.namespace) if ref.kind == Pod.kind else NODES if ref.kind == Node.kind else ref


def _of_handshakes(ingress: Ingress) -> Iterator[Reference]:
    for rule in ingress.tls:
        if rule.secret:
            yield Reference(ObjectRef(Secret.kind, ingress.namespace, rule.secret), f"{rule.field}.secretName")
    if clients := demanded(ingress):
        yield _reference(ingress, AUTH_TLS_SECRET.field, clients.name)


def _reference(each: KubernetesObject, field: str, name: str) -> Reference:
    return Reference(ObjectRef(Secret.kind, each.namespace, name), field)


class References:
    """All references; the Secrets themselves are asked of their store.

    With ``are_brought`` a source brings Secrets when they are referred to, and answers for
    each; else whatever is not there does not exist.
    """

    def __init__(
        self, holding: Callable[[ObjectRef], Held | None], has_nodes: Callable[[], bool], *, are_brought: bool
    ) -> None:
        self._holding = holding
        self._has_nodes = has_nodes
        self._are_brought = are_brought
        self._made: dict[ObjectRef, tuple[Reference, ...]] = {}
        self._users: Index[ObjectRef, ObjectRef] = Index()
        self._unanswered: set[ObjectRef] = set()
        self._refused: dict[str, Mapping[ObjectRef, Problem]] = {}
        self._added: set[ObjectRef] = set()
        self._dropped: set[ObjectRef] = set()

    @property
    def awaits_answers(self) -> bool:
        """Whether a Secret that is referred to has not been heard of yet."""
        return bool(self._unanswered)

    def __contains__(self, secret: object) -> bool:
        return secret in self._users

    def users(self, secret: ObjectRef) -> Collection[ObjectRef]:
        """The objects that refer to a Secret."""
        return self._users.of(secret)

    def of(self, user: ObjectRef) -> tuple[Reference, ...]:
        """What an object refers to."""
        return self._made.get(user, ())

    def concern_requests(self, user: ObjectRef, secrets: Collection[ObjectRef]) -> bool:
        """Whether an object refers to one of these Secrets for anything but handshakes."""
        return any(each.secret in secrets and not each.field.startswith(OF_HANDSHAKES) for each in self.of(user))

    def taken_changes(self) -> SecretChanges:
        """Return what began and ceased to be referred to since this was asked last."""
        taken = SecretChanges(frozenset(self._added), frozenset(self._dropped))
        self._added, self._dropped = set(), set()
        return taken

    def replace(self, user: ObjectRef, references: tuple[Reference, ...]) -> set[ObjectRef]:
        """Take what an object refers to now; return the Secrets that begin or cease to be referred to."""
        before = self._made.pop(user, ())
        if references:
            self._made[user] = references
        if before == references:
            return set()
        gone, come = {each.secret for each in before}, {each.secret for each in references}
        begun = {secret for secret in come - gone if secret not in self._users}
        self._users.move(user, gone, come)
        ceased = {secret for secret in gone - come if secret not in self._users}
        self._note(begun, ceased)
        return {each for each in begun | ceased if each.kind == Secret.kind}

    def take(self, changes: Changes) -> set[ObjectRef]:
        """Take what a source answers about Secrets; return those about which more is known than before."""
        heard = {each.ref for each in changes.upserts if each.kind == Secret.kind}
        heard.update(ref for ref in changes.deletes if ref.kind == Secret.kind or not ref.name)
        heard &= self._unanswered
        if changes.problems is not None:
            before = self._refused.pop(changes.source, {})
            after = {each.object: each for each in changes.problems if concerns_referrers(each)}
            if after:
                self._refused[changes.source] = after
            heard.update(ref for ref in before.keys() | after.keys() if before.get(ref) != after.get(ref))
        self._unanswered -= heard
        return heard

    def problems_of(self, user: ObjectRef) -> list[Problem]:
        """What is wrong with what an object refers to."""
        found: list[Problem] = []
        for secret, field in self.of(user):
            refusal = next((refused[secret] for refused in self._refused.values() if secret in refused), None)
            if refusal is not None:
                group = f"pods of namespace {secret.namespace}" if secret.namespace else "nodes"
                read = str(secret) if secret.name else group
                said = f"{read} cannot be read: {refusal.said}"
                found.append(Problem(user, field, refusal.reason, said, refusal.remedy))
            elif secret.name and self._holding(secret) is None and secret not in self._unanswered:
                said = f"{secret} does not exist"
                found.append(Problem(user, field, Reason.NOT_FOUND, said, f"Create it in namespace {secret.namespace}"))
            elif secret == NODES and not self._has_nodes() and secret not in self._unanswered:
                said = "no node is known, so no request gets anywhere"
                found.append(Problem(user, field, Reason.NOT_FOUND, said, "Say what nodes there are, or use endpoints"))
        return found

    def _note(self, begun: Iterable[ObjectRef], ceased: Iterable[ObjectRef]) -> None:
        for secret in begun:
            (self._dropped.discard if secret in self._dropped else self._added.add)(secret)
            if self._are_brought and self._holding(secret) is None:
                self._unanswered.add(secret)
        for secret in ceased:
            (self._added.discard if secret in self._added else self._dropped.add)(secret)
            self._unanswered.discard(secret)


def concerns_referrers(problem: Problem) -> bool:
    """Whether those who refer to a Secret are told instead: a source of no file cannot read it."""
    return (problem.object.kind == Secret.kind or not problem.object.name) and not problem.file
