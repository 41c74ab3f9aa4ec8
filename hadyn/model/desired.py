"""What is wanted of HAProxy: backends with endpoints, and routes that lead to them.

Rules: all values are frozen and checked when made, so planner and render trust them;
they name nothing of Kubernetes' wire format.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.directives import Directive
from hadyn.model.networks import Access
from hadyn.model.passwords import UserList

BACKEND_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
MAX_WEIGHT = 256
ANY_HOST = "_"
"""Stands for the host of rules without one; never a host name."""
DEFAULT_KEY = "*"
"""Key of the exact map for requests that nothing else matches; never starts a host and path."""
PORT_SIGN = ":"
"""Begins what stands for the host of those who asked for a port of their own: ``:5432``."""
EXPRESSION_SIGN = "~"
"""Begins what stands for all hosts that match an expression."""
FIELD_SEPARATOR = "|"
"""Between the fields of a route's entry in the maps; HAProxy's name of no backend holds it."""
UNAVAILABLE = "_503"
"""The backend without slots: routes whose Service is missing lead there and get a 503."""
RANK_END = "|^"
"""Ends the rank of a key in the map of expressions; what follows begins with the host."""
_SINGLE = re.compile(r"\[(.)\]")
FIRST_FIELD = 2
"""Number of the first field behind the backend: the Ingress."""
GUARD_FIELD = 6
"""Number of the field that names the lines without which nobody may come by this route."""


class Endpoint(Struct, frozen=True, gc=False):
    """An address that a pod listens on.

    ``weight`` is 0 to 256, 0 gets no requests. A ``draining`` one terminates but still
    serves, and others are ready: it keeps its requests and gets no new ones.
    ``name`` is "namespace/pod" where known, else the host in DNS. ``home`` is the slot that
    it shall have, if it can.
    """

    address: Address
    weight: int = 1
    draining: bool = False
    name: str | None = None
    home: str | None = None

    def __post_init__(self) -> None:
        assert 0 <= self.weight <= MAX_WEIGHT, self.weight


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many slots a backend gets: the annotations slots, slots-min-free, slots-increment, slots-max.

    A slot that was left waits for its sessions ``drain_seconds``, None for what the operator says.
    """

    slots: int = 10
    min_free: int = 2
    increment: int = 10
    maximum: int = 1000
    drain_seconds: float | None = None

    def __post_init__(self) -> None:
        assert 1 <= self.slots, self.slots
        assert self.min_free >= 0, self.min_free
        assert self.increment >= 1, self.increment
        assert self.maximum >= 1, self.maximum


class Discovery(StrEnum):
    """Where a backend's endpoints come from; the annotation ``discovery``."""

    ENDPOINTS = "endpoints"
    DNS = "dns"
    FQDN = "fqdn"
    NODES = "nodes"
    CLUSTERIP = "clusterip"
    STATIC = "static"


def is_service_name(host: str) -> bool:
    """Whether HAProxy asks for SRV records of a name, and not for addresses. haproxy-facts.md#services-by-name."""
    return host.startswith("_")


@dataclass(frozen=True, slots=True)
class ByName:
    """A name whose addresses HAProxy finds itself; ``host`` is absolute, without final dot.

    Where that is the name of a service, its records say the port, and ``port`` is 0.
    ``addresses`` are those it has as far as hadyn knows, sorted; of both families HAProxy
    takes IPv6 if it ``prefers_ipv6``, else IPv4. A backend
    ``is_refused`` while its name leads to an address that must not be used: HAProxy would
    take any.
    """

    host: str
    port: int
    addresses: tuple[Address, ...] = ()
    is_refused: bool = False
    prefers_ipv6: bool = False

    def __post_init__(self) -> None:
        assert self.is_service == (self.port == 0), self

    @property
    def is_service(self) -> bool:
        return is_service_name(self.host)


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend of HAProxy: ``name`` is HAProxy's, ``service`` is what people call it ("shop/web:80").

    ``endpoints`` are sorted and hold no address twice; without ``knows_endpoints`` nobody
    has said anything of them yet, and whoever sits stays. ``directives`` stand in its
    section, ``server_directives`` on its default-server line. With ``by_name`` HAProxy
    fills the slots, and there are no endpoints. ``user_lists`` are asked for by its directives,
    ``guards`` name those directives that routes wait for.
    """

    name: str
    service: str
    endpoints: tuple[Endpoint, ...] = ()
    capacity: Capacity = Capacity()
    discovery: Discovery = Discovery.ENDPOINTS
    directives: tuple[Directive, ...] = ()
    server_directives: tuple[Directive, ...] = ()
    knows_endpoints: bool = True
    by_name: ByName | None = None
    user_lists: tuple[UserList, ...] = ()
    guards: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert BACKEND_NAME.fullmatch(self.name), self.name
        assert len({endpoint.address for endpoint in self.endpoints}) == len(self.endpoints), self.name


class MapName(StrEnum):
    """The maps that route requests; the files are maps/NAME.map."""

    HOSTS = "hosts"
    EXACT = "exact"
    PREFIX = "prefix"
    NETWORKS = "networks"
    """Who may come, by host, Ingress and the beginning of an address (``networks.py``)."""
    PASSTHROUGH = "passthrough"
    """Where connections go whose TLS is left to the pods, by host."""
    PORTS = "ports"
    """Where connections to a port go, by ``port_key``."""
    EXPRESSED = "expressed"
    """Hosts with routes by regular expressions."""
    EXPRESSIONS = "expressions"
    """Routes of such hosts, in the order in which they are tried (``expressed_routes.py``)."""
    CANARIES = "canaries"
    """Values of headers and cookies that ask for a canary, or against one (``asked_canaries.py``)."""
    CANARY_PATTERNS = "canary-patterns"
    """Regular expressions of values that ask for one."""
    HEADERS = "headers"
    """Entries of routes that only requests with certain headers get (``header_routes.py``)."""


MapKey = tuple[MapName, str]


def port_key(number: int) -> str:
    """Return what stands for the host of those who asked for this port."""
    return f"{PORT_SIGN}{number}"


def expression_key(text: str) -> str:
    """Return what stands for the hosts that match this expression."""
    return f"{EXPRESSION_SIGN}{zlib.crc32(text.encode()):08x}"


def is_nameless(host: str) -> bool:
    """Whether what stands for a host is the name of none, nor the wildcard of some."""
    return host in (ANY_HOST, DEFAULT_KEY) or host.startswith(EXPRESSION_SIGN)


def wildcard_of(host: str) -> str:
    """Return the wildcard that covers a host: "*.example" for "a.example", and for itself."""
    return f"*.{host.partition('.')[2]}"


def is_port_key(host: str) -> bool:
    return host.startswith(PORT_SIGN)


def port_in(key: str) -> int:
    """Return the port that a ``port_key`` stands for."""
    return int(key.removeprefix(PORT_SIGN))


def backend_of(value: str) -> str:
    """Return the backend that an entry of the exact or prefix map leads to."""
    return value.partition(FIELD_SEPARATOR)[0]


def guard_of(value: str) -> str:
    """Return the name of the lines that must be in the backend before an entry may lead there, "" for none."""
    fields = value.split(FIELD_SEPARATOR)
    return fields[GUARD_FIELD - 1] if len(fields) >= GUARD_FIELD else ""


def guard_for(guard: str, ingress: str) -> str:
    """Name what guards the routes of one Ingress ("namespace/name") alone."""
    return f"{guard} {ingress}"


def leading_to(value: str, backend: str) -> str:
    """Return an entry that leads to this backend, all else as it is."""
    return backend + value[len(backend_of(value)) :]


def host_of(key: MapKey) -> str:
    """Return the host that a map entry belongs to; ANY_HOST and DEFAULT_KEY stand for themselves."""
    name, text = key
    if name in (MapName.HOSTS, MapName.EXPRESSED):
        return text
    if name in (MapName.EXPRESSIONS, MapName.CANARY_PATTERNS, MapName.HEADERS):
        text = _SINGLE.sub(r"\1", text.partition(RANK_END)[2])
    return text.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Route:
    """Host and path that lead to a backend.

    ``host`` is lower case without port ("a.example", "*.a.example", or ANY_HOST).
    ``backend`` is None while its Service is missing: the request gets a 503.
    ``ingress`` is "namespace/name" of the object that made it, ``canary`` the one, or those, whose
    Service shares the backend. ``fields`` are what the Ingress has to say of it alone,
    ``access`` from where requests may come, None for everywhere. One that ``passes_tls`` takes
    the connections for its host, and no request but those without TLS that the backend ``plain``
    gets. With ``expression`` the path is a regular one, spelled as HAProxy gets it; ``rank`` is its
    key among the expressions, and that of prefixes beside them.
    ``asked`` are the entries that its requests are looked up in, for they may ask for a canary,
    ``matches`` the keys and routes of those that have certain headers, which are said by ``condition``.
    """

    host: str
    path: str
    exact: bool
    backend: str | None
    ingress: str
    canary: str | None = None
    fields: tuple[str, ...] = ()
    access: Access | None = None
    passes_tls: bool = False
    plain: str | None = None
    expression: str = ""
    rank: str = ""
    asked: tuple[tuple[MapKey, str], ...] = ()
    matches: tuple[tuple[str, Route], ...] = ()
    condition: str = ""

    @property
    def value(self) -> str:
        """What the map says of this route: the backend, and the fields behind it."""
        return FIELD_SEPARATOR.join((self.backend or UNAVAILABLE, *self.fields))

    @property
    def key(self) -> MapKey:
        """The map and the key in it that carry this route, as the frontend looks them up."""
        if self.host == DEFAULT_KEY:
            return MapName.EXACT, DEFAULT_KEY
        if is_port_key(self.host):
            return MapName.PORTS, self.host
        if self.expression:
            return MapName.EXPRESSIONS, self.rank or self.host + self.path
        if self.exact:
            return MapName.EXACT, self.host + self.path
        return MapName.PREFIX, self.host + self.path.rstrip("/") + "/"


def with_fields(route: Route, own: Mapping[int, str]) -> Route:
    """Return a route with these fields, by number; the others are as they were, empty up to the last that says something."""
    last = max(number for number, text in own.items() if text)
    padding = [""] * (last - FIRST_FIELD + 1 - len(route.fields))
    fields = (own.get(number, text) for number, text in enumerate((*route.fields, *padding), FIRST_FIELD))
    return replace(route, fields=tuple(fields))
