"""Pods that echo over WebSockets, with clients that never stop talking to them.

Rule: both sides are a library's, which minds the protocol better than a test of ours would.
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve

from hadyn.model.addresses import Address

ANSWER_SECONDS = 10.0
PAUSE_SECONDS = 0.005


class WebSocketPod:
    """Sends back what it receives, with its name in front; ``closed`` counts conversations that ended in order."""

    def __init__(self, name: str, ip: str, port: int) -> None:
        self.name = name
        self.closed = 0
        self._server = serve(self._echo, ip, port)
        self.address = Address(*self._server.socket.getsockname()[:2])
        self._thread = threading.Thread(target=self._server.serve_forever, name=name)
        self._thread.start()

    def stop(self, _grace_seconds: float = 0.0) -> None:
        self._server.shutdown()
        self._thread.join()

    def _echo(self, connection: ServerConnection) -> None:
        for message in connection:
            connection.send(f"{self.name}: {message}")
        self.closed += 1


class Conversation:
    """A client that says a number and awaits its echo, again and again, until ``end``.

    ``partner`` is the pod that answered first, ``echoes`` how many came from it as they should, ``mishap`` what
    else came, or why the connection was lost.
    """

    def __init__(self, port: int, host: str) -> None:
        self.echoes = 0
        self.mishap = ""
        self._open = ExitStack()
        raw = socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
        self._connection: ClientConnection = self._open.enter_context(connect(f"ws://{host}/", sock=raw))
        self.partner = self._said("hello").partition(":")[0]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def goes_on(self) -> bool:
        """Whether an echo of what is said from now on has come."""
        before = self.echoes
        while not self.mishap and self.echoes < before + 2:
            self._is_over.wait(PAUSE_SECONDS)
        return not self.mishap

    def end(self) -> None:
        """Close it as WebSockets are closed; wait for the pod's word."""
        self._is_over.set()
        self._thread.join()
        self._open.close()

    @property
    def close_code(self) -> int | None:
        return self._connection.close_code

    def _talk(self) -> None:
        number = 0
        try:
            while not self.mishap and not self._is_over.wait(PAUSE_SECONDS):
                number += 1
                said = self._said(str(number))
                if said == f"{self.partner}: {number}":
                    self.echoes += 1
                else:
                    self.mishap = said
        except (ConnectionClosed, TimeoutError) as cause:
            self.mishap = repr(cause)

    def _said(self, message: str) -> str:
        self._connection.send(message)
        return str(self._connection.recv(ANSWER_SECONDS))
