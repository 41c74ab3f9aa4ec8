"""Pods that speak no HTTP: each says its name first, then sends back every line.

Rule: the pod speaks first, as many a database does; a proxy that waits for the client would never connect the two.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

from hadyn.model.addresses import Address
from integration.hosted import Restless

ANSWER_SECONDS = 10.0


class TcpPod(socketserver.ThreadingTCPServer):
    """One listener; connections that it has go on when it stops listening, until ``stop`` has waited long enough."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, name: str, ip: str, port: int) -> None:
        super().__init__((ip, port), _Connection)
        self.name = name
        self.address = Address(*self.server_address[:2])
        self.open_connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), name=name)
        self._thread.start()

    def stop(self, _grace_seconds: float = 0.0) -> None:
        """Close everything."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        for connection in list(self.open_connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away are part of many tests."""


class _Connection(socketserver.StreamRequestHandler):
    server: TcpPod

    def handle(self) -> None:
        self.server.open_connections.add(self.request)
        self.wfile.write(f"{self.server.name}\n".encode())
        while line := self.rfile.readline(1024):
            self.wfile.write(line)
        self.server.open_connections.discard(self.request)


class Client:
    """One connection; ``partner`` is the pod that greeted, "" where the connection was closed without a word."""

    def __init__(self, port: int, first: bytes = b"", ip: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection((ip, port), ANSWER_SECONDS)
        self._lines = self._socket.makefile("rb")
        self.partner = ""
        # HAProxy may close before it has read what the client said.
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(first)
            self.partner = self._lines.readline().decode().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()

    def echo(self, text: str) -> str:
        """Say a line; return what comes back."""
        self._socket.sendall(f"{text}\n".encode())
        return self._lines.readline().decode().strip()


def greeted_by(port: int) -> str:
    """Connect once; return the pod that greeted, "" where the connection was closed without a word."""
    try:
        with Client(port) as client:
            return client.partner
    except ConnectionResetError:
        # HAProxy may close before the connection is seen to be there.
        return ""


class Knocking(Restless):
    """Clients that connect one after the other, each for an echo."""

    def __init__(self, port: int, clients: int = 4) -> None:
        super().__init__(*[self._knock] * clients)
        self._port = port

    def _knock(self) -> None:
        try:
            with Client(self._port) as client:
                partner, answer = client.partner, client.echo("hello")
        except OSError as cause:
            self.failed.append(repr(cause))
            return
        if not partner or answer != "hello":
            self.failed.append(f"{partner}: {answer}")
        self.met(partner)
