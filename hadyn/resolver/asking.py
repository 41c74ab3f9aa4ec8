"""Ask one server after the other until one says something.

Rules: no I/O here. A generator yields exchanges and is sent their replies, in order. A cut
answer is asked again over TCP at once; a server that does not understand EDNS is asked
without; a server that fails, refuses, is lame or silent is left for the next one.
NXDOMAIN is an answer: no other server is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from dns.rcode import Rcode
from dns.rcode import to_text as rcode_text
from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.resolved import RecordType
from hadyn.resolver.answers import Answer
from hadyn.resolver.exchanges import Exchange, Failure, Reply
from hadyn.resolver.queries import Query
from hadyn.resolver.resolution import NO_SERVER, Outcome

Asking = Generator[list[Exchange], list[Reply], "list[Said]"]
NewId = Callable[[], int]

_NO_EDNS = (Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS)


class Habit(Struct):
    """What asking a name showed that spares queries the next time."""

    is_tcp: bool = False
    has_edns: bool = True
    candidate: str = ""


class Said(Struct, frozen=True, gc=False):
    """What the servers said of one name.

    ``answer`` is NOERROR or NXDOMAIN, or what a cut answer held; ``failure`` is why there is
    no whole one. ``queries`` counts what was sent for it.
    """

    answer: Answer | None
    failure: Failure | None
    queries: int


def asked(
    names: Sequence[str], record_type: RecordType, servers: Sequence[Address], habit: Habit, new_id: NewId
) -> Asking:
    """Ask for several names at a time; return what was said of each, in order."""
    errands = [_Errand(name, record_type, servers, habit, new_id) for name in names]
    while pending := [errand for errand in errands if errand.exchange is not None]:
        replies = yield [errand.exchange for errand in pending if errand.exchange is not None]
        for errand, reply in zip(pending, replies, strict=True):
            errand.take(reply)
    return [errand.said() for errand in errands]


class _Errand:
    """One name on its way from server to server; ``exchange`` is None when it is over."""

    def __init__(
        self, name: str, record_type: RecordType, servers: Sequence[Address], habit: Habit, new_id: NewId
    ) -> None:
        self._name, self._type = name, record_type
        self._servers = list(servers)
        self._habit = habit
        self._new_id = new_id
        self._is_tcp, self._has_edns = habit.is_tcp, habit.has_edns
        self._queries = 0
        self._answer: Answer | None = None
        self._failures: list[Failure] = []
        self.exchange: Exchange | None = None
        if servers:
            self._ask()
        else:
            self._failures.append(Failure(Outcome.OTHER, NO_SERVER))

    def said(self) -> Said:
        return Said(self._answer, self._told(), self._queries)

    def take(self, reply: Reply) -> None:
        """Take the reply to ``exchange``, and decide on the next one."""
        if isinstance(reply, Failure):
            was_cut = self._is_tcp and self._answer is not None
            self._habit.is_tcp = self._habit.is_tcp and not self._is_tcp
            self._go_on(Failure(Outcome.OTHER, f"was cut, and over TCP {reply.said}") if was_cut else reply)
        elif reply.rcode in _NO_EDNS and self._has_edns:
            self._has_edns = False
            self._ask()
        elif reply.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
            outcome = Outcome.REFUSED if reply.rcode == Rcode.REFUSED else Outcome.OTHER
            self._go_on(Failure(outcome, f"got {rcode_text(Rcode(reply.rcode))}"))
        elif reply.is_lame:
            self._go_on(Failure(Outcome.OTHER, "got a referral: the server does not know the zone"))
        else:
            self._settle(reply)

    def _settle(self, answer: Answer) -> None:
        self._habit.has_edns = self._has_edns
        if not answer.is_truncated:
            self._habit.is_tcp = self._is_tcp
            self._answer, self._failures, self.exchange = answer, [], None
        elif self._is_tcp:
            self._answer = answer if answer.has_records else self._answer
            self._go_on(Failure(Outcome.OTHER, "was cut even over TCP"))
        else:
            self._answer = answer
            self._is_tcp = True
            self._ask()

    def _go_on(self, failure: Failure) -> None:
        """Note a failure and turn to the next server."""
        self._failures.append(failure)
        self._servers.pop(0)
        self._is_tcp, self._has_edns = self._habit.is_tcp, self._habit.has_edns
        self._ask()

    def _ask(self) -> None:
        if not self._servers:
            self.exchange = None
            return
        self._queries += 1
        query = Query(self._name, self._type, self._new_id(), self._has_edns)
        self.exchange = Exchange(self._servers[0], query, self._is_tcp)

    def _told(self) -> Failure | None:
        """Return the failure that tells most: what a server said before that it said nothing."""
        return min(self._failures, key=lambda failure: failure.outcome is Outcome.TIMEOUT, default=None)
