"""Serve hadyn's answers over HTTP, on --status-bind for all who may connect, on the control socket for its owner.

Rules:

1. Nobody can hold hadyn up: a listener has its own thread and so many connections at a
   time, a request has a size and a deadline, an answer has one too. One request a connection.
2. On --status-bind nothing is written: GET and HEAD are all there is. The owner of the
   control socket may POST an order.
3. Both listeners answer alike; what only the control socket answers, ``answers.py`` says.
"""

from __future__ import annotations

import contextlib
import errno
import http.server
import io
import ipaddress
import logging
import socket
import threading
import time
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.errors import WrongUsage
from hadyn.observe.answers import Answer, View, answer, order, refusal
from hadyn.observe.listening import open_control, open_public

CONNECTIONS = 32
HEAD_BYTES = 32 * 1024
"""Longest request line and headers together; room for a query that names a page of backends."""
HEAD_SECONDS = 5.0
ANSWER_SECONDS = 10.0

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}

_LOG = logging.getLogger(__name__)


class HttpServer:
    """hadyn's two listeners. ``address`` is (host, port) of --status-bind once started, None without one."""

    def __init__(self, view: View, *, bind: str, control_socket: Path) -> None:
        self.address: tuple[str, int] | None = None
        self._view = view
        self._bind = bind
        self._control_socket = control_socket
        self._listeners: list[_Listener] = []

    def start(self) -> None:
        """Open both listeners and serve, each in its own thread.

        Raises WrongUsage (an address that cannot be had), AlreadyRunning (somebody answers
        on the control socket) or FileNotWritten; nothing is left open then.
        """
        control = open_control(self._control_socket)
        try:
            public = open_public(self._bind) if self._bind else None
        except WrongUsage:
            control.close()
            self._control_socket.unlink(missing_ok=True)
            raise
        self._listeners = [_Listener(self._view, control, is_control=True)]
        if public:
            self.address = public.getsockname()[:2]
            self._listeners.append(_Listener(self._view, public, is_control=False))
        for listener in self._listeners:
            listener.start()

    def close(self) -> None:
        """Stop listening; answers under way end by themselves."""
        for listener in self._listeners:
            listener.close()
        if self._listeners:
            self._control_socket.unlink(missing_ok=True)
        self._listeners = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Listener:
    """Accepts on one socket; each connection gets a thread, so many at a time."""

    def __init__(self, view: View, listening: socket.socket, *, is_control: bool) -> None:
        self.view = view
        self.is_control = is_control
        self._listening = listening
        self._places = threading.BoundedSemaphore(CONNECTIONS)
        self.is_loopback = not is_control and ipaddress.ip_address(listening.getsockname()[0]).is_loopback
        self._thread = threading.Thread(target=self._accept, name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            # Wakes accept(); a mere close() would not.
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self._thread.is_alive():
            self._thread.join(1)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError as cause:
                if cause.errno in (errno.EBADF, errno.EINVAL):
                    return
                # Out of file descriptors, or the client left already: others may do better.
                _LOG.warning("cannot accept a connection: %s", cause.strerror)
                time.sleep(0.1)
                continue
            self._places.acquire()
            threading.Thread(target=self._serve, args=(connection,), name="http", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                _Exchange(connection, self)
        finally:
            self._places.release()


class _Exchange(http.server.BaseHTTPRequestHandler):
    """One request and its answer."""

    protocol_version = "HTTP/1.1"

    def __init__(self, connection: socket.socket, listener: _Listener) -> None:
        self._listener = listener
        self._has_body = True
        super().__init__(connection, ("", 0), listener)  # type: ignore[arg-type]  # it only keeps its server

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(io.BytesIO(_head(self.connection)))
        self.connection.settimeout(ANSWER_SECONDS)

    def do_GET(self) -> None:
        self._has_body = self.command != "HEAD"
        host = self.headers.get("Host", "")
        if self._listener.is_loopback and not _is_local(host):
            # A page from elsewhere whose name points at 127.0.0.1 could read what it shows.
            self._send(refusal(421, "this listener answers to localhost", "Ask by IP address, or bind another"))
            return
        self._send(answer(self._listener.view, self.path, is_control=self._listener.is_control))

    do_HEAD = do_GET  # noqa: N815 - http.server calls it so

    def do_POST(self) -> None:
        if self._listener.is_control and self.command == "POST":
            self._send(order(self._listener.view, self.path))
            return
        self._send(refusal(405, f"{self.command} is not known here", "Use GET"), allow="GET, HEAD")
        # Closed with a body unread, the connection would be reset and the answer lost.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        self.connection.recv(HEAD_BYTES)

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = do_POST  # noqa: N815 - as above

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself refuses, as JSON like all else."""
        # It takes what it cannot parse for HTTP/0.9, whose answers have no head.
        self.request_version = self.protocol_version
        self._send(refusal(int(code), explain or message or HTTPStatus(code).phrase, "Send a plain GET request"))

    def version_string(self) -> str:
        """The Server header; no versions for strangers."""
        return "hadyn"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server names it so
        _LOG.debug(format, *args)

    def _send(self, answered: Answer, *, allow: str = "") -> None:
        self.close_connection = True
        self.send_response(answered.status)
        headers = {**HEADERS, **answered.headers, **({"Allow": allow} if allow else {})}
        headers |= {"Content-Type": answered.content_type, "Content-Length": str(len(answered.body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self._has_body:
            self.wfile.write(answered.body)


def _head(connection: socket.socket) -> bytes:
    """Read up to the end of the headers, for so long and so far; cut short, it parses as a bad request."""
    head = b""
    deadline = time.monotonic() + HEAD_SECONDS
    while not (b"\r\n\r\n" in head or b"\n\n" in head) and len(head) <= HEAD_BYTES:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        received = connection.recv(8192)
        if not received:
            break
        head += received
    return head


def _is_local(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name in ("", "localhost"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
