"""Ports that the operator's ConfigMap lists, each as what it is: an Ingress that asks for a port.

Rule: entries are spelled as ingress-nginx and HAProxy Technologies' controller have them,
``port: namespace/service:port[:PROXY]``. A Service may be of any namespace, since nobody but the
operator writes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hadyn.model.addresses import MAX_PORT
from hadyn.model.desired import port_key
from hadyn.model.objects import ConfigMap, Fault, HostRules, Ingress, PathRule, ServiceTarget
from hadyn.model.options.ports import TCP_SERVICE_PORT, TCP_SERVICE_PROXY_PROTOCOL
from hadyn.model.problems import Reason, shown

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_ENTRY = re.compile(
    rf"(?P<namespace>{_LABEL})/(?P<name>{_LABEL}):(?P<port>[a-z0-9-]{{1,15}})(?::(?P<header>PROXY)?)?(?P<rest>:.*)?"
)
EXAMPLE = 'For example 5432: "shop/db:5432"'


def listed_ports(config_map: ConfigMap) -> tuple[list[Ingress], list[Fault]]:
    """Return an Ingress for each entry, named by its port as no Ingress can be, and what is wrong with the others."""
    read = [_read(config_map, key, value) for key, value in config_map.values]
    return [each for each in read if isinstance(each, Ingress)], [each for each in read if isinstance(each, Fault)]


def _read(config_map: ConfigMap, key: str, value: str) -> Ingress | Fault:
    field = f"data[{key}]"
    entry = _ENTRY.fullmatch(value.strip(" \n"))
    if not _NUMBER.fullmatch(key) or int(key) > MAX_PORT:
        return Fault(field, Reason.INVALID_VALUE, "the key is not a port", EXAMPLE)
    if entry is None:
        said = f"{shown(value)} is not a namespace, a Service and its port"
        return Fault(field, Reason.INVALID_VALUE, said, EXAMPLE)
    if (entry["rest"] or ":").strip(":"):
        said = f"{shown(value)}: what stands behind the port of the Service may only be :PROXY"
        remedy = "For headers towards pods annotate the Service with hadyn.io/send-proxy-protocol"
        return Fault(field, Reason.NOT_SUPPORTED, said, remedy)
    return Ingress(
        namespace=entry["namespace"],
        name=port_key(int(key)),
        created=config_map.created,
        options=tuple(sorted(_options(int(key), takes_header=bool(entry["header"])))),
        hosts=(HostRules(port_key(int(key)), (_rule(entry["name"], entry["port"], field),)),),
    )


def _rule(name: str, port: str, field: str) -> PathRule:
    target = ServiceTarget(name, int(port) if port.isdigit() else port)
    return PathRule(path="/", is_exact=False, target=target, field=field)


def _options(number: int, *, takes_header: bool) -> Iterator[tuple[str, object]]:
    yield TCP_SERVICE_PORT.name, number
    if takes_header:
        yield TCP_SERVICE_PROXY_PROTOCOL.name, True
