"""Backend of hadyn: endpoints that Kubernetes does not know."""

from __future__ import annotations

import re
from typing import Any

from hadyn.model.addresses import ForbiddenAddress, canonical_ip, checked_port
from hadyn.model.decoding.leaves import Findings, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire, options_of
from hadyn.model.desired import is_service_name
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.objects import BackendResource
from hadyn.model.options.option import Scope
from hadyn.model.problems import Reason
from hadyn.model.resolved import RecordType

STATIC = "static"
FQDN = "fqdn"
DNS = "dns"
DISCOVERIES = (STATIC, DNS, FQDN)
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<ipv4>[0-9.]+)):(?P<port>[1-9][0-9]{0,4})")


class WireBackendSpec(Wire):
    discovery: Any = None
    host: Any = None
    type: Any = None
    port: Any = None
    addresses: list[Any] | None = None


class WireBackendResource(Wire):
    metadata: Metadata
    spec: WireBackendSpec | None = None


def read_backend(wire: WireBackendResource, identity: Identity, findings: Findings) -> BackendResource:
    spec = wire.spec or WireBackendSpec()
    discovery = spec.discovery
    if discovery not in DISCOVERIES:
        said = f"{spelled(discovery)} is not one of {', '.join(DISCOVERIES)}"
        findings.add("spec.discovery", said, f"Say dns to have a host asked for; until then it counts as {STATIC}")
        discovery = STATIC
    if discovery != STATIC and spec.addresses:
        said = f"addresses count with discovery {STATIC} alone: DNS says them"
        findings.add("spec.addresses", said, "Leave them out", Reason.NOT_SUPPORTED)
    elif spec.discovery == STATIC and spec.host is not None:
        said = f"nobody asks for the host with discovery {STATIC}"
        findings.add("spec.host", said, "Say discovery dns, or leave it out", Reason.NOT_SUPPORTED)
    listed = (_address(value, f"spec.addresses[{n}]", findings) for n, value in enumerate(spec.addresses or []))
    return BackendResource(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        options=options_of(wire.metadata, Scope.BACKEND, findings),
        addresses=tuple(dict.fromkeys(address for address in listed if address is not None)),
        **{"discovery": discovery, **(_asked(spec, findings) if discovery != STATIC else {})},
        faults=findings.faults(),
    )


def _asked(spec: WireBackendSpec, findings: Findings) -> dict[str, Any]:
    """Read what to ask DNS for; a host is only told where the rest of it is right, too."""
    record_type, port, host = RecordType.A, 0, ""
    if spec.type not in (None, "A", "SRV"):
        findings.add("spec.type", f"{spelled(spec.type)} is not A or SRV", "It counts as A, which means AAAA too")
    elif spec.type == "SRV":
        record_type = RecordType.SRV
    try:
        host = checked_dns_name(spec.host)
    except ValueError as cause:
        said = f"{spelled(spec.host)} {cause}: the backend has no endpoints"
        findings.add("spec.host", said, "Name the host to ask for, as in api.service.example")
    more = _left_to_hadyn(host, record_type, findings) if host and spec.discovery == FQDN else {}
    if record_type is RecordType.SRV:
        if spec.port is not None:
            findings.add("spec.port", "SRV records name the port themselves", "Leave it out", Reason.NOT_SUPPORTED)
        return {"host": host, "record_type": record_type, **more}
    try:
        port = checked_port(spec.port)
    except ValueError:
        said = f"{spelled(spec.port)}: a port from 1 to 65535 is wanted, so the backend has no endpoints"
        findings.add("spec.port", said, "Name the port, or use SRV records, which have one")
        host = ""
    return {"host": host, "port": port, **more}


def _left_to_hadyn(host: str, record_type: RecordType, findings: Findings) -> dict[str, Any]:
    """Return another discovery where HAProxy would ask for something else: it goes by how the name begins."""
    if is_service_name(host) == (record_type is RecordType.SRV):
        return {}
    begins = "only for a name that begins" if record_type is RecordType.SRV else "for every name that begins"
    said = f"HAProxy asks for SRV records {begins} with _, so hadyn resolves {spelled(host)}"
    findings.add("spec.discovery", said, "Say discovery dns, or the name of a service as in _http._tcp.api.example")
    return {"discovery": DNS}


def _address(value: object, place: str, findings: Findings) -> tuple[str, int] | None:
    """Read "10.0.0.7:8080" or "[fd00::1]:8080"."""
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    ip, port = (found["ipv6"] or found["ipv4"], int(found["port"])) if found else ("", 0)
    reason = Reason.INVALID_VALUE
    try:
        return canonical_ip(ip, loopback_allowed=True), checked_port(port)
    except ForbiddenAddress as forbidden:
        said, reason = f"{spelled(value)} is {forbidden}", Reason.FORBIDDEN_ADDRESS
    except ValueError:
        said = f"{spelled(value)} is not an address with port"
    findings.add(place, said, 'For example "10.0.0.7:8080" or "[fd00::1]:8080"', reason)
    return None
