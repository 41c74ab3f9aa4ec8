"""Addresses that may stand in a slot, typed once at the border.

Rule: HAProxy checks nothing (it takes port 99999 and means 34463, and 0.0.0.0 becomes the
client's own destination), so an ``Address`` is checked when it is made and every later
stage trusts it. haproxy-facts.md#ports-wrap
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from msgspec import Struct

MAX_PORT = 65535
IP_SPELLING = re.compile(r"[0-9]+(\.[0-9]+){3}|[0-9a-f:.]*:[0-9a-f:.]*")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ORDINARY_IPV4 = re.compile(rf"(?!0|127\.|169\.254\.|22[4-9]|2[345][0-9])(?:{_OCTET}\.){{3}}{_OCTET}")
"""Canonical already and surely not special: ten times as quick as ``ipaddress``, and nearly all there is."""
BROADCAST = ipaddress.IPv4Address("255.255.255.255")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


class ForbiddenAddress(ValueError):
    """The text is an IP address, but one that must not stand in a slot; ``str()`` says why."""


class Address(Struct, frozen=True, gc=False, order=True):
    """An IP address in canonical spelling ("10.0.0.7", "fd00::1") with a port (1 to 65535)."""

    ip: str
    port: int

    def __post_init__(self) -> None:
        assert 1 <= self.port <= MAX_PORT, self.port
        assert IP_SPELLING.fullmatch(self.ip), self.ip

    def __str__(self) -> str:
        """As HAProxy and people write it: ``10.0.0.7:8080``, ``[fd00::1]:8080``."""
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


PLACEHOLDER = Address("127.0.0.1", 1)
"""Where a free slot points: an IP literal, or no address could ever be set on it.
haproxy-facts.md#placeholder-is-an-ip"""


def canonical_ip(value: object, *, loopback_allowed: bool) -> str:
    """Return the canonical spelling of an IP address that pods can have.

    Raises ForbiddenAddress for loopback (unless allowed), link-local, multicast,
    unspecified and broadcast addresses, also where an IPv6 address wraps or carries an IPv4 one;
    ValueError for anything that is not a plain IP address (a zone as in
    ``fe80::1%eth0`` included). ``::ffff:10.0.0.1`` comes back as ``10.0.0.1``.
    """
    if not isinstance(value, str) or not value.isascii() or "%" in value:
        raise ValueError("not an IP address")
    if _ORDINARY_IPV4.fullmatch(value):
        return value
    ip = ipaddress.ip_address(value)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    for each in (ip, *_carried(ip)):
        for is_forbidden, kind in (
            (each.is_loopback and not loopback_allowed, "a loopback address"),
            (each.is_link_local, "a link-local address"),
            (each.is_multicast, "a multicast address"),
            (each.is_unspecified, "the unspecified address"),
            (each == BROADCAST, "the broadcast address"),
        ):
            if is_forbidden:
                raise ForbiddenAddress(kind)
    return str(ip)


def _carried(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 address that a gateway (NAT64, 6to4, Teredo) or an old kernel would make of an IPv6 one."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64 or (ip in IPV4_COMPATIBLE and int(ip) > 1):
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.sixtofour is not None:
            yield ip.sixtofour
        if ip.teredo is not None:
            yield ip.teredo[1]


def checked_port(value: object) -> int:
    """Return value if it is an int from 1 to 65535; raise ValueError otherwise (also for True, 80.0, "80")."""
    if type(value) is not int or not 1 <= value <= MAX_PORT:
        raise ValueError("not a port from 1 to 65535")
    return value
