"""Commands to the running HAProxy over its runtime socket.

Rules: a fresh connection for each line; a reply is a hint, only what is read back counts.
Sessions are HAProxy's ``scur``. haproxy-facts.md#scur-counts-sessions
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice, repeat

from hadyn.errors import NotHAProxy, ReplyCutShort, ReplyNotUnderstood, WrongUsage
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import Command
from hadyn.planner.observed import ObservedBackend, Serving
from hadyn.runtime import tables, wire
from hadyn.runtime.connection import Conversation, Stream
from hadyn.runtime.counts import SlotCounts, counted
from hadyn.runtime.tables import Identity, MalformedTable
from hadyn.runtime.wire import Outcome, ReplyCountMismatch, Verdict

Observer = Callable[[str, str, int], None]
"""Is told of commands that were answered: kind ("addr", "state", "weight", "map"), verdict, how many."""


def unobserved(kind: str, verdict: str, count: int) -> None:
    """Count nothing: the Observer of a Runtime that nobody measures."""


class Runtime:
    """Reads and commands one HAProxy; holds no state of it.

    ``stream`` says lines and reads in pieces, where there is one. ``map_folder`` is where
    the maps' files are, spelled as in HAProxy's configuration;
    ``name`` is what errors call the socket. All methods raise SocketUnreachable,
    SocketTimeout, ReplyCutShort or ReplyNotUnderstood: a part of what was to be sent
    may then be done.
    """

    def __init__(  # noqa: PLR0913 - six, all but one by name
        self,
        converse: Conversation,
        *,
        capabilities: Capabilities,
        map_folder: str,
        name: str = "its runtime socket",
        observer: Observer = unobserved,
        stream: Stream | None = None,
    ) -> None:
        if not re.fullmatch(wire.WORD, map_folder):
            raise WrongUsage(
                f"HAProxy's command line cannot name maps in the folder {map_folder!a}",
                remedy="Set a --state-dir without blanks, semicolons and backslashes",
            )
        self.capabilities = capabilities
        self._converse = converse
        self._stream = stream or (lambda line: iter((converse(line),)))
        self._map_folder = map_folder
        self._name = name
        self._observer = observer

    def identity(self) -> Identity:
        """Tell which process answers; raises NotHAProxy if it is none or hadyn may not command it."""
        return identify(self._converse, self._name)

    def observe(self, backends: Iterable[str] | None) -> dict[str, ObservedBackend]:
        """Read backends, or all of them (None); one that HAProxy does not have is missing from the result."""
        if backends is None:
            return self._all_backends()
        names = tuple(backends)
        replies = self._ask([text for name in names for text in (wire.show_slots(name), wire.show_sessions(name))])
        with self._understanding():
            return _observed(names, replies[::2], replies[1::2])

    def observe_slots(self, backends: Iterable[str]) -> dict[str, ObservedBackend]:
        """Read backends without the sessions of their slots, which then are 0.

        Whose sessions are asked for makes HAProxy go through all backends.
        haproxy-facts.md#sessions-cost-all-backends
        """
        return self.send_and_observe((), backends)[1]

    def observe_serving(self, backends: Iterable[str]) -> dict[str, Serving]:
        """Read who takes requests in backends, a tenth of the cost of observing them."""
        names = tuple(backends)
        replies = chain.from_iterable(self._replies(map(wire.show_slots, names)))
        with self._understanding():
            found = zip(names, replies, strict=False)
            return {name: tables.serving(table) for name, table in found if table != tables.NO_SUCH_BACKEND}

    def observe_in_portions(self, backends: int = 500) -> Iterator[dict[str, ObservedBackend]]:
        """Read all backends that have slots, so many at a time and without the sessions of their slots."""
        names = iter(self.backend_names())
        while portion := tuple(islice(names, backends)):
            yield {name: backend for name, backend in self.observe_slots(portion).items() if backend.slots}

    def backend_names(self) -> list[str]:
        """Name all backends that HAProxy has, those without slots included."""
        (listed,) = self._ask([wire.SHOW_BACKENDS])
        with self._understanding():
            return tables.backend_names(listed)

    def count(self) -> dict[str, SlotCounts]:
        """Count the slots of all backends that have some; far cheaper than to observe them."""
        ((line, _),) = wire.lines([wire.SHOW_ALL_SLOTS])
        with self._understanding():
            counts = counted(self._stream(line))
            (figures,) = self._ask([wire.SHOW_SESSIONS_OF_BACKENDS])
            for (name, _), sessions in tables.sessions_of(figures).items():
                if name in counts:
                    counts[name].sessions = sessions
        return counts

    def unpublished(self) -> frozenset[str]:
        """Name the backends that no request reaches. haproxy-facts.md#added-backends"""
        if not self.capabilities.has_dynamic_backends:
            return frozenset()
        (table,) = self._ask([wire.SHOW_SESSIONS_OF_BACKENDS])
        with self._understanding():
            return tables.unpublished_in(table)

    def send(self, commands: Iterable[Command]) -> tuple[Outcome, ...]:
        """Send commands in order; those behind one that fails are carried out too."""
        return self.send_and_observe(commands, ())[0]

    def send_and_observe(
        self, commands: Iterable[Command], backends: Iterable[str], *, wait_milliseconds: int = 0
    ) -> tuple[tuple[Outcome, ...], dict[str, ObservedBackend]]:
        """Send commands, then read backends without sessions, on as few connections as their size allows.

        ``wait_milliseconds`` puts a barrier between both, where HAProxy has one: address
        changes are seen behind it. Returns an Outcome for each command, in order.
        """
        sent = tuple(commands)
        names = tuple(backends)
        barrier = [wire.wait(wait_milliseconds)] if wait_milliseconds else []
        spelled = (wire.spelled(command, self._map_folder) for command in sent)
        replies = chain.from_iterable(self._replies(chain(spelled, barrier, map(wire.show_slots, names))))
        # One after the other, so that HAProxy runs the next line meanwhile.
        outcomes = tuple(wire.judged(command, reply) for command, reply in zip(sent, replies, strict=False))
        self._count(outcomes)
        for _ in zip(barrier, replies, strict=False):
            pass
        with self._understanding():
            return outcomes, _observed(names, replies)

    def exchange(self, asked: Iterable[Command | str]) -> Iterator[Outcome | tuple[str, ObservedBackend | None]]:
        """Send commands, and read backends that are named, in order; yield what comes of it, in order.

        That is the Outcome of a command that is not known to be done, and each backend by its name,
        without sessions, None where HAProxy does not have it. What is asked is taken a line at a time
        while HAProxy runs the line before, so it may depend on what was answered up to then.
        """
        waiting: deque[Command | str] = deque()

        def texts() -> Iterator[str]:
            for each in asked:
                waiting.append(each)
                yield wire.show_slots(each) if isinstance(each, str) else wire.spelled(each, self._map_folder)

        for replies in self._replies(texts()):
            done: Counter[type[Command]] = Counter()
            failed: list[Outcome] = []
            for reply in replies:
                each = waiting.popleft()
                if isinstance(each, str):
                    with self._understanding():
                        observed = _observed((each,), (reply,)).get(each)
                    yield each, observed
                elif wire.is_done(each, reply):
                    done[type(each)] += 1
                else:
                    failed.append(wire.judged(each, reply))
                    yield failed[-1]
            for kind, count in done.items():
                self._observer(wire.KINDS[kind], Verdict.DONE.value, count)
            self._count(failed)

    def read_map(self, name: str) -> dict[str, str]:
        """Return all entries of a map, by key; none where HAProxy has no such map."""
        (reply,) = self._ask([wire.show_map(wire.map_file(self._map_folder, name))])
        with self._understanding():
            return {} if reply.startswith(tables.NO_SUCH_MAP) else tables.map_entries(reply)

    def _all_backends(self) -> dict[str, ObservedBackend]:
        listed, slots = self._ask([wire.SHOW_BACKENDS, wire.SHOW_ALL_SLOTS])
        with self._understanding():
            names = tables.backend_names(listed)
            sessions: dict[tuple[str, str], int] = {}
            for reply in self._ask([wire.show_sessions(name) for name in names]):
                sessions |= tables.sessions_of(reply)
            observed = tables.observed_backends(slots, sessions)
        return {name: observed.get(name) or ObservedBackend(name) for name in names}

    def _ask(self, texts: Iterable[str]) -> list[str]:
        return [reply for replies in self._replies(texts) for reply in replies]

    def _replies(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield the replies to the texts of one line after the other.

        HAProxy runs a line while those of the line before are looked at, and the next one
        is spelled. It is not sent before all replies to the one before are there: what is
        carried out stays a prefix.
        """
        lines = wire.lines(texts)
        replies: list[str] | None = None
        following = next(lines, None)
        while following:
            line, count = following
            pieces = self._stream(line)
            following = next(lines, None)
            if replies is not None:
                yield replies
            replies = self._split(b"".join(pieces), count)
        if replies is not None:
            yield replies

    def _split(self, received: bytes, count: int) -> list[str]:
        try:
            return wire.split_replies(received, count)
        except ReplyCountMismatch as cause:
            raise ReplyCutShort(self._name, commands=count, replies=cause.replies) from cause

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        try:
            yield
        except MalformedTable as cause:
            raise ReplyNotUnderstood(self._name, str(cause)) from cause

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        counted = Counter((type(outcome.command), outcome.verdict) for outcome in outcomes)
        for (kind, verdict), count in counted.items():
            self._observer(wire.KINDS[kind], verdict.value, count)


def identify(converse: Conversation, name: str = "its runtime socket") -> Identity:
    """Tell which HAProxy answers, before anything else is known of it.

    Raises NotHAProxy where another program answers, or one that does not let hadyn
    command it; SocketUnreachable, SocketTimeout, ReplyCutShort as Runtime does.
    """
    ((line, count),) = wire.lines([wire.SHOW_PROCESS, wire.SHOW_LEVEL])
    received = converse(line)
    if received and not received.startswith(b"Name: HAProxy\n"):
        raise NotHAProxy(
            f"what answers on {name} is not HAProxy",
            remedy="Set --runtime-socket to the path of HAProxy's `stats socket`",
        )
    try:
        process, level = wire.split_replies(received, count)
        identity = tables.identity(process)
    except ReplyCountMismatch as cause:
        raise ReplyCutShort(name, commands=count, replies=cause.replies) from cause
    except MalformedTable as cause:
        raise ReplyNotUnderstood(name, str(cause)) from cause
    if level != "admin":
        raise NotHAProxy(
            f"HAProxy on {name} lets hadyn only look (level {level[:20]!a})",
            remedy="Write `level admin` on its `stats socket` line",
        )
    return identity


def _observed(names: Sequence[str], slots: Iterable[str], figures: Sequence[str] = ()) -> dict[str, ObservedBackend]:
    observed: dict[str, ObservedBackend] = {}
    for name, table, figure in zip(names, slots, figures or repeat(""), strict=False):
        if table != tables.NO_SUCH_BACKEND:
            sessions = tables.sessions_of(figure) if figure else {}
            observed[name] = tables.observed_backends(table, sessions).get(name) or ObservedBackend(name)
    return observed
