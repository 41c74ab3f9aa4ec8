"""EndpointSlices, Endpoints: which addresses a Service has, in one compact shape.

Rules: an endpoint or port that is wrong is left out alone. Of several addresses in one
endpoint the first counts, as the API promises. A condition that is not set means ready,
as ready, not terminating.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from hadyn.model.addresses import ForbiddenAddress, canonical_ip, checked_port
from hadyn.model.decoding.leaves import Findings, is_dns_label, is_dns_name, is_port_name, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire
from hadyn.model.listed_endpoints import EndpointGroup, ListedEndpoint, Readiness
from hadyn.model.objects import Endpoints, EndpointSlice
from hadyn.model.problems import Reason

SERVICE_LABEL = "kubernetes.io/service-name"
MAX_IDENTITY = 128
_IS_IPV6 = {"IPv4": False, "IPv6": True}


class WireTargetRef(Wire):
    kind: Any = None
    namespace: Any = None
    name: Any = None
    uid: Any = None


class WireConditions(Wire):
    ready: Any = None
    serving: Any = None
    terminating: Any = None


class WireEndpoint(Wire):
    addresses: list[Any] | None = None
    conditions: WireConditions | None = None
    target_ref: WireTargetRef | None = None


class WirePort(Wire):
    name: Any = None
    port: Any = None
    protocol: Any = None


class WireSlice(Wire):
    metadata: Metadata
    address_type: Any = None
    endpoints: list[WireEndpoint] | None = None
    ports: list[WirePort] | None = None


class WireAddress(Wire):
    ip: Any = None
    target_ref: WireTargetRef | None = None


class WireSubset(Wire):
    addresses: list[WireAddress] | None = None
    not_ready_addresses: list[WireAddress] | None = None
    ports: list[WirePort] | None = None


class WireEndpoints(Wire):
    metadata: Metadata
    subsets: list[WireSubset] | None = None


def read_slice(wire: WireSlice, identity: Identity, findings: Findings) -> EndpointSlice:
    service = (wire.metadata.labels or {}).get(SERVICE_LABEL)
    if not isinstance(service, str) or not is_dns_label(service):
        said = f"the label {SERVICE_LABEL} is {spelled(service)}, so it belongs to no Service"
        findings.add("metadata.labels", said, "Set it to the name of the Service")
        service = ""
    return EndpointSlice(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        service=sys.intern(service),
        groups=_slice_groups(wire, identity.namespace, findings),
        faults=findings.faults(),
    )


def read_endpoints(wire: WireEndpoints, identity: Identity, findings: Findings) -> Endpoints:
    reader = _Reader(identity.namespace, findings)
    groups = tuple(reader.subset(subset, f"subsets[{number}]") for number, subset in enumerate(wire.subsets or []))
    return Endpoints(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        groups=groups,
        faults=findings.faults(),
    )


def _slice_groups(wire: WireSlice, namespace: str, findings: Findings) -> tuple[EndpointGroup, ...]:
    if not isinstance(wire.address_type, str) or wire.address_type not in _IS_IPV6:
        reason = Reason.NOT_SUPPORTED if wire.address_type == "FQDN" else Reason.INVALID_VALUE
        said = f"slices of type {spelled(wire.address_type)} are not used"
        findings.add("addressType", said, "Use IPv4 or IPv6", reason)
        return ()
    reader = _Reader(namespace, findings, _IS_IPV6[wire.address_type])
    listed = (reader.endpoint(endpoint, f"endpoints[{number}]") for number, endpoint in enumerate(wire.endpoints or []))
    ports = reader.ports(wire.ports or [], "ports")
    return (EndpointGroup.of(ports, (endpoint for endpoint in listed if endpoint is not None)),)


class _Reader:
    """Reads the endpoints of one object; ``is_ipv6`` is None where both families may stand."""

    def __init__(self, namespace: str, findings: Findings, is_ipv6: bool | None = None) -> None:
        self._namespace = namespace
        self._findings = findings
        self._is_ipv6 = is_ipv6

    def subset(self, wire: WireSubset, place: str) -> EndpointGroup:
        endpoints: list[ListedEndpoint] = []
        for field, addresses, readiness in (
            ("addresses", wire.addresses, Readiness.READY),
            ("notReadyAddresses", wire.not_ready_addresses, Readiness.NOT_SERVING),
        ):
            for number, address in enumerate(addresses or []):
                ip = self._ip(address.ip, f"{place}.{field}[{number}].ip")
                if ip is not None:
                    endpoints.append(ListedEndpoint(ip, readiness, *self._pod(address.target_ref)))
        return EndpointGroup.of(self.ports(wire.ports or [], f"{place}.ports"), endpoints, f"{place}.")

    def endpoint(self, wire: WireEndpoint, place: str) -> ListedEndpoint | None:
        if not wire.addresses:
            self._findings.add(f"{place}.addresses", "there is no address", "Name one")
            return None
        readiness = self._readiness(wire.conditions or WireConditions(), f"{place}.conditions")
        ip = self._ip(wire.addresses[0], f"{place}.addresses[0]")
        if ip is None or readiness is None:
            return None
        return ListedEndpoint(ip, readiness, *self._pod(wire.target_ref))

    def ports(self, wires: Sequence[WirePort], place: str) -> tuple[tuple[str, int], ...]:
        ports: list[tuple[str, int]] = []
        for number, wire in enumerate(wires):
            if wire.protocol not in (None, "TCP"):
                continue
            if wire.name not in (None, "") and not is_port_name(wire.name):
                said = f"{spelled(wire.name)} is not a port name"
                self._findings.add(f"{place}[{number}].name", said, "Use the name of the Service's port")
                continue
            try:
                ports.append((sys.intern(wire.name or ""), checked_port(wire.port)))
            except ValueError:
                said = f"{spelled(wire.port)}: a port from 1 to 65535 is wanted"
                self._findings.add(f"{place}[{number}].port", said, "Correct the number")
        return tuple(ports)

    def _readiness(self, conditions: WireConditions, place: str) -> Readiness | None:
        ready, serving, terminating = conditions.ready, conditions.serving, conditions.terminating
        for name, value in (("ready", ready), ("serving", serving), ("terminating", terminating)):
            if value is not None and not isinstance(value, bool):
                said = f"{spelled(value)} is not true or false"
                self._findings.add(f"{place}.{name}", said, "The endpoint is not used until then")
                return None
        is_ready = ready is not False
        if is_ready and not terminating:
            return Readiness.READY
        is_serving = is_ready if serving is None else serving
        return Readiness.SERVING if is_serving else Readiness.NOT_SERVING

    def _ip(self, value: object, place: str) -> str | None:
        try:
            ip = canonical_ip(value, loopback_allowed=True)
        except ForbiddenAddress as forbidden:
            said = f"{spelled(value)} is {forbidden}"
            self._findings.add(place, said, "Name the address of a pod", Reason.FORBIDDEN_ADDRESS)
            return None
        except ValueError:
            self._findings.add(place, f"{spelled(value)} is not an IP address", "Name the address of a pod")
            return None
        if self._is_ipv6 is not None and (":" in str(value)) != self._is_ipv6:
            said = f"{spelled(value)} does not fit addressType"
            self._findings.add(place, said, "Put IPv4 and IPv6 in slices of their own")
            return None
        return ip

    def _pod(self, ref: WireTargetRef | None) -> tuple[str | None, int | None]:
        """The pod's name for people, and what tells it from all others (its uid, as 64 bits)."""
        if ref is None:
            return None, None
        uid = ref.uid if isinstance(ref.uid, str) and 0 < len(ref.uid) <= MAX_IDENTITY else None
        identity = None if uid is None else hash(uid)
        if ref.kind != "Pod" or not isinstance(ref.name, str) or not is_dns_name(ref.name):
            return None, identity
        namespace = ref.namespace if is_dns_label(ref.namespace) else self._namespace
        return f"{namespace}/{ref.name}", identity
