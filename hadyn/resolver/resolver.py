"""Keep names resolved: ask each when it is due, say what changed.

Rules: a name is asked once for all backends that share it, and again when its TTL is over,
a little earlier each time, so that names do not fall due together; what lookups ask besides
they share (``sharing.py``). One thread does
everything. What is delivered differs from what was delivered before: answers that only
rotate deliver nothing.
"""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from hadyn.model.addresses import Address
from hadyn.model.resolved import DnsQuestion, RecordType, Resolved, ResolvedName
from hadyn.resolver.agenda import Agenda, Standing
from hadyn.resolver.asking import Habit
from hadyn.resolver.exchanges import Exchange, Reply, result_of
from hadyn.resolver.lookup import Lookup, Surroundings, looked_up
from hadyn.resolver.nameservers import Nameservers
from hadyn.resolver.network import Network
from hadyn.resolver.report import QuestionReport, report
from hadyn.resolver.resolution import Finding, Outcome, Resolution, judged, resolved_name
from hadyn.resolver.resolver_settings import ResolverSettings
from hadyn.resolver.sharing import Sharing, Take

EARLIEST = 0.9
"""A question is asked again after this part of its pause at the earliest."""
STOP_SECONDS = 2.0
FOREIGN = "foreign"
"""The result of a query that got an answer to something else; it waits on."""

Emit = Callable[[Resolved], None]
Observer = Callable[[str], None]
"""Told the result of each query: an Outcome or FOREIGN."""
Show = Callable[[QuestionReport], None]

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Entry:
    """One question. ``due`` is None while it is asked; ``waiting`` are told as soon as something is known."""

    question: DnsQuestion
    resolution: Resolution = field(default_factory=Resolution)
    habit: Habit = field(default_factory=Habit)
    told: ResolvedName | None = None
    due: float | None = None
    is_wanted: bool = True
    waiting: list[Show] | None = None

    @property
    def standing(self) -> Standing:
        if self.told is None:
            return Standing.NEW
        has_failed = self.resolution.failures > 0 and self.resolution.outcome is not Outcome.NX
        return Standing.FAILED if has_failed else Standing.ANSWERED

    def asks_itself(self, exchange: Exchange) -> bool:
        """Whether nobody else has an interest in this query: it is for the name itself, asked again at its own pace."""
        own, query = self.question, exchange.query
        return self.is_wanted and query.type is own.type and query.name.startswith(own.name.removesuffix("."))


@dataclass(slots=True, eq=False)
class _Running:
    """A lookup under way since ``began_at``, and the replies it has so far."""

    entry: _Entry
    lookup: Lookup
    standing: Standing
    began_at: float
    replies: list[Reply | None] = field(default_factory=list)


class Resolver:
    """Resolves in a thread of its own; keeps what every ``Source`` can do but for what it emits."""

    name = "dns"

    def __init__(
        self, settings: ResolverSettings, clock: Callable[[], float], observer: Observer = lambda _result: None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._nameservers = Nameservers(settings)
        self._network = Network(clock)
        self._sharing = Sharing(self._ask, clock)
        self._agenda: Agenda[_Entry] = Agenda()
        self._entries: dict[DnsQuestion, _Entry] = {}
        self._unconfirmed: dict[DnsQuestion, float] = {}
        self._news: list[ResolvedName] = []
        self._wishes: deque[Callable[[], None]] = deque()
        self._emit: Emit = lambda _resolved: None
        self._thread: threading.Thread | None = None
        self._is_stopping = False
        self._stale_since: float | None = None

    def start(self, emit: Emit) -> None:
        """Begin to resolve what is wanted, now and later."""
        self._emit = emit
        self._thread = threading.Thread(target=self._run, name="resolver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End promptly; nothing is emitted afterwards."""
        if self._thread is not None:
            self._is_stopping = True
            self._network.wake()
            self._thread.join(STOP_SECONDS)
            self._thread = None

    def want(self, added: Iterable[DnsQuestion], dropped: Iterable[DnsQuestion] = ()) -> None:
        """Resolve these questions from now on, and those no more; any thread may call it."""
        self._wish(partial(self._change, tuple(added), tuple(dropped)))

    def ask(self, question: DnsQuestion, show: Show) -> None:
        """Have ``show`` called, in the resolver's thread, with what is known; what nobody wants is asked once."""
        self._wish(partial(self._show, question, show))

    @property
    def names(self) -> int:
        """How many questions are wanted."""
        return len(self._entries)

    @property
    def servers(self) -> Sequence[Address]:
        """The DNS servers that are asked; any thread may look."""
        return self._nameservers.servers

    @property
    def address_types(self) -> Sequence[RecordType]:
        """What is asked for where addresses are wanted."""
        return self._settings.address_types

    def staleness_seconds(self, now: float) -> float:
        """Return for how long some name in use has not been confirmed by an answer, or nobody asks any more; else 0."""
        since = self._stale_since
        return 0.0 if since is None else max(0.0, now - since)

    def _wish(self, wish: Callable[[], None]) -> None:
        self._wishes.append(wish)
        self._network.wake()

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._turn()
        finally:
            if not self._is_stopping:
                # By a mistake of ours. Nobody asks any more, and what is watched shall tell.
                self._stale_since = self._clock() if self._stale_since is None else self._stale_since
            self._network.close()

    def _turn(self) -> None:
        while self._wishes:
            self._wishes.popleft()()
        now = self._clock()
        self._look_at_servers(now)
        for due, entry in self._agenda.taken(now):
            if entry.due == due and entry.is_wanted:
                entry.due = None
                self._agenda.queue(entry, entry.standing)
        while (begun := self._agenda.begun()) is not None:
            self._begin(*begun)
        self._tell()
        self._network.wait(self._patience(now))
        for _ in range(self._network.taken_foreign()):
            self._observer(FOREIGN)
        self._tell()

    def _look_at_servers(self, now: float) -> None:
        """Take over what /etc/resolv.conf says now; HAProxy's own resolver has to hear of other servers, too."""
        before = self._nameservers.servers
        if self._nameservers.has_changed(now):
            for entry in self._entries.values():
                # Other search domains may come first.
                entry.habit.candidate = ""
            self._ask_again_what_failed(now)
        if self._nameservers.servers != before:
            self._emit(Resolved((), now, has_other_servers=True))

    def _tell(self) -> None:
        if self._news:
            news, self._news = tuple(self._news), []
            self._emit(Resolved(news, self._clock()))

    def _patience(self, now: float) -> float:
        reread_at = now + self._settings.reread_seconds
        due = self._agenda.next_due()
        return reread_at if due is None else min(due, reread_at)

    def _change(self, added: Iterable[DnsQuestion], dropped: Iterable[DnsQuestion]) -> None:
        for question in dropped:
            entry = self._entries.pop(question, None)
            if entry is not None:
                entry.is_wanted = False
                self._note_staleness(entry)
        for question in added:
            if question not in self._entries:
                self._entries[question] = _Entry(question)
                self._schedule(self._entries[question], self._clock())

    def _show(self, question: DnsQuestion, show: Show) -> None:
        entry = self._entries.get(question)
        if entry is None:
            self._agenda.queue(_Entry(question, is_wanted=False, waiting=[show]), Standing.NEW)
        elif entry.told is None:
            entry.waiting = [*(entry.waiting or ()), show]
        else:
            show(self._report(entry))

    def _report(self, entry: _Entry) -> QuestionReport:
        now = self._clock()
        return report(entry.question, entry.resolution, due=now if entry.due is None else entry.due, now=now)

    def _schedule(self, entry: _Entry, due: float) -> None:
        entry.due = due
        self._agenda.put(entry, due)

    def _ask_again_what_failed(self, now: float) -> None:
        for question in self._unconfirmed:
            if self._entries[question].due is not None:
                self._schedule(self._entries[question], now)

    def _begin(self, entry: _Entry, standing: Standing) -> None:
        name = entry.question.name
        surroundings = Surroundings(
            names=self._nameservers.candidates(name),
            servers=self._nameservers.order(name, self._clock()),
            new_id=partial(secrets.randbits, 16),
            networks=self._settings.networks,
            address_types=self._settings.address_types,
            cluster_domain=self._settings.cluster_domain,
        )
        lookup = looked_up(entry.question, surroundings, entry.habit)
        running = _Running(entry, lookup, standing, began_at=self._clock())
        self._go_on(running, None)

    def _go_on(self, running: _Running, replies: list[Reply] | None) -> None:
        try:
            exchanges = next(running.lookup) if replies is None else running.lookup.send(replies)
        except StopIteration as end:
            self._finish(running, end.value)
            return
        running.replies = [None] * len(exchanges)
        for index, exchange in enumerate(exchanges):
            ask = self._ask if running.entry.asks_itself(exchange) else self._sharing.ask
            ask(exchange, partial(self._take, running, index))

    def _ask(self, exchange: Exchange, take: Take) -> None:
        self._network.begin(exchange, partial(self._heard, exchange, self._clock(), take))

    def _heard(self, exchange: Exchange, asked_at: float, take: Take, reply: Reply) -> None:
        self._observer(result_of(reply))
        self._nameservers.note(exchange.server, reply, asked_at=asked_at, now=self._clock())
        take(reply)

    def _take(self, running: _Running, index: int, reply: Reply) -> None:
        running.replies[index] = reply
        replies = [each for each in running.replies if each is not None]
        if len(replies) == len(running.replies):
            self._go_on(running, replies)

    def _finish(self, running: _Running, finding: Finding) -> None:
        entry, now = running.entry, self._clock()
        self._agenda.ended(running.standing)
        before = entry.resolution
        entry.resolution = judged(before, finding, now, self._settings.holds)
        if entry.is_wanted:
            pause = entry.resolution.pause
            # A question keeps still for as many seconds as it took queries.
            jittered = pause * random.uniform(EARLIEST, 1)  # noqa: S311 - no secret
            # A server that does not answer in time is left alone for the whole pause.
            since = now if entry.resolution.failures else running.began_at
            self._schedule(entry, max(now, since + max(1.0, finding.queries, jittered)))
            self._note_staleness(entry)
            self._note_news(entry, before)
        for show in entry.waiting or ():
            show(self._report(entry))
        entry.waiting = None

    def _note_news(self, entry: _Entry, before: Resolution) -> None:
        after = entry.resolution
        is_same = after.records is before.records and (after.said, after.remarks) == (before.said, before.remarks)
        if is_same and entry.told is not None:
            return
        name = resolved_name(entry.question, after)
        if name != entry.told:
            entry.told = name
            self._news.append(name)

    def _note_staleness(self, entry: _Entry) -> None:
        """Keep the names without confirmation in the order in which they lost it."""
        since = entry.resolution.unconfirmed_since
        if entry.is_wanted and since is not None:
            self._unconfirmed.setdefault(entry.question, since)
        else:
            self._unconfirmed.pop(entry.question, None)
        self._stale_since = next(iter(self._unconfirmed.values()), None)
