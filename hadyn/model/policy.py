"""What the operator allows, as one value: the flags that decide how objects become backends and routes."""

from __future__ import annotations

from dataclasses import dataclass

from hadyn.model.addresses import Address
from hadyn.model.desired import Capacity


@dataclass(frozen=True, slots=True)
class Policy:
    """See the flags of the same names in ``hadyn run --help``.

    ``default_backend_service`` is "namespace/name:port" or "", ``config_map``,
    ``tcp_services_configmap`` and ``peers_service`` "namespace/name" or "", ``default_certificate``
    "namespace/name", a file's path or "". ``haproxy`` is the version as numbers, () where nobody
    knows it; where it ``is_beside``, somebody else starts it, and may start another one.
    ``own_addresses`` are listeners of HAProxy and hadyn: no endpoint may be one of them (a loop).
    """

    ingress_class: str = "hadyn"
    controller_class: str = "hadyn.io/ingress"
    watch_ingress_without_class: bool = False
    shared_hosts: bool = False
    capacity: Capacity = Capacity()
    headless: str = "dns"
    no_endpoint_slices: bool = False
    cluster_domain: str = "cluster.local"
    allow_external_name: bool = False
    dns_family: str = "both"
    default_backend_service: str = ""
    config_map: str = ""
    tcp_services_configmap: str = ""
    peers_service: str = ""
    namespaces_are_selected: bool = False
    default_certificate: str = ""
    haproxy: tuple[int, ...] = ()
    is_beside: bool = False
    own_addresses: frozenset[Address] = frozenset()
