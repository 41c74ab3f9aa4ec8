"""Echo pods: small HTTP/1.1 servers that answer with their own name.

Rule: a pod behaves as a well-made one in a cluster. Told to stop it closes its listener
and its idle connections, finishes the requests it has within its grace, and says
``Connection: close`` with each.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from hadyn.model.addresses import Address

STARTING_SECONDS = 10.0
CLOSING_ROUNDS = 5

Result = TypeVar("Result")


class Pods:
    """A host of pods, all served by one thread of its own; a context manager."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pods", daemon=True)
        self._running: set[Pod] = set()

    def start(self, name: str, ip: str = "127.0.0.1", port: int = 0, *, delay_seconds: float = 0.0) -> Pod:
        """Return a pod that already listens; with port 0 the kernel chooses one.

        ``delay_seconds`` is how long it takes to answer. Raises OSError where the address is taken.
        """
        pod = Pod(self, name, delay_seconds=delay_seconds)
        self.call(pod.listen(ip, port))
        self._running.add(pod)
        return pod

    def call(self, work: Coroutine[Any, Any, Result], *, timeout: float = STARTING_SECONDS) -> Result:
        """Do work in the thread of the pods and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def forget(self, pod: Pod) -> None:
        """Note that a pod has stopped."""
        self._running.discard(pod)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pod in list(self._running):
            pod.stop(grace_seconds=0)
        self.call(_closed_transports())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STARTING_SECONDS)
        self._loop.close()


async def _closed_transports() -> None:
    """Return when what was closed is: the loop does that in its next rounds."""
    for _ in range(CLOSING_ROUNDS):
        await asyncio.sleep(0)


class Pod:
    """One pod: its ``name``, the ``address`` it listens on, how many requests it has ``answered``."""

    address: Address

    def __init__(self, host: Pods, name: str, *, delay_seconds: float = 0.0) -> None:
        self.name = name
        self.answered = 0
        self.delay_seconds = delay_seconds
        self.is_stopping = False
        self._host = host
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._gone: asyncio.Event | None = None

    @property
    def has_requests(self) -> bool:
        """A request is being answered."""
        return any(connection.is_answering for connection in list(self._connections))

    async def listen(self, ip: str, port: int) -> None:
        """Open the listener; called in the thread of the pods."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, self._connections), ip, port, backlog=1024)
        self.address = Address(*self._server.sockets[0].getsockname()[:2])

    def stop(self, grace_seconds: float = 1.0) -> None:
        """End as a pod that gets SIGTERM does, and return when it is gone: after ``grace_seconds`` at most."""
        self._host.call(self._stop(grace_seconds), timeout=grace_seconds + STARTING_SECONDS)

    def kill(self) -> None:
        """End as a pod whose node loses power does, but that its kernel resets the connections."""
        self._host.call(self._stop(None))

    async def _stop(self, grace_seconds: float | None) -> None:
        self.is_stopping = True
        await self._close_listener()
        for connection in list(self._connections):
            if grace_seconds is None:
                connection.abort()
            elif not connection.is_answering:
                connection.hang_up()
        if self._connections and grace_seconds:
            self._gone = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), grace_seconds)
        for connection in list(self._connections):
            connection.hang_up()
        self._host.forget(self)

    async def _close_listener(self) -> None:
        """Take no more connections; those just taken are served.

        asyncio accepts in two steps, and loses a connection whose server is closed between
        them: nobody would ever answer it.
        """
        if self._server is None:
            return
        loop = asyncio.get_running_loop()
        for listener in self._server.sockets:
            loop.remove_reader(listener.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        self._server.close()

    def disconnected(self, connection: _Connection) -> None:
        """Note that a connection has ended."""
        self._connections.discard(connection)
        if self._gone and not self._connections:
            self._gone.set()


class _Connection(asyncio.Protocol):
    """One connection to a pod: requests without a body, one after the other."""

    def __init__(self, pod: Pod, connections: set[_Connection]) -> None:
        self._pod = pod
        self._connections = connections
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.is_answering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        if self._pod.is_stopping:
            # It waited in the listener's queue while the pod ended.
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._transport = None
        self._pod.disconnected(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._answer_next()

    def abort(self) -> None:
        if self._transport:
            # Without lingering the kernel sends a reset, not an orderly end.
            at_once = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self._transport.abort()

    def hang_up(self) -> None:
        if self._transport:
            self._transport.close()

    def _answer_next(self) -> None:
        if self.is_answering or b"\r\n\r\n" not in self._received:
            return
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        wants_close = b"\r\nconnection: close" in head.lower()
        if not self._pod.delay_seconds:
            self._answer(wants_close=wants_close)
            return
        self.is_answering = True
        loop = asyncio.get_running_loop()
        loop.call_later(self._pod.delay_seconds, lambda: self._answer(wants_close=wants_close))

    def _answer(self, *, wants_close: bool) -> None:
        self.is_answering = False
        if self._transport is None:
            return
        closes = wants_close or self._pod.is_stopping
        body = f"{self._pod.name}\n".encode()
        connection = b"Connection: close\r\n" if closes else b""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%bContent-Length: %d\r\n\r\n" % (connection, len(body))
        # Counted first: whoever has the answer may ask for the count.
        self._pod.answered += 1
        self._transport.write(head + body)
        if closes:
            self._transport.close()
        else:
            self._answer_next()
