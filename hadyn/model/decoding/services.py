"""Services: which ports they have, and what kind they are."""

from __future__ import annotations

import sys
from typing import Any

from msgspec import field

from hadyn.model.addresses import MAX_PORT, ForbiddenAddress, canonical_ip, checked_port
from hadyn.model.decoding.leaves import Findings, is_port_name, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire, options_of
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.objects import Service, ServicePort
from hadyn.model.options.option import Scope
from hadyn.model.problems import Reason

HEADLESS = "None"
EXTERNAL_NAME = "ExternalName"
SERVICE_TYPES = (None, "ClusterIP", "NodePort", "LoadBalancer", EXTERNAL_NAME)


class WireServicePort(Wire):
    name: Any = None
    port: Any = None
    protocol: Any = None
    target_port: Any = field(default=None, name="targetPort")
    node_port: Any = field(default=None, name="nodePort")


class WireServiceSpec(Wire):
    type: Any = None
    cluster_ip: Any = field(default=None, name="clusterIP")
    external_name: Any = field(default=None, name="externalName")
    ports: list[WireServicePort] | None = None
    publish_not_ready_addresses: Any = None
    external_traffic_policy: Any = None


class WireService(Wire):
    metadata: Metadata
    spec: WireServiceSpec | None = None


def read_service(wire: WireService, identity: Identity, findings: Findings) -> Service:
    spec = wire.spec or WireServiceSpec()
    if spec.type not in SERVICE_TYPES:
        findings.add("spec.type", f"{spelled(spec.type)} is an unknown type", "It counts as ClusterIP")
    publishes = spec.publish_not_ready_addresses
    if publishes is not None and not isinstance(publishes, bool):
        findings.add(
            "spec.publishNotReadyAddresses", f"{spelled(publishes)} is not true or false", "It counts as false"
        )
    return Service(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        options=options_of(wire.metadata, Scope.SERVICE, findings),
        ports=_ports(spec.ports or [], findings),
        cluster_ip=_cluster_ip(spec.cluster_ip, findings),
        is_headless=spec.cluster_ip == HEADLESS,
        external_name=_external_name(spec.external_name, findings) if spec.type == EXTERNAL_NAME else None,
        publishes_not_ready=publishes is True,
        is_local=spec.external_traffic_policy == "Local",
        faults=findings.faults(),
    )


def _ports(wires: list[WireServicePort], findings: Findings) -> tuple[ServicePort, ...]:
    ports: dict[int, ServicePort] = {}
    names: set[str] = set()
    for number, wire in enumerate(wires):
        port = _port(wire, f"spec.ports[{number}]", findings)
        if port is None:
            continue
        if port.number in ports or port.name in names:
            said = "an earlier port has the same number or name"
            findings.add(f"spec.ports[{number}]", said, "Name each port once; the first counts", Reason.DUPLICATE)
            continue
        ports[port.number] = port
        names.add(port.name)
    return tuple(ports.values())


def _port(wire: WireServicePort, place: str, findings: Findings) -> ServicePort | None:
    if wire.protocol not in (None, "TCP"):
        said = f"{spelled(wire.protocol)} is not usable for HTTP"
        findings.add(f"{place}.protocol", said, "Only TCP ports are used", Reason.NOT_SUPPORTED)
        return None
    if wire.name not in (None, "") and not is_port_name(wire.name):
        findings.add(f"{place}.name", f"{spelled(wire.name)} is not a port name", "Use letters, digits and '-'")
        return None
    try:
        number = checked_port(wire.port)
    except ValueError:
        findings.add(f"{place}.port", f"{spelled(wire.port)}: a port from 1 to 65535 is wanted", "Correct the number")
        return None
    # The target may be a port name, which only pods know; DNS tells their ports then.
    return ServicePort(sys.intern(wire.name or ""), number, _number(wire.target_port), _number(wire.node_port))


def _number(port: object) -> int:
    """Return a port, 0 for what is none."""
    return port if isinstance(port, int) and port is not True and 1 <= port <= MAX_PORT else 0


def _external_name(value: object, findings: Findings) -> str:
    try:
        return checked_dns_name(value).removesuffix(".")
    except ValueError as cause:
        findings.add("spec.externalName", f"{spelled(value)} {cause}", "Name a host, as in api.example.com")
        return ""


def _cluster_ip(value: object, findings: Findings) -> str:
    if value in (None, "", HEADLESS):
        return ""
    try:
        return canonical_ip(value, loopback_allowed=True)
    except ForbiddenAddress as forbidden:
        said, reason = f"{spelled(value)} is {forbidden}", Reason.FORBIDDEN_ADDRESS
    except ValueError:
        said, reason = f"{spelled(value)} is not an IP address", Reason.INVALID_VALUE
    findings.add("spec.clusterIP", said, "Use the address the cluster gave the Service", reason)
    return ""
