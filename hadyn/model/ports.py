"""Ports of HAProxy's own for Services that speak no HTTP: who has which, and where it leads.

Rules: of several who claim a port the oldest has it; those of HAProxy and hadyn are nobody's. A
port is claimed as a host is, by a name that no host can have, so all that holds for routes holds
for it: it leads elsewhere without a reload.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from hadyn.model.claims import Claim, Claims, Voice
from hadyn.model.desired import Route, is_port_key, port_in
from hadyn.model.directives import Directive
from hadyn.model.listed_ports import listed_ports
from hadyn.model.names import is_of_connections, name_for_connections
from hadyn.model.objects import ConfigMap, Ingress, KubernetesObject, Options
from hadyn.model.options.ports import TCP_SERVICE_LOG_FORMAT, TCP_SERVICE_PORT, TCP_SERVICE_PROXY_PROTOCOL
from hadyn.model.policy import Policy
from hadyn.model.problem_book import Judge, ProblemBook
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.routes import Lead, Resolution, claimed, resolve
from hadyn.model.services import Find, Missing

_OF_REQUESTS = (
    "http-request",
    "http-response",
    "http-after-response",
    "http-reuse",
    "cookie",
    "compression",
    "filter",
    "acl",
)
_OF_HTTP_SERVERS = {"proto", "alpn", "cookie"}
"""First words of what means something to HTTP alone; HAProxy refuses some of it here."""
_FIELD = TCP_SERVICE_PORT.field
_IN_TCP_MODE = Directive("mode", "tcp")


class Port(Struct, frozen=True, gc=False, order=True):
    """Where HAProxy listens for connections that it passes on.

    With ``takes_header`` each begins with the header of the PROXY protocol; ``log_format`` is ""
    for HAProxy's tcplog. ``owner`` is the object that asks for it in a ``field``.
    """

    number: int
    owner: ObjectRef
    field: str
    takes_header: bool = False
    log_format: str = ""


class Ports:
    """All ports that somebody has."""

    def __init__(self, policy: Policy) -> None:
        self._own = frozenset(address.port for address in policy.own_addresses)
        self._shared_hosts = policy.shared_hosts
        self._ports: dict[str, Port] = {}
        self._listed: dict[ObjectRef, Ingress] = {}
        self.ref = ObjectRef.titled(ConfigMap.kind, policy.tcp_services_configmap)

    def __len__(self) -> int:
        """How many ports the operator's ConfigMap lists."""
        return len(self._listed)

    @property
    def wanted(self) -> tuple[Port, ...]:
        """Those that HAProxy shall open, sorted."""
        return tuple(sorted(self._ports.values()))

    def take(self, config_map: KubernetesObject | None, claims: Claims, book: ProblemBook) -> set[str]:
        """Let the operator's ConfigMap claim the ports it lists now; return the keys concerned."""
        listed, faults = listed_ports(config_map) if isinstance(config_map, ConfigMap) else ([], [])
        before, self._listed = self._listed, {each.ref: each for each in listed}
        book.put(Judge.STANDING, self.ref, [fault.problem_of(self.ref) for fault in faults])
        return {key for ref in before.keys() | self._listed for key in claims.replace(ref, self._listed.get(ref))}

    def resolve(self, host: str, claims: Sequence[Claim], find: Find, *, standing: Options) -> Resolution:
        """Settle what a host comes to, or a port: who has it and where it leads; ``claims`` come oldest first."""
        if is_port_key(host):
            return self._of_port(host, claims, find)
        return resolve(host, claims, find, shared_hosts=self._shared_hosts, standing=standing)

    def _of_port(self, key: str, claims: Sequence[Claim], find: Find) -> Resolution:
        self._ports.pop(key, None)
        number = port_in(key)
        if number in self._own:
            said = f"port {number} is one of hadyn's own"
            refused = (self._problem(claim, Reason.NOT_ALLOWED, said, "Take another port") for claim in claims)
            return Resolution(problems=tuple(refused))
        if not claims:
            return Resolution()
        first, *others = claims
        said = f"port {number}: {self._place(first)[0]} {claimed(first.ingress)}"
        problems = [self._problem(other, Reason.CLAIMED, said, "Take another port") for other in others]
        self._ports[key] = _port(number, first, *self._place(first))
        (rule,) = first.paths
        route = Route(key, "", True, None, first.ingress.title)
        found = find(first.ingress.namespace, rule.target) if rule.target else None
        if isinstance(found, Missing):
            owner = self._place(first)[0]
            field = (
                f"{rule.field}.backend" if rule.field.startswith("spec") and rule.field.endswith("]") else rule.field
            )
            problems.append(Problem(owner, field, found.reason, found.said, found.remedy))
        if found is None or isinstance(found, Missing):
            return Resolution(routes=(route,), problems=tuple(problems))
        found = replace(found, backend=name_for_connections(found.backend))
        lead = Lead(found, 1, (Voice(first.ingress.age, first.ingress.options),))
        led = Route(key, "", True, found.backend, first.ingress.title)
        return Resolution(routes=(led,), leads=(lead,), problems=tuple(problems))

    def _place(self, claim: Claim) -> tuple[ObjectRef, str]:
        """Return the object that claims a port, and the field where it does."""
        ref = claim.ingress.ref
        return (self.ref, claim.paths[0].field) if ref in self._listed else (ref, _FIELD)

    def _problem(self, claim: Claim, reason: Reason, said: str, remedy: str) -> Problem:
        return Problem(*self._place(claim), reason, said, remedy)


def lines_for(backend: str, directives: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Return the lines of a backend: for connections to a port those that HAProxy understands there."""
    if not is_of_connections(backend):
        return directives
    kept = (line for line in directives if not line.words[0].startswith(_OF_REQUESTS) and line != _IN_TCP_MODE)
    return (_IN_TCP_MODE, *kept)


def server_words_for(backend: str, directives: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Return the words of a backend's servers, as ``lines_for`` does."""
    if not is_of_connections(backend):
        return directives
    return tuple(each for each in directives if each.words[0] not in _OF_HTTP_SERVERS)


def _port(number: int, claim: Claim, owner: ObjectRef, field: str) -> Port:
    said = dict[str, object](claim.ingress.options)
    log_format = said.get(TCP_SERVICE_LOG_FORMAT.name, "")
    assert isinstance(log_format, str)
    return Port(number, owner, field, said.get(TCP_SERVICE_PROXY_PROTOCOL.name) is True, log_format)
