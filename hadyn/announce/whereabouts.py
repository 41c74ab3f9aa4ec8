"""Where clients reach HAProxy, asked of the cluster: a Service, or the nodes that its pods run on.

Rule: each asks for what it needs only, and what cannot be found now is no address, not an error.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

import msgspec

from hadyn.announce.statuses import Addresses, read_published
from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import NotServed
from hadyn.cluster.requests import ApiRequest, Resource

NODE_SECONDS = 300.0
"""So long the addresses of a node are taken for what they were."""
SERVICES = Resource("", "v1", "services", "Service")
PODS = Resource("", "v1", "pods", "Pod")
NODES = Resource("", "v1", "nodes", "Node", is_cluster_wide=True)
PREFERRED = ("ExternalIP", "InternalIP")


class _Condition(msgspec.Struct):
    type: str = ""
    status: str = ""


class _PodSpec(msgspec.Struct, rename="camel"):
    node_name: str = ""


class _PodStatus(msgspec.Struct):
    conditions: list[_Condition] | None = None


class _Pod(msgspec.Struct):
    spec: _PodSpec
    status: _PodStatus


class _Pods(msgspec.Struct):
    items: list[_Pod] | None = None


class _Address(msgspec.Struct):
    type: str = ""
    address: str = ""


class _NodeStatus(msgspec.Struct):
    addresses: list[_Address] | None = None


class _Node(msgspec.Struct):
    status: _NodeStatus


@dataclass(frozen=True, slots=True)
class ServiceWhereabouts:
    """The addresses that a Service has: those of its load balancer, else its externalIPs, else itself."""

    namespace: str
    name: str

    def addresses(self, api: KubeApi, now: float) -> Addresses:  # noqa: ARG002 - nothing is kept
        """Ask for them; raises what ``KubeApi.get`` does, msgspec.MsgspecError."""
        path = SERVICES.path(self.namespace, self.name)
        return read_published(api.get(ApiRequest("get", str(SERVICES), path, self.namespace))).service_addresses


@dataclass(slots=True)
class NodeWhereabouts:
    """The addresses of the nodes that ready pods with these labels run on: external ones, else internal ones."""

    namespace: str
    selector: str
    _known: dict[str, tuple[float, Addresses]] = field(default_factory=dict)

    def addresses(self, api: KubeApi, now: float) -> Addresses:
        """Ask for the pods, and for nodes not asked for lately; ``now`` is monotonic seconds. Raises as above."""
        query = {"labelSelector": self.selector}
        request = ApiRequest("list", str(PODS), PODS.path(self.namespace), self.namespace, query)
        nodes = nodes_of(api.get(request))
        self._known = {name: known for name, known in self._known.items() if name in nodes and known[0] > now}
        for name in nodes - self._known.keys():
            self._known[name] = (now + NODE_SECONDS, self._ask(api, name))
        found = {address for _, addresses in self._known.values() for address in addresses}
        return tuple(sorted(found, key=_by_number))

    def _ask(self, api: KubeApi, name: str) -> Addresses:
        try:
            return addresses_of(api.get(ApiRequest("get", str(NODES), NODES.path(name=name))))
        except NotServed:
            return ()


Whereabouts = ServiceWhereabouts | NodeWhereabouts


def nodes_of(body: bytes) -> set[str]:
    """Return the nodes of the pods in a list that are ready; raises msgspec.MsgspecError."""
    pods = msgspec.json.decode(body, type=_Pods).items or ()
    return {pod.spec.node_name for pod in pods if pod.spec.node_name and _is_ready(pod)}


def addresses_of(body: bytes) -> Addresses:
    """Return the addresses of a node of the best type that it has; raises msgspec.MsgspecError."""
    listed = msgspec.json.decode(body, type=_Node).status.addresses or ()
    by_type = ([each.address for each in listed if each.type == preferred] for preferred in PREFERRED)
    return tuple(next(filter(None, by_type), ()))


def _is_ready(pod: _Pod) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())


def _by_number(address: str) -> tuple[int, int, str]:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return 0, 0, address
    return ip.version, int(ip), ""
