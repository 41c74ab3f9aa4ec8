"""Pods for tests: small HTTP servers that say their name, at once or when told to."""

from __future__ import annotations

import socket
import socketserver
import threading
from types import TracebackType
from typing import Self

ANSWER_SECONDS = 10.0


class Pod:
    """One server on a port of its own; ``requests`` counts what reached it.

    While it is ``held`` it takes requests and answers none. Leave it as a context
    manager and it is gone.
    """

    def __init__(self, name: str, ip: str = "127.0.0.1") -> None:
        self.name = name
        self.requests = 0
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._server = _Server((ip, 0), _Connection)
        self._server.pod = self
        self.ip: str
        self.port: int
        self.ip, self.port = self._server.server_address[:2]  # type: ignore[assignment]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def hold(self) -> None:
        self._may_answer.clear()

    def release(self) -> None:
        self._may_answer.set()

    def answer(self) -> bytes:
        self._may_answer.wait(ANSWER_SECONDS)
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.name)}\r\n\r\n{self.name}".encode()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    pod: Pod

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is part of many tests."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        while self.rfile.readline(65536):
            while self.rfile.readline(65536).strip():
                pass
            self.server.pod.requests += 1
            self.wfile.write(self.server.pod.answer())


class Client:
    """One connection to a frontend on a unix socket, for one request after the other."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(ANSWER_SECONDS)
        self._socket.connect(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, path: str = "/", host: str = "a.example") -> None:
        """Send a request and do not wait for its answer."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    def begin(self) -> None:
        """Send the beginning of a request alone."""
        self._socket.sendall(b"GET /")

    def answer(self) -> str:
        """Return an answer's status with its body: ``200 pod-a``."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        lengths = [
            line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        ]
        while len(body) < int(lengths[0] if lengths else 0):
            body += self._more()
        return f"{head.split()[1].decode()} {body.decode().strip()}"

    def _more(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionResetError("the connection ended before its answer")
        return received


def got(path: str, request: str = "/", host: str = "a.example") -> str:
    """Ask once, on a connection of its own: ``200 pod-a``."""
    with Client(path) as client:
        client.ask(request, host)
        return client.answer()
