"""From a question to what may be used of its answers: search domains, CNAMEs, SRV targets.

Rules: no I/O here; a lookup is a generator that yields exchanges (``asking.py``). A name
that exists without records ends the search; only NXDOMAIN leads to the next domain. At
most eight CNAMEs are followed. Names of the cluster never lead out of it: a Service's
answer that does is forged or a mistake.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from dns.rcode import Rcode
from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.dns_names import checked_dns_name
from hadyn.model.problems import Reason, shown
from hadyn.model.resolved import ADDRESS_TYPES, DnsQuestion, RecordType
from hadyn.resolver.admission import Network, Refused, admitted, remarks_on, usable_services
from hadyn.resolver.answers import LONGEST_CHAIN, Answer, ServiceRecord
from hadyn.resolver.asking import Asking, Habit, NewId, Said, asked
from hadyn.resolver.exchanges import Exchange, Failure, Reply
from hadyn.resolver.records import MOST_RECORDS, Record
from hadyn.resolver.resolution import Finding, Outcome

Lookup = Generator[list[Exchange], list[Reply], Finding]
MOST_TARGETS = 256
"""So many SRV targets are asked for where the server did not send their addresses along."""
TARGETS_AT_ONCE = 32
MOST_NAMES = 20
"""So many search domains are tried."""


class Surroundings(Struct, frozen=True):
    """What a lookup depends on besides the question.

    ``names`` are the absolute names it may stand for, ``servers`` those to ask, best first,
    ``networks`` those that addresses have to be in (none: any), ``address_types`` what SRV
    targets are asked for, ``cluster_domain`` the domain that no answer leads out of.
    """

    names: Sequence[str]
    servers: Sequence[Address]
    new_id: NewId
    networks: Sequence[Network] = ()
    address_types: Sequence[RecordType] = ADDRESS_TYPES["both"]
    cluster_domain: str = "cluster.local"


def looked_up(question: DnsQuestion, surroundings: Surroundings, habit: Habit) -> Lookup:
    """Look a question up. ``habit`` is changed: it remembers what spares queries the next time."""
    finding = Finding(Outcome.OTHER, said="stands for no name")
    queries = 0
    first = [habit.candidate] if habit.candidate in surroundings.names else []
    for name in [*first, *(name for name in surroundings.names if name not in first)][:MOST_NAMES]:
        is_missing, finding = yield from _Chase(question, surroundings, habit, name).finding()
        queries = max(queries, finding.queries)
        if not is_missing:
            # Silence does not tell that this is the one.
            habit.candidate = name if finding.outcome in (Outcome.VALID, Outcome.NX) else habit.candidate
            break
    else:
        habit.candidate = ""
    return finding


class _Chase:
    """One absolute name followed to its records."""

    def __init__(self, question: DnsQuestion, surroundings: Surroundings, habit: Habit, name: str) -> None:
        self._question = question
        self._surroundings = surroundings
        self._habit = habit
        self._name = name
        self._aliases: list[str] = []
        self._ttls: list[int] = []
        self._queries = 0
        self._targets_failed = ""

    def finding(self) -> Generator[list[Exchange], list[Reply], tuple[bool, Finding]]:
        """Return whether there is no such name, and the finding."""
        name = self._name
        while True:
            said = (yield from self._asked([name], self._question.type))[0]
            self._queries = max(self._queries, said.queries)
            answer = said.answer
            if answer is None:
                assert said.failure is not None
                return False, self._failed(said.failure)
            wrong = self._wrong_alias(answer)
            if wrong:
                return False, self._failed(Failure(Outcome.OTHER, wrong))
            self._ttls += [answer.ttl] if answer.ttl is not None and answer.has_records else []
            if not answer.leads_on or said.failure or answer.rcode == Rcode.NXDOMAIN:
                break
            name = answer.aliases[-1]
        if not answer.has_records and said.failure is None:
            is_missing = answer.rcode == Rcode.NXDOMAIN and not self._aliases
            return is_missing, self._negative(answer)
        records, refused = yield from self._records(answer)
        return False, self._found(said, records, refused)

    def _asked(self, names: Sequence[str], record_type: RecordType) -> Asking:
        servers, new_id = self._surroundings.servers, self._surroundings.new_id
        # What holds for the question itself (its answer is long) does not hold for its targets.
        habit = self._habit if record_type is self._question.type else Habit(has_edns=self._habit.has_edns)
        return asked(names, record_type, servers, habit, new_id)

    def _wrong_alias(self, answer: Answer) -> str:
        """Note the CNAMEs of an answer; return what is wrong with them, "" for nothing."""
        for alias in answer.aliases:
            if alias in self._aliases or alias == self._name:
                return f"leads round in circles by CNAME, to {shown(alias)}"
            if not self._may_lead_to(alias):
                return f"leads out of the cluster by CNAME, to {shown(alias)}"
            try:
                checked_dns_name(alias)
            except ValueError as cause:
                return f"leads by CNAME to {shown(alias)}, which {cause}"
            self._aliases.append(alias)
        return "leads on by too many CNAMEs" if len(self._aliases) > LONGEST_CHAIN else ""

    def _may_lead_to(self, name: str) -> bool:
        domain = f".{self._surroundings.cluster_domain}"
        return not self._name.endswith(domain) or name.endswith(domain)

    def _records(self, answer: Answer) -> Generator[list[Exchange], list[Reply], tuple[list[Record], list[Refused]]]:
        if self._question.type is not RecordType.SRV:
            return [Record(ip, name=self._name) for ip in answer.addresses], []
        services, refused = usable_services(answer.services)
        outside = [service for service in services if not self._may_lead_to(service.target)]
        refused += [(Reason.FORBIDDEN_ADDRESS, f"{service.target} is outside of the cluster") for service in outside]
        inside = [service for service in services if service not in outside]
        addresses = yield from self._addresses_of(inside, answer.glue)
        return [
            Record(ip, service.port, service.priority, service.weight, service.target)
            for service in inside
            for ip in addresses.get(service.target, ())
        ], refused

    def _addresses_of(
        self, services: Iterable[ServiceRecord], glue: Iterable[tuple[str, str]]
    ) -> Generator[list[Exchange], list[Reply], dict[str, list[str]]]:
        """Find the addresses of SRV targets: those that came along, and the others asked for."""
        targets = dict.fromkeys(service.target for service in services)
        addresses: dict[str, list[str]] = {}
        for host, ip in glue:
            if host in targets and (RecordType.AAAA if ":" in ip else RecordType.A) in self._surroundings.address_types:
                addresses.setdefault(host, []).append(ip)
        for record_type in self._surroundings.address_types:
            missing = [target for target in targets if target not in addresses][:MOST_TARGETS]
            for start in range(0, len(missing), TARGETS_AT_ONCE):
                portion = missing[start : start + TARGETS_AT_ONCE]
                everything = yield from self._asked(portion, record_type)
                for target, said in zip(portion, everything, strict=True):
                    self._note_target(target, said, addresses)
        return addresses

    def _note_target(self, target: str, said: Said, addresses: dict[str, list[str]]) -> None:
        if said.answer is not None and said.answer.addresses:
            addresses[target] = list(said.answer.addresses)
            self._ttls += [said.answer.ttl] if said.answer.ttl is not None else []
        elif said.failure is not None:
            self._targets_failed = f"target {target} {said.failure.said}"

    def _found(self, said: Said, records: list[Record], refused: list[Refused]) -> Finding:
        answer = said.answer
        assert answer is not None
        usable, forbidden = admitted(records, self._surroundings.networks)
        remarks = remarks_on(self._question, [*refused, *forbidden])
        problem = self._incompleteness(said, answer)
        ttl = min(self._ttls, default=0)
        if said.failure is not None:
            outcome = said.failure.outcome
            return Finding(outcome, usable, ttl, False, problem, remarks, self._queries)
        if not usable:
            if problem or refused or forbidden:
                unusable = problem or "has no record that may be used"
                return Finding(Outcome.OTHER, (), ttl, True, unusable, remarks, self._queries)
            is_off = any(service.target == "" for service in answer.services)
            reason = "is not available, its SRV record says" if is_off else "leads to hosts without address"
            return Finding(Outcome.NX, (), ttl, True, reason, remarks, self._queries)
        return Finding(Outcome.VALID, usable, ttl, not problem, problem, remarks, self._queries)

    def _incompleteness(self, said: Said, answer: Answer) -> str:
        """Why an answer does not say everything; "" where it does."""
        if said.failure is not None:
            return said.failure.said
        if answer.damaged:
            return f"got an answer with {answer.damaged} records that cannot be read"
        if answer.left_out:
            return f"got an answer of more than {MOST_RECORDS:,} records; the others are not used"
        return self._targets_failed

    def _negative(self, answer: Answer) -> Finding:
        if answer.rcode == Rcode.NXDOMAIN:
            said = f"leads by CNAME to {self._aliases[-1]}, which does not exist" if self._aliases else "does not exist"
        else:
            said = "has no records of this type"
        return Finding(Outcome.NX, ttl=answer.ttl, said=said, queries=self._queries)

    def _failed(self, failure: Failure) -> Finding:
        return Finding(failure.outcome, said=failure.said, queries=self._queries)
