"""Where the endpoints of a backend come from: which object, how, and which names that means.

Rules: what a user wishes and cannot have is a problem, and becomes what is nearest. A
headless Service is filled from DNS unless ``--headless endpoints`` says otherwise, or the
operator's own folder lists its endpoints: who writes them down there means them.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from hadyn.model.desired import Discovery
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.objects import BackendResource, Service, ServicePort
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.model.services import Found
from hadyn.model.store import Held

WISH_FIELD = f"metadata.annotations[{DISCOVERY.annotation}]"


class Supply(Struct, frozen=True, gc=False):
    """Where endpoints come from: which object and port, and how.

    Of ``dns`` the ``questions``, and the ``port`` where the records name none.
    """

    found: Found
    discovery: Discovery
    questions: tuple[DnsQuestion, ...] = ()
    port: int = 0


class Wish(NamedTuple):
    """The discovery that is wished for, and the object that says so."""

    discovery: DiscoveryWish
    setter: ObjectRef


def backend_supply(found: Found, backend: BackendResource) -> Supply:
    """Return the supply of a Backend of hadyn; one whose host was refused when it was read has none."""
    discovery = Discovery(backend.discovery)
    if discovery is Discovery.DNS and backend.host:
        return Supply(found, discovery, questions(backend.host, backend.record_type), backend.port)
    return Supply(found, discovery)


def service_supply(found: Found, service: Held, wish: Wish, policy: Policy, *, has_slices: bool) -> Supply | Problem:
    """Return the supply of a port of a Service, or why the wish cannot be granted: endpoints are used then."""
    assert isinstance(service.object, Service), service
    assert found.port is not None, found
    discovery = wish.discovery
    if discovery is DiscoveryWish.AUTO:
        discovery = _usual(service, policy, has_slices=has_slices)
    if discovery is DiscoveryWish.CLUSTERIP and not service.object.cluster_ip:
        said = f"{found.source} has no clusterIP, so its endpoints are used"
        return Problem(wish.setter, WISH_FIELD, Reason.INVALID_VALUE, said, "Use endpoints")
    if discovery in (DiscoveryWish.FQDN, DiscoveryWish.NODES):
        said = f"discovery {discovery} does not work yet, so the Service's endpoints are used"
        return Problem(wish.setter, WISH_FIELD, Reason.NOT_SUPPORTED, said, "Use endpoints or clusterip")
    if discovery is DiscoveryWish.DNS:
        return _by_dns(found, service.object, found.port, policy.cluster_domain)
    return Supply(found, Discovery(discovery))


def questions(host: str, record_type: RecordType) -> tuple[DnsQuestion, ...]:
    """Return what to ask for a host: services by name and port, addresses of both families else."""
    types = (RecordType.SRV,) if record_type is RecordType.SRV else (RecordType.A, RecordType.AAAA)
    return tuple(DnsQuestion(host, each) for each in types)


def _usual(service: Held, policy: Policy, *, has_slices: bool) -> DiscoveryWish:
    assert isinstance(service.object, Service), service
    if not service.object.is_headless or policy.headless == DiscoveryWish.ENDPOINTS or (service.is_own and has_slices):
        return DiscoveryWish.ENDPOINTS
    return DiscoveryWish.DNS


def _by_dns(found: Found, service: Service, port: ServicePort, cluster_domain: str) -> Supply | Problem:
    """Ask for a named port by SRV, which tells the port of each pod, and for any other by address."""
    host = f"{service.name}.{service.namespace}.svc.{cluster_domain}."
    if not port.name:
        number = port.target if service.is_headless and port.target else port.number
        return Supply(found, Discovery.DNS, questions(host, RecordType.A), number)
    name = f"_{port.name}._tcp.{host}".lower()
    try:
        checked_dns_name(name)
    except ValueError as cause:
        said = f"the name of its port {port.number} in DNS {cause}, so the Service's endpoints are used"
        return Problem(found.source, "spec.ports", Reason.INVALID_VALUE, said, "Give the port a shorter name")
    return Supply(found, Discovery.DNS, questions(name, RecordType.SRV))
