"""What an Ingress asks for that is about a port of its own.

Rule: it has one target, that of its first path or else its defaultBackend; what it says of hosts
and TLS is a fault, for nobody asks for a host on a connection that HAProxy does not read.
"""

from __future__ import annotations

from msgspec.structs import replace

from hadyn.model.decoding.leaves import Findings
from hadyn.model.desired import ANY_HOST, port_key
from hadyn.model.objects import HostRules, Options, PathRule, TlsRule
from hadyn.model.options.ports import TCP_SERVICE_PORT
from hadyn.model.options.protocols import BACKEND_PROTOCOL, Protocol
from hadyn.model.problems import Reason


def rule_of_port(
    hosts: tuple[HostRules, ...],
    catch_all: PathRule | None,
    tls: tuple[TlsRule, ...],
    options: Options,
    findings: Findings,
) -> HostRules | None:
    """Return the rule for the port that the options name, None where they name none, or nothing leads anywhere."""
    said = dict(options)
    number = said.get(TCP_SERVICE_PORT.name)
    if number is None and said.get(BACKEND_PROTOCOL.name) is Protocol.TCP:
        field, remedy = BACKEND_PROTOCOL.field, f"Say {TCP_SERVICE_PORT.annotation}"
        _find(findings, field, "pods that speak no HTTP are reached by a port of their own alone", remedy)
    rules = [rule for each in hosts for rule in each.paths] + ([catch_all] if catch_all else [])
    if not isinstance(number, int) or not rules:
        return None
    first = rules[0]
    if any(rule.target != first.target for rule in rules):
        _find(findings, "spec", f"a port leads to one Service: {first.field} counts", "Make an Ingress for each port")
    if tls:
        _find(findings, "spec.tls", "TLS on a port of its own is left to the pods", "Let the pods have the certificate")
    if any(each.host != ANY_HOST for each in hosts):
        _find(
            findings, "spec.rules[0].host", "a connection names no host: all to the port come here", "Leave hosts out"
        )
    return HostRules(port_key(number), (replace(first, path="/", is_exact=False),))


def _find(findings: Findings, field: str, said: str, remedy: str) -> None:
    findings.add(field, said, remedy, Reason.NOT_SUPPORTED)
