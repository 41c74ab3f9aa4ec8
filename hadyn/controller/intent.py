"""What the settings ask for: where HAProxy listens, what objects may do.

Rule: ``run`` and the commands that only look share this, so that ``hadyn check`` judges
as ``hadyn run`` would.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import zlib
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from hadyn.errors import WrongUsage
from hadyn.model.addresses import Address
from hadyn.model.desired import Capacity
from hadyn.model.main_wish import MainWish
from hadyn.model.policy import Policy
from hadyn.model.resolved import ADDRESS_TYPES
from hadyn.process.ports import default_addresses
from hadyn.process.privileges import NOBODY, can_confine
from hadyn.render.certificates import LISTING
from hadyn.render.config import ConfigSettings, Jail
from hadyn.render.folder import StateFolder
from hadyn.render.replicas import PEER_NAME, Replicas, alone
from hadyn.render.resolvers import HOLDS, Resolvers
from hadyn.render.tls import TlsSettings
from hadyn.resolver.nameservers import named_servers
from hadyn.resolver.resolution import Holds
from hadyn.resolver.resolver_settings import ResolverSettings
from hadyn.settings import Settings

NO_WISH = MainWish()


def listeners(settings: Settings) -> tuple[Address, ...]:
    """Return where HAProxy listens: on the addresses given, else on all of this machine's."""
    return tuple(Address(ip, settings.http_port) for ip in settings.bind) or default_addresses(settings.http_port)


def tls_listeners(settings: Settings) -> tuple[Address, ...]:
    """Return where HAProxy speaks TLS: on the same addresses; nowhere with port 0."""
    port = settings.https_port
    if not port:
        return ()
    return tuple(Address(ip, port) for ip in settings.bind) or default_addresses(port)


def policy(settings: Settings) -> Policy:
    """Return what the operator allows objects to do."""
    return Policy(
        ingress_class=settings.ingress_class,
        controller_class=settings.controller_class,
        watch_ingress_without_class=settings.watch_ingress_without_class,
        shared_hosts=settings.shared_hosts,
        capacity=Capacity(slots=settings.slots),
        headless=settings.headless,
        no_endpoint_slices=settings.no_endpoint_slices,
        cluster_domain=settings.cluster_domain,
        allow_external_name=settings.allow_external_name,
        dns_family=settings.dns_family,
        default_backend_service=settings.default_backend_service,
        config_map=settings.config_map,
        tcp_services_configmap=settings.tcp_services_configmap,
        peers_service=settings.peers_service,
        namespaces_are_selected=bool(settings.namespace_selector),
        default_certificate=settings.default_certificate,
        is_beside=bool(settings.sidecar),
        own_addresses=own_addresses((*listeners(settings), *tls_listeners(settings)), settings.status_bind),
    )


def configuration(
    settings: Settings,
    folder: StateFolder,
    wish: MainWish = NO_WISH,
    *,
    dns_servers: Sequence[Address] | None = None,
) -> ConfigSettings:
    """Return what the main file depends on; ``wish`` is what objects want of it.

    Only a HAProxy that hadyn starts gives up what root may do: whoever starts a sidecar's decides
    what that one may. ``dns_servers`` are those that hadyn asks, by default those that it would
    begin with.
    """
    jail = Jail(str(folder.empty), NOBODY, NOBODY) if not settings.sidecar and can_confine() else None
    encrypted = tls_listeners(settings)
    # All HAProxies of this machine share these names.
    passes_on = f"hadyn-{zlib.crc32(str(folder.path).encode()):08x}" if wish.has_passthrough else ""
    return ConfigSettings(
        bind=listeners(settings),
        runtime_socket=str(settings.runtime_socket),
        maps=str(folder.maps),
        credentials=str(folder.credentials),
        errors=str(folder.errors),
        maxconn=settings.maxconn,
        jail=jail,
        tls=TlsSettings(encrypted, str(folder.certificates / LISTING), passes_on) if encrypted else None,
        resolvers=_resolvers(settings, dns_servers) if wish.leaves_names else None,
        spare_backends=settings.spare_backends,
        spare_slots=settings.slots,
        options=wish.options,
        replicas=_replicas(settings, wish),
        ports=wish.ports,
        extras=wish.extras,
    )


def resolver_settings(settings: Settings) -> ResolverSettings:
    """Return how names are resolved; raises WrongUsage for times that contradict each other."""
    holds = replace(Holds(floor=settings.dns_min_ttl), **dict(settings.dns_hold))
    if holds.floor > holds.valid:
        raise WrongUsage(
            f"--dns-min-ttl {holds.floor:g}s is longer than answers are held at most: --dns-hold valid={holds.valid:g}s",
            remedy="Make one of them shorter, or the other longer",
        )
    return ResolverSettings(
        servers=tuple(map(_server, settings.dns_server)),
        networks=tuple(map(ipaddress.ip_network, settings.dns_allow_network)),
        address_types=ADDRESS_TYPES[settings.dns_family],
        holds=holds,
        cluster_domain=settings.cluster_domain,
    )


def _replicas(settings: Settings, wish: MainWish) -> Replicas | None:
    """Return who remembers the same clients, None where nobody is remembered; a pod's host name is its own name there.

    A HAProxy 3.4 that has peers takes five seconds to stop.
    """
    this_one = alone(str(settings.runtime_socket))
    if not settings.peers_service:
        return this_one if wish.remembers_clients else None
    host = socket.gethostname()
    own = host if PEER_NAME.fullmatch(host) else this_one.name
    others = tuple((name, Address(ip, settings.peers_port)) for name, ip in wish.replicas if name != own)
    return Replicas(own, this_one.abstract, settings.peers_port, others)


def _resolvers(settings: Settings, servers: Sequence[Address] | None) -> Resolvers:
    """Return what HAProxy's own resolver is told."""
    resolving = resolver_settings(settings)
    holds = {name: getattr(resolving.holds, name) for name in HOLDS}
    return Resolvers(tuple(named_servers(resolving) if servers is None else servers), holds)


def _server(text: str) -> Address:
    """Read "10.96.0.10:53" or "[fd00::a]:53"."""
    host, _, port = text.rpartition(":")
    return Address(host.strip("[]"), int(port))


def own_addresses(bind: Iterable[Address], status_bind: str) -> frozenset[Address]:
    """Return the addresses that no endpoint may have, since requests would go in circles."""
    own = set(bind)
    host, _, port = status_bind.rpartition(":")
    # A name is not looked up, and port 0 is any port: neither can be told from a pod's.
    with contextlib.suppress(ValueError):
        ip, number = ipaddress.ip_address(host.strip("[]")), int(port)
        own |= {Address(str(ip), number)} if number else set()
    return frozenset(each for address in own for each in _spellings(address))


def _spellings(address: Address) -> set[Address]:
    """Return an address, and for "all addresses" the one of this machine that all have."""
    ip = ipaddress.ip_address(address.ip)
    if not ip.is_unspecified:
        return {address}
    loopbacks = {Address("127.0.0.1", address.port)}
    return {address, *loopbacks, *({Address("::1", address.port)} if ip.version == 6 else set())}
