"""What objects want of the main file, beyond what flags say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hadyn.model.addresses import ForbiddenAddress, canonical_ip
from hadyn.model.certificates import Certificates
from hadyn.model.extras import NONE, Extras, Wanted
from hadyn.model.listed_endpoints import Readiness
from hadyn.model.objects import Endpoints, EndpointSlice, Options
from hadyn.model.parts import Part
from hadyn.model.ports import Port, Ports
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


class MainNeeds:
    """Who needs what of the main file, host by host and backend by backend; one owner."""

    def __init__(self, certificates: Certificates, ports: Ports) -> None:
        self._certificates = certificates
        self._ports = ports
        self._wanted = Wanted()
        self._remembering: set[str] = set()
        self._left_to_haproxy: set[str] = set()

    def put_host(self, host: str, extras: Extras) -> None:
        """Take what the routes of a host want now."""
        self._wanted.put(host, extras)

    def put_backend(self, name: str, part: Part | None) -> None:
        """Take a backend as it is now, None where it is gone."""
        (self._remembering.add if part and part.remembers_clients else self._remembering.discard)(name)
        (self._left_to_haproxy.add if part and part.supply.host else self._left_to_haproxy.discard)(name)

    @property
    def wish(self) -> MainWish:
        """What is there for the sake of some object, but for replicas."""
        return MainWish(
            has_passthrough=self._certificates.has_passthrough,
            remembers_clients=bool(self._remembering),
            leaves_names=bool(self._left_to_haproxy),
            extras=self._wanted.extras,
            ports=self._ports.wanted,
        )


def replicas_in(listings: Iterable[Held]) -> tuple[tuple[str, str], ...]:
    """Return the pods that slices list, each with its first address; one that is about to go counts while it serves."""
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
