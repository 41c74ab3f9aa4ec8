"""Many DNS exchanges at a time, in one thread.

Rules: each query has a socket, hence a port, of its own, connected to the server: the
kernel drops what others send. An answer that does not fit the query is counted and passed
over, and the right one is waited for. A datagram without an answer is sent once more: the
first may be lost, and the lookup would be late by its whole timeout. Every exchange ends,
by its deadline at the latest; what comes later meets a closed socket.
"""

from __future__ import annotations

import heapq
import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from hadyn.model.addresses import Address
from hadyn.resolver.answers import MalformedAnswer, read_answer
from hadyn.resolver.exchanges import Exchange, Failure, Reply
from hadyn.resolver.resolution import Outcome

UDP_SECONDS = 2.0
REPEAT_SECONDS = 0.5
TCP_SECONDS = 3.0
MOST_OPEN = 256
"""So many sockets are open at a time; more than some hundred queries at once overrun a server's buffer."""
_LENGTH_BYTES = 2
_LARGEST = 65535

Done = Callable[[Reply], None]


class Conversation:
    """One exchange under way."""

    __slots__ = ("_done", "_received", "_unsent", "deadline", "exchange", "is_over", "is_repeated", "socket")

    def __init__(self, exchange: Exchange, done: Done, deadline: float) -> None:
        kind = socket.SOCK_STREAM if exchange.is_tcp else socket.SOCK_DGRAM
        family = socket.AF_INET6 if ":" in exchange.server.ip else socket.AF_INET
        self.exchange = exchange
        self.deadline = deadline
        self.is_over = False
        self.is_repeated = exchange.is_tcp
        self._done = done
        self._received = bytearray()
        wire = exchange.query.wire
        self._unsent = len(wire).to_bytes(_LENGTH_BYTES) + wire if exchange.is_tcp else wire
        self.socket = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            with suppress(BlockingIOError):
                self.socket.connect((exchange.server.ip, exchange.server.port))
            if not exchange.is_tcp:
                self.socket.send(wire)
        except OSError:
            self.socket.close()
            raise

    @property
    def waits_for(self) -> int:
        """The event of a selector that it waits for."""
        return selectors.EVENT_WRITE if self.exchange.is_tcp and self._unsent else selectors.EVENT_READ

    def go_on(self) -> Reply | None:
        """Do what the socket is ready for; return the reply if that is the end of it. Raises OSError."""
        if not self.exchange.is_tcp:
            return self._read(self.socket.recv(_LARGEST))
        if self._unsent:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
            return None
        received = self.socket.recv(_LARGEST)
        if not received:
            return Failure(Outcome.OTHER, "was cut off in the middle of an answer")
        self._received += received
        length = int.from_bytes(self._received[:_LENGTH_BYTES])
        if len(self._received) < _LENGTH_BYTES + max(1, length):
            return None
        reply = self._read(bytes(self._received[_LENGTH_BYTES : _LENGTH_BYTES + length]))
        return reply or Failure(Outcome.OTHER, "got an answer to another question")

    def repeat(self) -> None:
        """Send the query once more; raises OSError."""
        self.is_repeated = True
        with suppress(BlockingIOError):
            self.socket.send(self.exchange.query.wire)

    def end(self, reply: Reply) -> None:
        self.is_over = True
        self.socket.close()
        self._done(reply)

    def _read(self, wire: bytes) -> Reply | None:
        try:
            return read_answer(wire, self.exchange.query)
        except MalformedAnswer as cause:
            return Failure(Outcome.OTHER, f"got an answer that cannot be read: {cause}")


class Network:
    """All exchanges of one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._deadlines: list[tuple[float, int, Conversation]] = []
        self._numbers = count()
        self._waiting: deque[tuple[Exchange, Done]] = deque()
        self._failed: deque[tuple[Done, Failure]] = deque()
        self._open = 0
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._foreign = 0

    def begin(self, exchange: Exchange, done: Done) -> None:
        """Start an exchange; ``done`` is called with its reply, from ``wait``."""
        if self._open >= MOST_OPEN:
            self._waiting.append((exchange, done))
            return
        deadline = self._clock() + (TCP_SECONDS if exchange.is_tcp else UDP_SECONDS)
        try:
            conversation = Conversation(exchange, done, deadline)
        except OSError as cause:
            self._failed.append((done, _failure(exchange.server, cause)))
            return
        self._open += 1
        self._selector.register(conversation.socket, conversation.waits_for, conversation)
        self._look_again(conversation, deadline if exchange.is_tcp else self._clock() + REPEAT_SECONDS)

    def wait(self, until: float | None) -> None:
        """Go on with what is ready; wait for it until then, or until woken."""
        due = [self._deadlines[0][0]] if self._deadlines else []
        due += [] if until is None else [until]
        timeout = 0.0 if self._failed else max(0.0, min(due) - self._clock()) if due else None
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
            else:
                self._go_on(key.data)
        self._expire()
        while self._failed:
            done, failure = self._failed.popleft()
            done(failure)
        while self._waiting and self._open < MOST_OPEN:
            self.begin(*self._waiting.popleft())

    def wake(self) -> None:
        """Let ``wait`` return; any thread may call it."""
        with suppress(BlockingIOError, OSError):
            self._waker.send(b"!")

    def taken_foreign(self) -> int:
        """Return how many answers fitted no query since this was asked last."""
        foreign, self._foreign = self._foreign, 0
        return foreign

    def close(self) -> None:
        """Drop everything under way."""
        for _, _, conversation in self._deadlines:
            conversation.socket.close()
        self._selector.close()
        self._waker.close()
        self._woken.close()

    def _go_on(self, conversation: Conversation) -> None:
        waited_for = conversation.waits_for
        try:
            reply = conversation.go_on()
        except BlockingIOError:
            return
        except OSError as cause:
            reply = _failure(conversation.exchange.server, cause)
        if reply is not None:
            self._end(conversation, reply)
        elif conversation.waits_for != waited_for:
            self._selector.modify(conversation.socket, conversation.waits_for, conversation)
        elif not conversation.exchange.is_tcp:
            self._foreign += 1

    def _expire(self) -> None:
        now = self._clock()
        while self._deadlines and (self._deadlines[0][0] <= now or self._deadlines[0][2].is_over):
            _, _, conversation = heapq.heappop(self._deadlines)
            if conversation.is_over:
                continue
            if conversation.is_repeated:
                seconds = TCP_SECONDS if conversation.exchange.is_tcp else UDP_SECONDS
                self._end(conversation, Failure(Outcome.TIMEOUT, f"got no answer within {seconds:g} s"))
            else:
                self._repeat(conversation)

    def _repeat(self, conversation: Conversation) -> None:
        try:
            conversation.repeat()
        except OSError as cause:
            self._end(conversation, _failure(conversation.exchange.server, cause))
        else:
            self._look_again(conversation, conversation.deadline)

    def _look_again(self, conversation: Conversation, at: float) -> None:
        heapq.heappush(self._deadlines, (at, next(self._numbers), conversation))

    def _end(self, conversation: Conversation, reply: Reply) -> None:
        self._selector.unregister(conversation.socket)
        self._open -= 1
        conversation.end(reply)


def _failure(server: Address, cause: OSError) -> Failure:
    """Nobody listens there, or there is no way: the same as silence, only sooner."""
    return Failure(Outcome.TIMEOUT, f"cannot ask {server}: {cause.strerror or cause}")
