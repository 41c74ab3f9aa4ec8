"""Which endpoints of a Service get requests.

Rules: ready ones; those that terminate but still serve are drained while there is a
ready one, and serve on while there is none. An address that several slices list is one
endpoint: of one pod the newest slice counts, of several pods the best condition.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from hadyn.model.addresses import Address
from hadyn.model.desired import Endpoint
from hadyn.model.listed_endpoints import EndpointGroup, ListedEndpoint, Readiness
from hadyn.model.objects import (
    BackendResource,
    Endpoints,
    EndpointSlice,
    Fault,
    Service,
    ServicePort,
)
from hadyn.model.problems import Reason, shown
from hadyn.model.store import Held

OwnAddresses = frozenset[Address]
_REMEDY = "Name the address of a pod"


class _Listing(NamedTuple):
    """How one slice lists an address; ``slice_age`` sorts the newest slice last."""

    readiness: Readiness
    slice_age: tuple[str, str]
    endpoint: ListedEndpoint


def listed_endpoints(
    listings: Iterable[Held], port: ServicePort, *, publishes_not_ready: bool, own_addresses: OwnAddresses
) -> tuple[Endpoint, ...]:
    """Return the endpoints of one port of a Service, sorted by address.

    ``listings`` are its EndpointSlices, or its Endpoints where it has none.
    """
    by_address: dict[Address, list[_Listing]] = {}
    for held, group, number in _groups_with_port(listings, port.name):
        slice_age = (held.object.created, held.object.name)
        for endpoint in group.endpoints:
            if held.is_own or not _is_loopback(endpoint.ip):
                readiness = Readiness.READY if publishes_not_ready else endpoint.readiness
                by_address.setdefault(Address(endpoint.ip, number), []).append(_Listing(readiness, slice_age, endpoint))
    chosen = {address: _chosen(listings) for address, listings in by_address.items() if address not in own_addresses}
    has_ready = any(listing.readiness is Readiness.READY for listing in chosen.values())
    return tuple(
        Endpoint(address, draining=has_ready and listing.readiness is not Readiness.READY, name=listing.endpoint.pod)
        for address, listing in sorted(chosen.items(), key=lambda item: (item[0].ip, item[0].port))
        if listing.readiness is not Readiness.NOT_SERVING
    )


def cluster_endpoints(service: Held, port: ServicePort, own_addresses: OwnAddresses) -> tuple[Endpoint, ...]:
    """Return the Service's clusterIP as its only endpoint; nothing where it has none that may be used."""
    assert isinstance(service.object, Service), service
    ip = service.object.cluster_ip
    if not ip or (_is_loopback(ip) and not service.is_own) or Address(ip, port.number) in own_addresses:
        return ()
    return (Endpoint(Address(ip, port.number)),)


def static_endpoints(backend: Held, own_addresses: OwnAddresses) -> tuple[Endpoint, ...]:
    """Return the endpoints that a Backend lists, sorted by address."""
    assert isinstance(backend.object, BackendResource), backend
    usable = (
        Address(ip, port) for ip, port in sorted(backend.object.addresses) if backend.is_own or not _is_loopback(ip)
    )
    return tuple(Endpoint(address) for address in usable if address not in own_addresses)


def forbidden_addresses(held: Held, own_addresses: OwnAddresses) -> Iterator[Fault]:
    """Yield a fault for each address that this source must not name, or that would be a loop."""
    for ips, ports, field in _named_addresses(held):
        own_ips = {address.ip for address in own_addresses if address.port in ports}
        for ip in ips:
            if _is_loopback(ip) and not held.is_own:
                said = f"{shown(ip)} is a loopback address"
                yield Fault(field, Reason.FORBIDDEN_ADDRESS, said, _REMEDY)
            elif ip in own_ips:
                said = f"{shown(ip)} is where HAProxy or hadyn listens: requests would go round in circles"
                yield Fault(field, Reason.FORBIDDEN_ADDRESS, said, _REMEDY)


def _named_addresses(held: Held) -> Iterator[tuple[Iterable[str], Container[int], str]]:
    """Yield IPs that an object names, with the ports they are for, and the field they stand in."""
    match held.object:
        case BackendResource() as backend:
            for ip, port in backend.addresses:
                yield (ip,), (port,), "spec.addresses"
        case EndpointSlice() | Endpoints() as listed:
            for group in listed.groups:
                ips = (endpoint.ip for endpoint in group.endpoints)
                yield ips, [number for _, number in group.ports], f"{group.field}endpoints"
        case Service() as service if service.cluster_ip:
            yield (service.cluster_ip,), [port.number for port in service.ports], "spec.clusterIP"


def lists_port(listings: Iterable[Held], port: ServicePort) -> bool:
    """Whether any of these EndpointSlices or Endpoints has the port."""
    return any(True for _ in _groups_with_port(listings, port.name))


def has_endpoints(listings: Iterable[Held]) -> bool:
    """Whether any address stands in these EndpointSlices or Endpoints, ready or not."""
    return any(group.lines for held in listings for group in _groups(held))


def _groups(held: Held) -> tuple[EndpointGroup, ...]:
    assert isinstance(held.object, (EndpointSlice, Endpoints)), held
    return held.object.groups


def _groups_with_port(listings: Iterable[Held], port_name: str) -> Iterator[tuple[Held, EndpointGroup, int]]:
    """Yield each group of endpoints that listens on the Service port of this name, with its number."""
    for held in listings:
        for group in _groups(held):
            for name, number in group.ports:
                if name == port_name:
                    yield held, group, number


def _chosen(listings: list[_Listing]) -> _Listing:
    """The one listing of an address that counts."""
    if len(listings) == 1:
        return listings[0]
    newest: dict[object, _Listing] = {}
    for number, listing in enumerate(sorted(listings, key=_newest_last)):
        pod = listing.endpoint.identity
        newest[number if pod is None else (pod,)] = listing
    return min(newest.values(), key=lambda listing: (listing.readiness, listing.endpoint.pod or ""))


def _newest_last(listing: _Listing) -> tuple[tuple[str, str], int, str]:
    return listing.slice_age, -listing.readiness, listing.endpoint.pod or ""


def _is_loopback(ip: str) -> bool:
    """For canonical addresses."""
    return ip.startswith("127.") or ip == "::1"
