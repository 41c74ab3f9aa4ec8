"""Backend of hadyn: endpoints that Kubernetes does not know."""

from __future__ import annotations

import re
from typing import Any

from hadyn.model.addresses import ForbiddenAddress, canonical_ip, checked_port
from hadyn.model.decoding.leaves import Findings, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire, options_of
from hadyn.model.objects import BackendResource
from hadyn.model.options.option import Scope
from hadyn.model.problems import Reason

STATIC = "static"
DISCOVERIES = (STATIC, "dns", "fqdn")
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<ipv4>[0-9.]+)):(?P<port>[1-9][0-9]{0,4})")


class WireBackendSpec(Wire):
    discovery: Any = None
    addresses: list[Any] | None = None


class WireBackendResource(Wire):
    metadata: Metadata
    spec: WireBackendSpec | None = None


def read_backend(wire: WireBackendResource, identity: Identity, findings: Findings) -> BackendResource:
    spec = wire.spec or WireBackendSpec()
    discovery = spec.discovery
    if discovery not in DISCOVERIES:
        said = f"{spelled(discovery)} is not one of {', '.join(DISCOVERIES)}"
        findings.add("spec.discovery", said, f"It counts as {STATIC}")
        discovery = STATIC
    elif discovery != STATIC:
        said = f"discovery {discovery} does not work yet: the backend has no endpoints"
        findings.add("spec.discovery", said, f"Use {STATIC} and list the addresses", Reason.NOT_SUPPORTED)
    listed = (_address(value, f"spec.addresses[{n}]", findings) for n, value in enumerate(spec.addresses or []))
    return BackendResource(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        options=options_of(wire.metadata, Scope.BACKEND, findings),
        discovery=discovery,
        addresses=tuple(dict.fromkeys(address for address in listed if address is not None)),
        faults=findings.faults(),
    )


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
