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

Refused = tuple[Reason, str]
"""Why a record is not used, in the words of a remark."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_REMARKS = 5
"""So many refused records of one answer are named one by one."""


def admitted(records: Iterable[Record], networks: Sequence[Network]) -> tuple[tuple[Record, ...], tuple[Refused, ...]]:
    """Return the records that may be used, their address canonical, and what is wrong with the others.

    ``networks`` are those addresses have to be in, any where there are none.
    """
    good: list[Record] = []
    refused: list[Refused] = []
    for record in records:
        try:
            ip = canonical_ip(record.ip, loopback_allowed=False)
        except ForbiddenAddress as forbidden:
            refused.append((Reason.FORBIDDEN_ADDRESS, f"{record.ip} is {forbidden}"))
            continue
        if networks and not any(ipaddress.ip_address(ip) in network for network in networks):
            refused.append((Reason.FORBIDDEN_ADDRESS, f"{ip} is in no network of --dns-allow-network"))
            continue
        same = ip == record.ip
        good.append(record if same else Record(ip, record.port, record.priority, record.weight, record.name))
    return tuple(good), tuple(refused)


def usable_services(services: Iterable[ServiceRecord]) -> tuple[list[ServiceRecord], list[Refused]]:
    """Return the SRV records that name a host and a port, and what is wrong with the others.

    One with the root as its target is neither: it says that there is no such service (RFC 2782).
    """
    good: list[ServiceRecord] = []
    refused: list[Refused] = []
    for service in services:
        if not service.target:
            continue
        try:
            checked_dns_name(service.target)
        except ValueError as cause:
            refused.append((Reason.INVALID_VALUE, f"the target {shown(service.target)} {cause}"))
            continue
        if service.port == 0:
            refused.append((Reason.INVALID_VALUE, f"{service.target} has port 0"))
        else:
            good.append(service)
    return good, refused


def remarks_on(question: DnsQuestion, refused: Iterable[Refused]) -> tuple[Remark, ...]:
    """Say which records are not used, the first few one by one."""
    # Those come first that say more than that a record is of no use: HAProxy would use them.
    in_order = sorted(set(refused), key=lambda each: (each[0] is not Reason.FORBIDDEN_ADDRESS, each[1]))
    remarks = [
        Remark(reason, f"{question}: {said}, so that record is not used", "Correct it in DNS")
        for reason, said in in_order[:MOST_REMARKS]
    ]
    if further := in_order[MOST_REMARKS:]:
        said = f"{question}: {len(further)} further records are not used"
        remarks.append(Remark(further[0][0], said, "Correct them in DNS"))
    return tuple(remarks)
