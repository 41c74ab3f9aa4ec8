"""Option: where a backend's endpoints come from."""

from __future__ import annotations

from enum import StrEnum

from hadyn.model.options.option import EVERYWHERE, Alias, Effect, Option, Scope
from hadyn.model.options.parsers import boolean, one_of


class DiscoveryWish(StrEnum):
    """What a user may ask for; ``auto`` leaves it to the kind of Service."""

    AUTO = "auto"
    ENDPOINTS = "endpoints"
    DNS = "dns"
    FQDN = "fqdn"
    NODES = "nodes"
    CLUSTERIP = "clusterip"


def _cluster_ip(text: str) -> DiscoveryWish:
    return DiscoveryWish.CLUSTERIP if boolean(text) else DiscoveryWish.AUTO


DISCOVERY: Option[DiscoveryWish] = Option(
    name="discovery",
    scope=EVERYWHERE - {Scope.BACKEND},
    parse=one_of(DiscoveryWish),
    accepted="auto, endpoints, dns, fqdn, nodes or clusterip",
    default=DiscoveryWish.AUTO,
    default_text="auto",
    sentence="Where the endpoints come from: the Service's EndpointSlices, DNS, its nodePort on every node, or its clusterIP as the only one.",
    example="clusterip",
    effect=Effect.LIVE,
    aliases=tuple(
        Alias(f"{prefix}/service-upstream", _cluster_ip, '"true" (clusterip) or "false" (auto)', "true")
        for prefix in ("nginx.ingress.kubernetes.io", "haproxy-ingress.github.io", "ingress.kubernetes.io")
    ),
)
