"""One query to one server, and what came of it: the words between a lookup and the network."""

from __future__ import annotations

from dns.rcode import Rcode
from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.resolver.answers import Answer
from hadyn.resolver.queries import Query
from hadyn.resolver.resolution import Outcome


class Exchange(Struct, frozen=True, gc=False):
    """A query to send, over UDP or TCP."""

    server: Address
    query: Query
    is_tcp: bool = False


class Failure(Struct, frozen=True, gc=False):
    """No answer that can be used: ``said`` is why, as in "no answer within 2 s"."""

    outcome: Outcome
    said: str


Reply = Answer | Failure


def result_of(reply: Reply) -> str:
    """Return the word for a reply in the metric ``hadyn_dns_queries_total``."""
    if isinstance(reply, Failure):
        return reply.outcome
    if reply.rcode == Rcode.REFUSED:
        return Outcome.REFUSED
    if reply.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN) or reply.is_lame:
        return Outcome.OTHER
    return Outcome.VALID if reply.has_records or reply.leads_on or reply.is_truncated else Outcome.NX
