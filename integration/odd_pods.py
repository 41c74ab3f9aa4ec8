"""Pods that do to HAProxy what it is told to bear: they fail, are silent, speak other protocols.

Rule: a pod keeps what it heard, since what HAProxy says to pods is what tests ask about.
"""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections import deque
from types import TracebackType
from typing import Self

from hadyn.model.addresses import Address

ANSWER_SECONDS = 10.0
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, ACKNOWLEDGED_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
PROXY_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
FRAME_HEAD, HEADERS, END_OF_BOTH, STATUS_200 = 9, 1, 5, b"\x88"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n"


class OddPod:
    """A pod that says its name; ``mishaps`` are what its next requests meet instead, one each.

    A mishap is a status, or "close"; ``ailing`` paths get a 503 each time, ``dead`` ones no answer. ``headers`` are lines that each
    answer has besides. ``heard`` are the heads of requests, each with what came before on
    its connection. ``spoken`` are cipher and version of each handshake. While ``held`` it takes requests and answers none. ``/switch`` becomes a tunnel on which
    it is silent, ``has_lost_tunnel`` once that is closed.
    """

    def __init__(self, name: str, *, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.tls = tls
        self.mishaps: deque[str] = deque()
        self.ailing: set[str] = set()
        self.dead: set[str] = set()
        self.headers = ""
        self.heard: list[str] = []
        self.protocols: list[str | None] = []
        self.spoken: list[tuple[str, str]] = []
        self.has_request = threading.Event()
        self.has_lost_tunnel = threading.Event()
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.pod = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.is_open = True

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self._server.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self.vanish()

    def hold(self) -> None:
        self.has_request.clear()
        self._may_answer.clear()

    def release(self) -> None:
        self._may_answer.set()

    def vanish(self) -> None:
        """Close its port, as a pod that died."""
        if self.is_open:
            self.is_open = False
            self._server.shutdown()
            self._server.server_close()

    def answer(self, head: str) -> bytes | None:
        """Return what is answered to a request, None where the connection is closed instead."""
        self.heard.append(head)
        self.has_request.set()
        self._may_answer.wait(ANSWER_SECONDS)
        path = head.partition(" ")[2].partition(" ")[0]
        if path in self.dead:
            threading.Event().wait(ANSWER_SECONDS)
        status = "503" if path in self.ailing else self.mishaps.popleft() if self.mishaps else "200"
        if status == "close":
            return None
        body = "" if head.startswith("HEAD ") else self.name
        return f"HTTP/1.1 {status} Whatever\r\n{self.headers}Content-Length: {len(self.name)}\r\n\r\n{body}".encode()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False
    pod: OddPod

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        connection.settimeout(ANSWER_SECONDS)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a connection that breaks is part of many tests."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        pod: OddPod = self.server.pod
        if pod.tls is None:
            self._converse(self.request, pod)
            return
        with pod.tls.wrap_socket(self.request, server_side=True) as connection:
            pod.spoken.append((connection.cipher() or ("", ""))[:2])
            pod.protocols.append(connection.selected_alpn_protocol())
            self._converse(connection, pod)

    def _converse(self, connection: socket.socket, pod: OddPod) -> None:
        received = b""
        while True:
            while b"\r\n\r\n" not in received[len(PROXY_SIGNATURE) :]:
                more = connection.recv(65536)
                if not more:
                    return
                received += more
            if HTTP2_PREFACE in received:
                self._speak_http2(connection, received.partition(HTTP2_PREFACE)[2])
                return
            end = received.index(b"\r\n\r\n", len(PROXY_SIGNATURE))
            head, received = received[:end], received[end + 4 :]
            if b" /switch " in head:
                self._be_silent(connection, pod)
                return
            answer = pod.answer(head.decode("latin-1"))
            if answer is None:
                return
            connection.sendall(answer)

    def _speak_http2(self, connection: socket.socket, received: bytes) -> None:
        """Answer each stream with a status of 200 and no body."""
        self.server.pod.answer(HTTP2_PREFACE.decode())
        connection.sendall(SETTINGS + ACKNOWLEDGED_SETTINGS)
        while True:
            size = FRAME_HEAD + int.from_bytes(received[:3])
            while len(received) < max(FRAME_HEAD, size):
                more = connection.recv(65536)
                if not more:
                    return
                received += more
                size = FRAME_HEAD + int.from_bytes(received[:3])
            frame, received = received[:size], received[size:]
            if frame[3] == HEADERS:
                connection.sendall(b"\x00\x00\x01" + bytes([HEADERS, END_OF_BOTH]) + frame[5:9] + STATUS_200)

    def _be_silent(self, connection: socket.socket, pod: OddPod) -> None:
        connection.sendall(SWITCHED)
        while connection.recv(65536):
            pass
        pod.has_lost_tunnel.set()
