"""Node: where it is reached, and whether it is ready."""

from __future__ import annotations

from typing import Any

from hadyn.model.addresses import ForbiddenAddress, canonical_ip
from hadyn.model.decoding.leaves import Findings, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire
from hadyn.model.objects import Node
from hadyn.model.problems import Reason

TYPES = ("InternalIP", "ExternalIP")
"""Sorts of addresses, the best first: HAProxy stands where pods and nodes are."""


class WireNodeAddress(Wire):
    type: Any = None
    address: Any = None


class WireNodeCondition(Wire):
    type: Any = None
    status: Any = None


class WireNodeStatus(Wire):
    addresses: list[WireNodeAddress] | None = None
    conditions: list[WireNodeCondition] | None = None


class WireNode(Wire):
    metadata: Metadata
    status: WireNodeStatus | None = None


def read_node(wire: WireNode, identity: Identity, findings: Findings) -> Node:
    status = wire.status or WireNodeStatus()
    conditions = [each.status == "True" for each in status.conditions or () if each.type == "Ready"]
    return Node(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        ip=_ip(status.addresses or [], findings),
        # Nobody says so of a node in somebody's own folder.
        is_ready=all(conditions),
        faults=findings.faults(),
    )


def _ip(wires: list[WireNodeAddress], findings: Findings) -> str:
    """Return the first address of the best sort; a node with two families is reached by the one that it names first."""
    for sort in TYPES:
        for number, wire in enumerate(wires):
            if wire.type != sort:
                continue
            reason = Reason.INVALID_VALUE
            try:
                return canonical_ip(wire.address, loopback_allowed=True)
            except ForbiddenAddress as forbidden:
                said, reason = f"{spelled(wire.address)} is {forbidden}", Reason.FORBIDDEN_ADDRESS
            except ValueError:
                said = f"{spelled(wire.address)} is not an IP address"
            findings.add(f"status.addresses[{number}]", said, "Name the address of the node", reason)
    return ""
