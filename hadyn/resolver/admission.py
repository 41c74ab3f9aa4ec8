"""Which records of an answer may be used: a DNS server is nobody to trust.

Rules: loopback, link-local, multicast, unspecified and broadcast addresses are refused,
also where an IPv6 address wraps an IPv4 one: whoever owns a zone could else point HAProxy
at what listens beside it. ``--dns-allow-network`` narrows further. Each record is judged
by itself; the others are used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from hadyn.model.addresses import ForbiddenAddress, canonical_ip
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.problems import Reason, shown
from hadyn.model.resolved import DnsQuestion, Remark
from hadyn.resolver.answers import ServiceRecord
from hadyn.resolver.records import Record

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_REMARKS = 5
"""So many refused records of one answer are named one by one."""


def admitted(records: Iterable[Record], networks: Sequence[Network]) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """Return the records that may be used, their address canonical, and what is wrong with the others.

    ``networks`` are those addresses have to be in, any where there are none.
    """
    good: list[Record] = []
    refused: list[str] = []
    for record in records:
        try:
            ip = canonical_ip(record.ip, loopback_allowed=False)
        except ForbiddenAddress as forbidden:
            refused.append(f"{record.ip} is {forbidden}")
            continue
        if networks and not any(ipaddress.ip_address(ip) in network for network in networks):
            refused.append(f"{ip} is in no network of --dns-allow-network")
            continue
        same = ip == record.ip
        good.append(record if same else Record(ip, record.port, record.priority, record.weight, record.name))
    return tuple(good), tuple(refused)


def usable_services(services: Iterable[ServiceRecord]) -> tuple[list[ServiceRecord], list[str]]:
    """Return the SRV records that name a host and a port, and what is wrong with the others.

    One with the root as its target is neither: it says that there is no such service (RFC 2782).
    """
    good: list[ServiceRecord] = []
    refused: list[str] = []
    for service in services:
        if not service.target:
            continue
        try:
            checked_dns_name(service.target)
        except ValueError as cause:
            refused.append(f"the target {shown(service.target)} {cause}")
            continue
        if service.port == 0:
            refused.append(f"{service.target} has port 0")
        else:
            good.append(service)
    return good, refused


def remarks_on(question: DnsQuestion, refused: Sequence[str]) -> tuple[Remark, ...]:
    """Say which records are not used, the first few one by one."""
    remarks = [
        Remark(Reason.FORBIDDEN_ADDRESS, f"{question}: {said}, so that record is not used", "Correct it in DNS")
        for said in sorted(set(refused))[:MOST_REMARKS]
    ]
    if len(set(refused)) > MOST_REMARKS:
        said = f"{question}: {len(set(refused)) - MOST_REMARKS} further records are not used"
        remarks.append(Remark(Reason.FORBIDDEN_ADDRESS, said, "Correct them in DNS"))
    return tuple(remarks)
