"""What objects want of the main file, beyond what flags say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hadyn.model.addresses import ForbiddenAddress, canonical_ip
from hadyn.model.extras import NONE, Extras
from hadyn.model.objects import Endpoints, EndpointSlice, Options, Readiness
from hadyn.model.ports import Port
from hadyn.model.store import Held


@dataclass(frozen=True, slots=True)
class MainWish:
    """The operator's ``options``, and what is there for the sake of some object.

    That is TLS that passes through, tables of clients that no reload may lose, names that HAProxy
    resolves, the pods of --peers-service, sorted: name and IP, and ports of Services without HTTP.
    """

    options: Options = ()
    has_passthrough: bool = False
    remembers_clients: bool = False
    leaves_names: bool = False
    replicas: tuple[tuple[str, str], ...] = ()
    extras: Extras = NONE
    ports: tuple[Port, ...] = ()


def replicas_in(listings: Iterable[Held]) -> tuple[tuple[str, str], ...]:
    """Return the pods that slices list, with the address of each that is first; one that is about to go counts while it serves."""
    found: dict[str, str] = {}
    for held in listings:
        assert isinstance(held.object, EndpointSlice | Endpoints), held
        for each in (endpoint for group in held.object.groups for endpoint in group.endpoints):
            ip = _usable(each.ip, loopback_allowed=held.is_own)
            if each.pod and ip and each.readiness is not Readiness.NOT_SERVING:
                name = each.pod.partition("/")[2]
                found[name] = min(ip, found.get(name, ip))
    return tuple(sorted(found.items()))


def _usable(ip: str, *, loopback_allowed: bool) -> str | None:
    try:
        return canonical_ip(ip, loopback_allowed=loopback_allowed)
    except ForbiddenAddress:
        return None
