"""Where the endpoints of a backend come from: which object, how, and which names that means.

Rules: what a user wishes and cannot have is a problem, and becomes what is nearest. A
headless Service is filled from DNS unless ``--headless endpoints`` says otherwise, or the
operator's own folder lists its endpoints: who writes them down there means them.
HAProxy resolves an ExternalName only for the operator's own folder: anybody in a cluster
may name a host that leads to what listens beside HAProxy, and HAProxy checks no address.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from hadyn.model.desired import Discovery, is_service_name
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.objects import BackendResource, Service, ServicePort
from hadyn.model.options.discovery import DISCOVERY, DiscoveryWish
from hadyn.model.options.slots import SLOT_NAMES
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.resolved import ADDRESS_TYPES, DnsQuestion, RecordType
from hadyn.model.services import Found
from hadyn.model.store import Held

WISH_FIELD = DISCOVERY.field


class Supply(Struct, frozen=True, gc=False):
    """Where endpoints come from: which object and port, and how.

    Of ``dns`` and ``fqdn`` the ``questions``, and the ``port`` where the records name none;
    ``host`` is what HAProxy asks for itself.
    """

    found: Found
    discovery: Discovery
    questions: tuple[DnsQuestion, ...] = ()
    port: int = 0
    host: str = ""


class Wish(NamedTuple):
    """The discovery that is wished for, and the object that says so."""

    discovery: DiscoveryWish
    setter: ObjectRef


def backend_supply(found: Found, backend: BackendResource, policy: Policy) -> Supply:
    """Return the supply of a Backend of hadyn; one whose host was refused when it was read has none."""
    discovery = Discovery(backend.discovery)
    if not backend.host or discovery is Discovery.STATIC:
        return Supply(found, Discovery.STATIC if discovery is Discovery.FQDN else discovery)
    if discovery is Discovery.FQDN:
        return _by_name(found, backend.host.removesuffix("."), backend.port, backend.record_type)
    asked = questions(backend.host, backend.record_type, policy.dns_family)
    return Supply(found, discovery, asked, backend.port)


def service_supply(
    found: Found, service: Held, wish: Wish, policy: Policy, *, has_slices: bool
) -> tuple[Supply, Problem | None]:
    """Return the supply of a port of a Service, with what is wrong if it is not the one that is wished."""
    assert isinstance(service.object, Service), service
    assert found.port is not None, found
    usual = _usual(service, policy, has_slices=has_slices)
    discovery = usual if wish.discovery is DiscoveryWish.AUTO else wish.discovery
    problem = _refusal(found, service, wish, policy, discovery)
    if problem is not None:
        is_settled = service.object.external_name or _lacks_slices(service, policy)
        discovery = usual if is_settled else DiscoveryWish.ENDPOINTS
    if discovery is DiscoveryWish.FQDN:
        host = service.object.external_name or _host(service.object, policy)
        return _by_name(found, host, _port(service.object, found.port)), problem
    if discovery is DiscoveryWish.DNS and service.object.external_name:
        asked = questions(f"{service.object.external_name}.", RecordType.A, policy.dns_family)
        return Supply(found, Discovery.DNS, asked, found.port.number), problem
    if discovery is DiscoveryWish.DNS:
        supply, trouble = _by_dns(found, service.object, found.port, policy)
        return supply, problem or trouble
    return Supply(found, Discovery(discovery)), problem


def with_addresses(supply: Supply) -> Supply:
    """Return a supply whose endpoints can stand beside others: what HAProxy would resolve, hadyn resolves."""
    if supply.discovery is not Discovery.FQDN:
        return supply
    return Supply(supply.found, Discovery.DNS, supply.questions, supply.port)


def names_no_pods(supply: Supply) -> bool:
    """Whether nothing tells which pod an address belongs to."""
    is_service = any(question.type is RecordType.SRV for question in supply.questions)
    return supply.discovery is not Discovery.ENDPOINTS and not is_service


def nameless(setter: ObjectRef) -> Problem:
    """Say that slots cannot be named for pods."""
    field = SLOT_NAMES.field
    said = "nothing names the pods behind these addresses, so any pod gets any slot"
    return Problem(setter, field, Reason.NOT_SUPPORTED, said, "Name the Service's port, or use discovery endpoints")


def questions(host: str, record_type: RecordType, family: str) -> tuple[DnsQuestion, ...]:
    """Return what to ask for a host: services by name and port, else addresses of the family that --dns-family says."""
    types = (RecordType.SRV,) if record_type is RecordType.SRV else ADDRESS_TYPES[family]
    return tuple(DnsQuestion(host, each) for each in types)


def _usual(service: Held, policy: Policy, *, has_slices: bool) -> DiscoveryWish:
    assert isinstance(service.object, Service), service
    if service.object.external_name:
        is_haproxys = service.is_own and not is_service_name(service.object.external_name)
        return DiscoveryWish.FQDN if is_haproxys else DiscoveryWish.DNS
    if _lacks_slices(service, policy):
        return DiscoveryWish.DNS if service.object.is_headless else DiscoveryWish.CLUSTERIP
    if not service.object.is_headless or policy.headless == DiscoveryWish.ENDPOINTS or (service.is_own and has_slices):
        return DiscoveryWish.ENDPOINTS
    return DiscoveryWish.DNS


def _lacks_slices(service: Held, policy: Policy) -> bool:
    """Whether nothing tells the Service's endpoints but its name or its clusterIP."""
    return policy.no_endpoint_slices and not service.is_own


def _refusal(found: Found, held: Held, wish: Wish, policy: Policy, discovery: DiscoveryWish) -> Problem | None:
    """Say why a Service cannot have this discovery; None where it can."""
    service = held.object
    assert isinstance(service, Service), held
    if service.external_name and discovery is DiscoveryWish.FQDN and not held.is_own:
        # HAProxy connects to whatever it resolves, before anybody can look at it:
        # docs/decisions/0015-names-that-haproxy-resolves.md
        said = f"{found.source} is of type ExternalName: its addresses are checked first, so hadyn resolves it"
        return Problem(wish.setter, WISH_FIELD, Reason.NOT_SUPPORTED, said, "Use dns")
    if discovery is DiscoveryWish.FQDN and is_service_name(service.external_name or ""):
        said = f"HAProxy would ask for the SRV records of {service.external_name}, so hadyn resolves it"
        return Problem(wish.setter, WISH_FIELD, Reason.NOT_SUPPORTED, said, "Use dns")
    is_by_name = discovery in (DiscoveryWish.DNS, DiscoveryWish.FQDN)
    if service.external_name and not is_by_name:
        said = f"{found.source} is of type ExternalName and has a name alone, so that is used"
        return Problem(wish.setter, WISH_FIELD, Reason.INVALID_VALUE, said, "Use fqdn or dns")
    if discovery is DiscoveryWish.ENDPOINTS and _lacks_slices(held, policy):
        said = f"EndpointSlices are not read, so {found.source} is served {_instead(service)}"
        return Problem(wish.setter, WISH_FIELD, Reason.NOT_SUPPORTED, said, "Leave --no-endpoint-slices out")
    if discovery is DiscoveryWish.CLUSTERIP and not service.cluster_ip:
        said = f"{found.source} has no clusterIP, so its endpoints are used"
        return Problem(wish.setter, WISH_FIELD, Reason.INVALID_VALUE, said, "Use endpoints")
    if discovery is DiscoveryWish.NODES:
        return _nodes_refusal(found, service, wish)
    return None


def _nodes_refusal(found: Found, service: Service, wish: Wish) -> Problem | None:
    assert found.port is not None, found
    if not found.port.node_port:
        said = f"port {found.port.number} of {found.source} has no nodePort, so its endpoints are used"
        return Problem(wish.setter, WISH_FIELD, Reason.INVALID_VALUE, said, "Give the Service the type NodePort")
    if service.is_local:
        said = f"nodes without a pod of {found.source} refuse its requests, so its endpoints are used"
        remedy = "Leave externalTrafficPolicy: Local out, or use endpoints"
        return Problem(wish.setter, WISH_FIELD, Reason.NOT_SUPPORTED, said, remedy)
    return None


def _instead(service: Service) -> str:
    return "from DNS" if service.is_headless else "by its clusterIP"


def _host(service: Service, policy: Policy) -> str:
    return f"{service.name}.{service.namespace}.svc.{policy.cluster_domain}"


def _port(service: Service, port: ServicePort) -> int:
    """Return where the addresses of a Service's name listen: pods of a headless one on their own port."""
    return port.target if service.is_headless and port.target else port.number


def _by_name(found: Found, host: str, port: int, record_type: RecordType = RecordType.A) -> Supply:
    """HAProxy asks for the name as it stands; hadyn asks, too, for all that it may lead to: HAProxy merely prefers a family."""
    return Supply(found, Discovery.FQDN, questions(f"{host}.", record_type, "both"), port, host)


def _by_dns(found: Found, service: Service, port: ServicePort, policy: Policy) -> tuple[Supply, Problem | None]:
    """Ask for a named port by SRV, which tells the port of each pod, and for any other by address."""
    host = _host(service, policy)
    if not port.name:
        asked = questions(f"{host}.", RecordType.A, policy.dns_family)
        return Supply(found, Discovery.DNS, asked, _port(service, port)), None
    name = f"_{port.name}._tcp.{host}.".lower()
    try:
        checked_dns_name(name)
    except ValueError as cause:
        said = f"the name of its port {port.number} in DNS {cause}, so the Service's endpoints are used"
        remedy = "Give the port a shorter name"
        return Supply(found, Discovery.ENDPOINTS), Problem(
            found.source, "spec.ports", Reason.INVALID_VALUE, said, remedy
        )
    return Supply(found, Discovery.DNS, questions(name, RecordType.SRV, policy.dns_family)), None
