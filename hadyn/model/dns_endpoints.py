"""Which endpoints the names of a backend come to.

Rules: an address that several names or records hold is one endpoint. Nothing known is not
the same as no endpoints (None, not ()): whoever sits then stays. Own listeners are
refused, as everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from hadyn.model.addresses import Address
from hadyn.model.desired import Endpoint
from hadyn.model.objects import BackendResource
from hadyn.model.problems import Problem, Reason
from hadyn.model.resolved import DnsQuestion, Remark, ResolvedName, ResolvedRecord
from hadyn.model.supply import Supply

OwnAddresses = frozenset[Address]


def resolved_endpoints(
    names: Sequence[ResolvedName], port: int, own_addresses: OwnAddresses
) -> tuple[Endpoint, ...] | None:
    """Return the endpoints, sorted by address; None while nothing is known of them.

    ``port`` is that of records without one.
    """
    chosen: dict[Address, ResolvedRecord] = {}
    for record in _records(names):
        address = Address(record.ip, record.port or port)
        known = chosen.get(address)
        if address not in own_addresses and (known is None or known.draining):
            chosen[address] = record
    if not chosen and any(name.records is None for name in names):
        return None
    serves = any(not record.draining for record in chosen.values())
    return tuple(
        Endpoint(address, weight=record.weight, draining=serves and record.draining, name=record.name or None)
        for address, record in sorted(chosen.items(), key=lambda item: (item[0].ip, item[0].port))
    )


def name_problems(supply: Supply, names: Sequence[ResolvedName], own_addresses: OwnAddresses) -> Iterator[Problem]:
    """Say what is wrong with the names of a backend.

    That one type has no records is no problem while another has some; what holds for all types
    is said once, of the name.
    """
    source, field = supply.found.source, _field(supply)
    has_records = any(name.records for name in names)
    told = [
        (name.question, remark)
        for name in names
        for remark in name.remarks
        if remark.reason is not Reason.NOT_RESOLVED or name.records or not has_records
    ]
    of_names = Counter((_of_the_name(question, remark), remark.remedy) for question, remark in told)
    for question, remark in told:
        whole = _of_the_name(question, remark)
        said = whole if of_names[whole, remark.remedy] > 1 else remark.said
        yield Problem(source, field, remark.reason, said, remark.remedy)
    for record in _records(names):
        address = Address(record.ip, record.port or supply.port)
        if address in own_addresses:
            said = f"{names[0].question.name} leads to {address}, where HAProxy or hadyn listens"
            yield Problem(source, field, Reason.FORBIDDEN_ADDRESS, said, "Requests would go round in circles")


def known_addresses(supply: Supply, names: Sequence[ResolvedName], own_addresses: OwnAddresses) -> tuple[Address, ...]:
    """Return what HAProxy will find slots for as far as hadyn knows: of services every priority."""
    found = {Address(record.ip, record.port or supply.port) for record in _records_of_all(names)}
    return tuple(sorted(found - own_addresses, key=lambda address: (address.ip, address.port)))


def leads_astray(supply: Supply, names: Sequence[ResolvedName], own_addresses: OwnAddresses) -> bool:
    """Whether a name has an address that must not be used; HAProxy, which resolves it itself, would take it."""
    return any(remark.reason is Reason.FORBIDDEN_ADDRESS for name in names for remark in name.remarks) or any(
        Address(record.ip, record.port or supply.port) in own_addresses for record in _records_of_all(names)
    )


def too_many_records(supply: Supply, names: Sequence[ResolvedName], maximum: int) -> Iterator[Problem]:
    """Say that HAProxy cannot find slots for all records of a name; hadyn's own seats are counted by the planner."""
    count = sum(1 for _ in _records_of_all(names))
    if supply.host and count > maximum:
        said = f"{supply.host} has {count} addresses, the backend may have {maximum} slots"
        yield Problem(supply.found.source, _field(supply), Reason.TOO_MANY, said, "Raise hadyn.io/slots-max")


def _of_the_name(question: DnsQuestion, remark: Remark) -> str:
    """Return what a remark says, of the name instead of one type of its records."""
    return remark.said.replace(str(question), question.name, 1)


def _field(supply: Supply) -> str:
    """The field of the object that leads to the names."""
    source = supply.found.source
    if source.kind == BackendResource.kind:
        return "spec.host"
    is_cluster_name = any(f"{source.name}.{source.namespace}.svc." in question.name for question in supply.questions)
    return "spec.ports" if is_cluster_name else "spec.externalName"


def _records(names: Iterable[ResolvedName]) -> Iterator[ResolvedRecord]:
    for name in names:
        yield from name.records or ()


def _records_of_all(names: Sequence[ResolvedName]) -> Iterator[ResolvedRecord]:
    """Yield the records of every priority: HAProxy makes no difference."""
    yield from _records(names)
    for name in names:
        yield from name.standby
