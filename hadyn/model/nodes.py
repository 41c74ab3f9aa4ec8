"""The nodes of a cluster, as places where each NodePort is reached.

Rules: a node that is not ready takes no requests while another one is; where none is,
all count, for then it is rather that nobody hears of them. No node known is not the same
as no endpoints: whoever sits then stays.
"""

from __future__ import annotations

from hadyn.model.addresses import Address
from hadyn.model.desired import Endpoint
from hadyn.model.objects import Node
from hadyn.model.problems import ObjectRef
from hadyn.model.store import Held, Replaced

OwnAddresses = frozenset[Address]


class Nodes:
    """Those that some source knows of."""

    def __init__(self) -> None:
        self._known: dict[ObjectRef, Held] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def replace(self, replaced: Replaced) -> None:
        """Take a node that came, changed or went."""
        if replaced.after is None:
            self._known.pop(replaced.ref, None)
        else:
            self._known[replaced.ref] = replaced.after

    def endpoints(self, port: int, own_addresses: OwnAddresses) -> tuple[Endpoint, ...] | None:
        """Return where a NodePort is reached, sorted by address; None while no node is known."""
        if not self._known:
            return None
        nodes: dict[str, Node] = {}
        for held in self._known.values():
            node = held.object
            assert isinstance(node, Node), held
            if node.ip and (held.is_own or not _is_loopback(node.ip)) and Address(node.ip, port) not in own_addresses:
                nodes[node.ip] = min(node, nodes.get(node.ip, node), key=lambda each: (not each.is_ready, each.name))
        serving = [node for node in nodes.values() if node.is_ready] or nodes.values()
        return tuple(
            Endpoint(Address(node.ip, port), name=node.name) for node in sorted(serving, key=lambda node: node.ip)
        )


def _is_loopback(ip: str) -> bool:
    """For canonical addresses."""
    return ip.startswith("127.") or ip == "::1"
