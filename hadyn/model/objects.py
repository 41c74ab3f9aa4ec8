"""Kubernetes objects as far as hadyn uses them, one shape a kind whatever the API version.

Rules: ``decoding`` makes them, nobody else; every value in them is checked, and what was
wrong is left out and stands in ``faults``. They are kept by the hundred thousand: no
field that nobody reads, no reference cycles (``gc=False``).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import ClassVar

from msgspec import Struct

from hadyn.model.desired import DEFAULT_KEY
from hadyn.model.listed_endpoints import EndpointGroup
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.resolved import RecordType
from hadyn.model.sealed import Sealed

NEVER = "~"
"""Sorts behind every creationTimestamp: the age of an object without one."""

Age = tuple[str, str, str]
"""Sorts the oldest object first: creationTimestamp, namespace, name."""

Options = tuple[tuple[str, object], ...]
"""Annotations of hadyn, by name without prefix, each with its typed value (``options/table.py``)."""


class Fault(Struct, frozen=True, gc=False):
    """What is wrong with one field of an object, whatever the object's name."""

    field: str
    reason: Reason
    said: str
    remedy: str

    def problem_of(self, ref: ObjectRef) -> Problem:
        return Problem(ref, self.field, self.reason, self.said, self.remedy)


class Named(Struct, frozen=True, gc=False, kw_only=True):
    """What all kinds have. ``namespace`` is "" for cluster-wide kinds, ``created`` NEVER or RFC 3339."""

    kind: ClassVar[str] = ""

    namespace: str
    name: str
    created: str = NEVER
    options: Options = ()
    faults: tuple[Fault, ...] = ()

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(self.kind, self.namespace, self.name)

    @property
    def age(self) -> Age:
        return self.created, self.namespace, self.name

    @property
    def title(self) -> str:
        """As people write it: "shop/web"."""
        return f"{self.namespace}/{self.name}"


FIRST_PORT = "*"
"""In the place of a port: the first that the Service has."""


class ServiceTarget(Struct, frozen=True, gc=False):
    """A port of a Service in the Ingress' own namespace, by number (not checked against a range) or name."""

    name: str
    port: int | str


class ResourceTarget(Struct, frozen=True, gc=False):
    """A Backend (hadyn.io) in the Ingress' own namespace."""

    name: str


Target = ServiceTarget | ResourceTarget


class PathRule(Struct, frozen=True, gc=False):
    """One path of an Ingress; ``field`` is where it stands in the object.

    ``target`` is None where it is unusable: the path gets a 503, because a shorter path
    of somebody else must not get its requests. ``is_default`` marks a defaultBackend
    beside rules: it counts only if nobody claims the path. ``rest`` is the group of what follows
    the path, where it was written as a regular expression that means a prefix; ``expression`` is any
    other as HAProxy gets it, with the numbers of its ``groups`` there. ``moved_to`` is the host that
    has moved there, "" for none.
    """

    path: str
    is_exact: bool
    target: Target | None
    field: str
    is_default: bool = False
    rest: int = 0
    moved_to: str = ""
    expression: str = ""
    groups: tuple[int, ...] = ()


class HostRules(Struct, frozen=True, gc=False):
    """The paths of one Ingress for one host ("a.example", "*.a.example", ANY_HOST), no path twice.

    With ``expression`` they are for all hosts that match it, and ``host`` is its ``expression_key``.
    """

    host: str
    paths: tuple[PathRule, ...]
    expression: str = ""


class TlsRule(Struct, frozen=True, gc=False):
    """Which hosts (as ``HostRules`` has them, without ANY_HOST) get the certificate of which Secret.

    ``secret`` is the name of one in the Ingress' own namespace, "" where none is named, or
    none that can be; ``field`` is where the rule stands in the object.
    """

    hosts: tuple[str, ...]
    secret: str
    field: str


class Ingress(Named, frozen=True, gc=False, kw_only=True):
    """Which hosts and paths lead where; ``hosts`` are sorted, each once.

    ``catch_all`` is the defaultBackend of an Ingress without rules. ``class_name`` is the
    annotation kubernetes.io/ingress.class (then ``has_legacy_class``), else
    spec.ingressClassName, else None. ``published`` are the addresses that its status says
    it is served at.
    """

    kind: ClassVar[str] = "Ingress"

    class_name: str | None = None
    has_legacy_class: bool = False
    hosts: tuple[HostRules, ...] = ()
    catch_all: PathRule | None = None
    tls: tuple[TlsRule, ...] = ()
    published: tuple[str, ...] = ()

    def paths_of(self, host: str) -> tuple[PathRule, ...]:
        """The paths for one of its hosts, or for DEFAULT_KEY."""
        if host == DEFAULT_KEY:
            return () if self.catch_all is None else (self.catch_all,)
        return self.rules_of(host).paths

    def rules_of(self, host: str) -> HostRules:
        """What it says of one of its hosts."""
        return self.hosts[bisect_left(self.hosts, host, key=lambda rules: rules.host)]


class IngressClass(Named, frozen=True, gc=False, kw_only=True):
    """Which controller a class belongs to, and whether Ingresses without class belong to it."""

    kind: ClassVar[str] = "IngressClass"

    controller: str = ""
    is_default: bool = False


class ServicePort(Struct, frozen=True, gc=False):
    """A TCP port of a Service, 1 to 65535; ``name`` is "" where it has none.

    ``target`` is the number of the pods' port, 0 where the Service does not say it;
    ``node_port`` that of every node, 0 where there is none.
    """

    name: str
    number: int
    target: int = 0
    node_port: int = 0


class Service(Named, frozen=True, gc=False, kw_only=True):
    """A Service; ``cluster_ip`` is "" for a headless one and where it is not known yet.

    ``external_name`` is the host of one of type ExternalName, "" where none can be asked for.
    """

    kind: ClassVar[str] = "Service"

    ports: tuple[ServicePort, ...] = ()
    cluster_ip: str = ""
    is_headless: bool = False
    external_name: str | None = None
    publishes_not_ready: bool = False
    is_local: bool = False
    """A node answers on its port for its own pods alone."""


class EndpointSlice(Named, frozen=True, gc=False, kw_only=True):
    """Part of the endpoints of one Service; ``service`` is "" where the label is missing."""

    kind: ClassVar[str] = "EndpointSlice"

    service: str = ""
    groups: tuple[EndpointGroup, ...] = ()


class Endpoints(Named, frozen=True, gc=False, kw_only=True):
    """The endpoints of the Service of the same name, in the kind that came before EndpointSlice."""

    kind: ClassVar[str] = "Endpoints"

    groups: tuple[EndpointGroup, ...] = ()

    @property
    def service(self) -> str:
        return self.name


class BackendResource(Named, frozen=True, gc=False, kw_only=True):
    """A Backend (hadyn.io): endpoints without Kubernetes. ``addresses`` are pairs of canonical IP and port.

    ``host`` is the DNS name asked, "" where there is none that can be, ``port`` that of its addresses.
    """

    kind: ClassVar[str] = "Backend"

    discovery: str = "static"
    addresses: tuple[tuple[str, int], ...] = ()
    host: str = ""
    record_type: RecordType = RecordType.A
    port: int = 0


class Secret(Named, frozen=True, kw_only=True):
    """Values that only those see who ask for them by key; ``type`` as Kubernetes has it ("kubernetes.io/tls")."""

    kind: ClassVar[str] = "Secret"

    type: str = "Opaque"
    values: Sealed = Sealed()


class Pod(Named, frozen=True, gc=False, kw_only=True):
    """The labels of a pod, sorted by name."""

    kind: ClassVar[str] = "Pod"

    labels: tuple[tuple[str, str], ...] = ()


class Node(Named, frozen=True, gc=False, kw_only=True):
    """A node of a cluster; ``ip`` is canonical, "" where it names none that can be."""

    kind: ClassVar[str] = "Node"

    ip: str = ""
    is_ready: bool = True


class Namespace(Named, frozen=True, gc=False, kw_only=True):
    """A namespace that was selected by its labels."""

    kind: ClassVar[str] = "Namespace"


class ConfigMap(Named, frozen=True, gc=False, kw_only=True):
    """Text by key, sorted; values that are bytes (binaryData) are not read."""

    kind: ClassVar[str] = "ConfigMap"

    values: tuple[tuple[str, str], ...] = ()


KubernetesObject = (
    Ingress
    | IngressClass
    | Namespace
    | Pod
    | Node
    | Service
    | EndpointSlice
    | Endpoints
    | BackendResource
    | Secret
    | ConfigMap
)
