"""Option: where a backend's endpoints come from."""

from __future__ import annotations

from enum import StrEnum

from hadyn.model.options.option import EVERYWHERE, Effect, Option, Scope
from hadyn.model.options.parsers import one_of


class DiscoveryWish(StrEnum):
    """What a user may ask for; ``auto`` leaves it to the kind of Service."""

    AUTO = "auto"
    ENDPOINTS = "endpoints"
    DNS = "dns"
    FQDN = "fqdn"
    NODES = "nodes"
    CLUSTERIP = "clusterip"


DISCOVERY: Option[DiscoveryWish] = Option(
    name="discovery",
    scope=EVERYWHERE - {Scope.BACKEND},
    parse=one_of(DiscoveryWish),
    accepted="auto, endpoints, dns, fqdn, nodes or clusterip",
    default=DiscoveryWish.AUTO,
    default_text="auto",
    sentence="Where the endpoints come from: the Service's EndpointSlices, DNS, the nodes, or its clusterIP as the only one.",
    example="clusterip",
    effect=Effect.LIVE,
)
