"""/etc/resolv.conf as a value: which servers to ask, and what to add to names without a final dot.

Rules: text in, value out. As in the C library: of several ``search`` or ``domain`` lines
the last counts, and what is not understood is passed over: a server of one link
(``fe80::1%eth0``) too, which HAProxy cannot ask either. A name with at least ``ndots``
dots is asked as it stands first, any other with the search domains first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.dns_names import checked_dns_name

DNS_PORT = 53
MOST_SERVERS = 3
MOST_DOMAINS = 16
MOST_DOTS = 15


class ResolvConf(Struct, frozen=True):
    """Servers in order, search domains without final dot. ``rotates`` spreads names over all servers."""

    servers: tuple[Address, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1
    rotates: bool = False

    def candidates(self, name: str) -> list[str]:
        """Return the absolute names, without final dot, that a name may stand for, in the order to ask them."""
        if name.endswith("."):
            return [name[:-1]]
        with_domain = [f"{name}.{domain}" for domain in self.search]
        with_domain = [each for each in with_domain if len(each) <= 253]
        return [name, *with_domain] if name.count(".") >= self.ndots else [*with_domain, name]


def read_resolv_conf(text: str) -> ResolvConf:
    """Read the text of a resolv.conf; it may name no server at all."""
    servers: list[Address] = []
    search: tuple[str, ...] = ()
    ndots, rotates = 1, False
    for line in text.splitlines():
        keyword, *values = line.split("#")[0].split(";")[0].split() or [""]
        if keyword == "nameserver" and values:
            servers += _servers(values[0])
        elif keyword in ("search", "domain"):
            search = tuple(_domains(values))[:MOST_DOMAINS]
        elif keyword == "options":
            for option in values:
                name, _, number = option.partition(":")
                if name == "ndots" and number.isascii() and number.isdigit():
                    ndots = min(MOST_DOTS, int(number))
                rotates = rotates or name == "rotate"
    return ResolvConf(tuple(servers[:MOST_SERVERS]), search, ndots, rotates)


def _servers(text: str) -> list[Address]:
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return []
    return [] if "%" in text else [Address(str(ip), DNS_PORT)]


def _domains(values: Iterable[str]) -> Iterable[str]:
    for value in values:
        try:
            yield checked_dns_name(value).removesuffix(".")
        except ValueError:
            continue
