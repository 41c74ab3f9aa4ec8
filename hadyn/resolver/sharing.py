"""Queries that several lookups have in common: each goes out once a second at most.

Rule: who asks sooner gets the reply that the first one got, or waits for it with that one. Targets of many
services are such queries, so are names that people look at again and again. What a
question asks of its own name is not: it keeps its pauses by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from hadyn.model.addresses import Address
from hadyn.model.resolved import RecordType
from hadyn.resolver.exchanges import Exchange, Reply

SHARED_SECONDS = 1.0

Take = Callable[[Reply], None]
Ask = Callable[[Exchange, Take], None]
Key = tuple[Address, str, RecordType, bool, bool]


@dataclass(slots=True, eq=False)
class _Errand:
    """One query that was sent; ``reply`` is None while it is under way."""

    asked_at: float
    takers: list[Take] = field(default_factory=list)
    reply: Reply | None = None

    def is_stale(self, now: float) -> bool:
        """Whether its reply is too old for others."""
        return self.reply is not None and now >= self.asked_at + SHARED_SECONDS


class Sharing:
    """Sends by ``ask`` what was not asked within the last second; ``clock`` is monotonic seconds."""

    def __init__(self, ask: Ask, clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._errands: dict[Key, _Errand] = {}

    def ask(self, exchange: Exchange, take: Take) -> None:
        """Have ``take`` called with the reply to an exchange; at once where there is one."""
        now = self._clock()
        self._forget(now)
        query = exchange.query
        key = exchange.server, query.name, query.type, query.has_edns, exchange.is_tcp
        known = self._errands.get(key)
        if known is None or known.is_stale(now):
            self._errands.pop(key, None)
            errand = self._errands[key] = _Errand(now, [take])
            self._ask(exchange, partial(self._heard, errand))
        elif known.reply is None:
            known.takers.append(take)
        else:
            take(known.reply)

    def __len__(self) -> int:
        """How many queries are remembered."""
        return len(self._errands)

    def _heard(self, errand: _Errand, reply: Reply) -> None:
        errand.reply = reply
        takers, errand.takers = errand.takers, []
        for take in takers:
            take(reply)

    def _forget(self, now: float) -> None:
        """Drop replies that are too old, as far as nobody before them is waited for: errands stand as they were sent."""
        while (oldest := next(iter(self._errands.items()), None)) is not None and oldest[1].is_stale(now):
            del self._errands[oldest[0]]
