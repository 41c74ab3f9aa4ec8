"""Who may come to a host, as entries of a map that is searched by the beginning of an address.

Rules: an address is asked for in hexadecimal digits behind their number ("8:0A000001" for
IPv4, "32:…" for IPv6), and the longest entry that begins it decides. A network whose
length is no multiple of four bits is up to eight entries. What is denied is denied,
however closely something else is allowed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

ALLOWED = "+"
DENIED = "-"
Networks = tuple[str, ...]
"""As people write them, canonical: "10.0.0.0/8", "fd00::/8"."""
_NIBBLE = 4
_BEHIND = "|"


@dataclass(frozen=True, slots=True)
class Access:
    """The list of one Ingress for one host: ``entries`` are its keys in the map, with their values."""

    entries: Mapping[str, str]


def access_list(name: str, allowed: Networks | None, denied: Networks | None) -> Access:
    """Return the list of that name; None where nothing is said, so that all are allowed, or nobody is denied."""
    refused = {prefix for network in denied or () for prefix in _prefixes(network)}
    admitted = (prefix for network in allowed or () for prefix in _prefixes(network))
    rest = ALLOWED if allowed is None else DENIED
    entries = {f"{name}{_BEHIND}": rest}
    entries |= {f"{name}{_BEHIND}{prefix}": ALLOWED for prefix in admitted if not _is_within(prefix, refused)}
    entries |= {f"{name}{_BEHIND}{prefix}": DENIED for prefix in refused}
    return Access(entries)


def _is_within(prefix: str, others: set[str]) -> bool:
    start = prefix.index(":") + 1
    return any(prefix[:end] in others for end in range(start, len(prefix) + 1))


def _prefixes(network: str) -> Iterator[str]:
    """Yield the beginnings of all addresses of a network."""
    parsed = ipaddress.ip_network(network)
    digits = -(-parsed.prefixlen // _NIBBLE)
    width = parsed.max_prefixlen // _NIBBLE
    first = int(parsed.network_address) >> (parsed.max_prefixlen - digits * _NIBBLE)
    for number in range(2 ** (digits * _NIBBLE - parsed.prefixlen)):
        yield f"{width}:" + (f"{first + number:0{digits}X}" if digits else "")


def canonical(texts: Iterable[str]) -> Networks:
    """Return networks, each once, sorted; raises ValueError for what is none."""
    return tuple(sorted({str(ipaddress.ip_network(text, strict=False)) for text in texts}))
