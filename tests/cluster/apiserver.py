"""An apiserver on loopback that says exactly what a test has it say.

Each request waits for the next answer scripted for its path, so a test decides the order
of everything; nothing sleeps.
"""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from hadyn.cluster.api import KubeApi
from hadyn.cluster.login import Login

WAIT_SECONDS = 10.0
"""How long a test waits for something before it fails."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Stream:
    """The answer to a watch; the test writes it while it is read."""

    def __init__(self) -> None:
        self._parts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.is_cut = False
        self.was_left = threading.Event()

    def send(self, *lines: Json) -> None:
        self.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    def write(self, part: bytes) -> None:
        """Send some bytes as one chunk."""
        self._parts.put(part)

    def end(self) -> None:
        """End it in order."""
        self._parts.put(None)

    def cut(self) -> None:
        """Break the connection off."""
        self.is_cut = True
        self._parts.put(None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        part = self._parts.get()
        if part is None:
            raise StopIteration
        return part


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    query: dict[str, str]
    authorization: str | None
    method: str = "GET"
    body: bytes = b""
    accept: str = ""


class ApiServer:
    """Answers as it is told; leave it as a context manager and it is gone."""

    def __init__(self) -> None:
        self._answers: dict[str, queue.SimpleQueue[Answer | Stream]] = defaultdict(queue.SimpleQueue)
        self._asked: dict[str, queue.SimpleQueue[Asked]] = defaultdict(queue.SimpleQueue)
        self._streams: list[Stream] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.answers = self
        self.host = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self._streams:
            stream.cut()
        for answers in self._answers.values():
            answers.put(Answer(status=500))
        self._server.shutdown()
        self._server.server_close()

    def will_answer(self, path: str, body: Json | bytes, status: int = 200, **headers: str) -> None:
        """Script the next answer to this path."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[path].put(Answer(content, status, spelled))

    def will_stream(self, path: str) -> Stream:
        """Script a watch as the next answer to this path."""
        stream = Stream()
        self._streams.append(stream)
        self._answers[path].put(stream)
        return stream

    def asked(self, path: str) -> Asked:
        """Wait for the next request to this path."""
        return self._asked[path].get(timeout=WAIT_SECONDS)

    def was_not_asked(self, path: str) -> bool:
        """Whether no request to this path has come that nobody waited for."""
        return self._asked[path].empty()

    def answer_to(self, asked: Asked) -> Answer | Stream:
        self._asked[asked.path].put(asked)
        return self._answers[asked.path].get(timeout=WAIT_SECONDS)

    def kubeconfig(self, folder: Path, **user: Any) -> Path:
        """Write a kubeconfig that leads here."""
        path = folder / "kubeconfig"
        path.write_text(kubeconfig(self.host, user or {"token": "secret"}))
        return path

    def api(self, folder: Path, **user: Any) -> KubeApi:
        return KubeApi(Login(self.kubeconfig(folder, **user)))


def kubeconfig(server: str, user: Json, **cluster: Any) -> str:
    """A kubeconfig of one cluster, one user, one context "here"."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    answers: ApiServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        asked = Asked(parts.path, query, self.headers["Authorization"], self.command, body, self.headers["Accept"])
        answer = self.server.answers.answer_to(asked)
        if isinstance(answer, Stream):
            self._stream(answer)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - the library's names

    def _stream(self, stream: Stream) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for part in stream:
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if stream.is_cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
