"""DNS answers for tests: built by dnspython, as bytes, and read by hadyn."""

from __future__ import annotations

from collections.abc import Callable

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
from dns.message import Message
from dns.rcode import Rcode

from hadyn.model.addresses import Address
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.resolver.answers import read_answer
from hadyn.resolver.asking import Habit
from hadyn.resolver.exchanges import Exchange, Reply
from hadyn.resolver.lookup import Surroundings, looked_up
from hadyn.resolver.queries import Query
from hadyn.resolver.resolution import Finding

FIRST, SECOND = Address("10.0.0.2", 53), Address("10.0.0.3", 53)
SOA = "example. 77 IN SOA ns.example. me.example. 1 1 1 1 99"

Responder = Callable[[Exchange], Reply]


def query(name: str = "web.example", record_type: str = "A", identity: int = 7) -> Query:
    return Query(name, RecordType(record_type), identity)


def response(
    asked: Query,
    *answers: str,
    rcode: Rcode = Rcode.NOERROR,
    additional: tuple[str, ...] = (),
    authority: tuple[str, ...] = (),
    truncated: bool = False,
) -> Message:
    """Answer a query with records in the form of a zone file: "web.example. 30 IN A 10.1.0.1"."""
    message = dns.message.make_response(dns.message.from_wire(asked.wire), recursion_available=True)
    message.set_rcode(rcode)
    for section, records in (
        (message.answer, answers),
        (message.authority, authority),
        (message.additional, additional),
    ):
        for record in records:
            name, ttl, of_class, kind, rdata = record.split(None, 4)
            rrset = message.find_rrset(
                section,
                dns.name.from_text(name),
                dns.rdataclass.from_text(of_class),
                dns.rdatatype.from_text(kind),
                create=True,
            )
            made = dns.rrset.from_text(name, int(ttl), of_class, kind, rdata)
            rrset.update(made)
            rrset.ttl = made.ttl
    message.flags |= dns.flags.TC if truncated else 0
    return message


class Zone:
    """Servers that all know the same records; NXDOMAIN for names that have none.

    ``asked`` is every exchange, as "udp web.example A 10.0.0.2".
    """

    def __init__(self, *records: str, additional: tuple[str, ...] = ()) -> None:
        self.records = records
        self.additional = additional
        self.asked: list[str] = []
        self.special: dict[str, Reply | Responder] = {}

    def reply(self, exchange: Exchange) -> Reply:
        asked = exchange.query
        said = f"{'tcp' if exchange.is_tcp else 'udp'} {asked.name} {asked.type} {exchange.server.ip}"
        self.asked.append(said)
        for pattern, special in self.special.items():
            if said.startswith(pattern) or said.endswith(pattern):
                return special(exchange) if callable(special) else special
        return self.honest(asked)

    def honest(self, asked: Query) -> Reply:
        chain = [f"{asked.name}."]
        found: list[str] = []
        for _ in range(20):
            found += [record for record in self.records if record.split()[0].lower() == chain[-1]]
            aliases = [record.split()[4] for record in found if record.split()[3] == "CNAME"]
            chain = [*chain, *(alias for alias in aliases if alias not in chain)]
        exists = any(record.split()[0].lower() == f"{asked.name}." for record in self.records)
        answers = [record for record in dict.fromkeys(found) if record.split()[3] in (asked.type, "CNAME")]
        rcode = Rcode.NOERROR if exists else Rcode.NXDOMAIN
        built = response(asked, *answers, rcode=rcode, authority=(SOA,), additional=self.additional)
        answer = read_answer(built.to_wire(), asked)
        assert answer is not None
        return answer


def look_up(
    zone: Zone,
    name: str = "web.example",
    record_type: str = "A",
    habit: Habit | None = None,
    **surroundings: object,
) -> Finding:
    """Look a name up among servers that know this zone."""
    question = DnsQuestion(name, RecordType(record_type))
    defaults = {"names": [name], "servers": [FIRST], "new_id": lambda: 7}
    lookup = looked_up(question, Surroundings(**defaults | surroundings), habit or Habit())
    try:
        exchanges = next(lookup)
        while True:
            exchanges = lookup.send([zone.reply(exchange) for exchange in exchanges])
    except StopIteration as end:
        return end.value


def ips(finding: Finding) -> list[str]:
    return [record.ip for record in finding.records]
