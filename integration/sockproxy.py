"""Stand between hadyn and a socket of HAProxy: cut, delay, swallow, rewrite what goes through.

The proxy listens where HAProxy did, which goes on behind another name. A connection without
a fault is passed on as it is, in both directions.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one connection; ``bytes`` None is "not cut".

    ``rewrite`` gets the whole reply and returns another one, ``trickle_bytes`` of it are
    sent at a time, with ``delay_seconds`` before the first.
    """

    request_bytes: int | None = None
    reply_bytes: int | None = None
    delay_seconds: float = 0.0
    trickle_bytes: int = CHUNK_BYTES
    swallows: bool = False
    rewrite: Callable[[bytes], bytes] | None = None


class Bytes:
    """The bytes of the connections so far: requests with their replies."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.replies: list[bytes] = []


@dataclass(slots=True)
class SockProxy:
    """``faults`` befall the next connections, one each; ``stands`` all others whose request it takes."""

    path: Path
    faults: list[Fault | None] = field(default_factory=list)
    stands: Callable[[bytes], Fault | None] = lambda _request: None
    seen: Bytes = field(default_factory=Bytes)
    _listener: socket.socket = field(init=False)
    _thread: threading.Thread = field(init=False)

    @property
    def real(self) -> Path:
        """Where HAProxy is now."""
        return self.path.with_name("real.sock")

    def __enter__(self) -> Self:
        self.path.rename(self.real)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(100)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.real.rename(self.path)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as haproxy, contextlib.suppress(OSError):
            haproxy.connect(str(self.real))
            request = client.recv(CHUNK_BYTES)
            fault = (self.faults.pop(0) if self.faults else self.stands(request)) or Fault()
            self.seen.requests.append(request)
            if fault.swallows:
                while client.recv(CHUNK_BYTES):
                    pass
                return
            haproxy.sendall(request[: fault.request_bytes])
            if fault.request_bytes is not None:
                haproxy.shutdown(socket.SHUT_WR)
            self.seen.replies.append(self._pass_on(client, haproxy, fault))

    def _pass_on(self, client: socket.socket, haproxy: socket.socket, fault: Fault) -> bytes:
        """Pass on what comes from either side, until HAProxy has said all; return that."""
        if fault != Fault():
            reply = b"".join(iter(lambda: haproxy.recv(CHUNK_BYTES), b""))
            said = fault.rewrite(reply) if fault.rewrite else reply
            time.sleep(fault.delay_seconds)
            for start in range(0, len(said), fault.trickle_bytes):
                client.sendall(said[: fault.reply_bytes][start : start + fault.trickle_bytes])
            return reply
        reply = bytearray()
        sides = [client, haproxy]
        while haproxy in sides:
            for side in select.select(sides, [], [])[0]:
                chunk = side.recv(CHUNK_BYTES)
                other = haproxy if side is client else client
                if chunk:
                    other.sendall(chunk)
                    reply += chunk if side is haproxy else b""
                else:
                    sides.remove(side)
                    with contextlib.suppress(OSError):
                        other.shutdown(socket.SHUT_WR)
        return bytes(reply)
