"""Where a path of an Ingress leads: a Service's port, or a Backend of hadyn.

Rule: an unusable reference is None and a fault, so that its path can answer 503.
"""

from __future__ import annotations

import sys
from typing import Any

from hadyn.model.addresses import MAX_PORT
from hadyn.model.decoding.leaves import Findings, is_dns_label, is_dns_name, is_port_name, spelled
from hadyn.model.decoding.metadata import Wire
from hadyn.model.objects import ResourceTarget, ServiceTarget, Target
from hadyn.model.problems import Reason

HADYN_GROUP = "hadyn.io"


class WireServicePortRef(Wire):
    name: Any = None
    number: Any = None


class WireServiceRef(Wire):
    name: Any = None
    port: WireServicePortRef | None = None


class WireResourceRef(Wire):
    api_group: Any = None
    kind: Any = None
    name: Any = None


class WireBackend(Wire):
    """``service`` is of v1, ``serviceName`` and ``servicePort`` of the versions before."""

    service: WireServiceRef | None = None
    resource: WireResourceRef | None = None
    service_name: Any = None
    service_port: Any = None


def read_target(wire: WireBackend | None, field: str, findings: Findings, *, is_beta: bool) -> Target | None:
    """Return what the backend of a path names, None and a fault where it is unusable."""
    backend = wire or WireBackend()
    if backend.resource is not None:
        return _resource(backend.resource, f"{field}.resource", findings)
    if is_beta and backend.service_name is not None:
        return _service_target(
            backend.service_name, backend.service_port, (field, "serviceName", "servicePort"), findings
        )
    if not is_beta and backend.service is not None:
        port = backend.service.port or WireServicePortRef()
        wanted = port.name if port.number is None else port.number
        return _service_target(backend.service.name, wanted, (field, "service.name", "service.port"), findings)
    wanted_fields = "serviceName and servicePort" if is_beta else "service.name and service.port"
    findings.add(
        field, "names neither a Service nor a Backend", f"Set {wanted_fields}; the path answers 503 until then"
    )
    return None


def _service_target(name: object, port: object, fields: tuple[str, str, str], findings: Findings) -> Target | None:
    field, name_field, port_field = fields
    if not isinstance(name, str) or not is_dns_label(name):
        findings.add(f"{field}.{name_field}", f"{spelled(name)} is not the name of a Service", "Name a Service")
        return None
    is_number = type(port) is int and 1 <= port <= MAX_PORT
    if not is_number and not is_port_name(port):
        said = f"no such port: {spelled(port)}"
        findings.add(f"{field}.{port_field}", said, "Use a port of the Service, by its number or its name")
        return None
    assert isinstance(port, (int, str)), port
    return ServiceTarget(sys.intern(name), sys.intern(port) if isinstance(port, str) else port)


def _resource(wire: WireResourceRef, field: str, findings: Findings) -> Target | None:
    if (wire.api_group, wire.kind) != (HADYN_GROUP, "Backend"):
        said = f"a resource of kind {spelled(wire.kind)} is not supported"
        findings.add(field, said, f"Only apiGroup {HADYN_GROUP}, kind Backend is", Reason.NOT_SUPPORTED)
        return None
    if not isinstance(wire.name, str) or not is_dns_name(wire.name):
        findings.add(f"{field}.name", f"{spelled(wire.name)} is not the name of a Backend", "Name a Backend")
        return None
    return ResourceTarget(sys.intern(wire.name))
