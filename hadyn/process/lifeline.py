"""Notice the end of a HAProxy whose processes cannot be seen.

Rule: a connection to its master is kept, and nothing is said on it. The master never
closes it by itself, so its end is the end of HAProxy, or a reload.
haproxy-facts.md#a-silent-connection-to-the-master-stays
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from hadyn.errors import SocketUnreachable


class Lifeline:
    """One HAProxy, for as long as its master lives. ``wait`` may be called from another thread than the rest."""

    def __init__(self, master_socket: Path) -> None:
        """Take hold of it; raises SocketUnreachable."""
        self._path = master_socket
        self._renewing = threading.Lock()
        self._connection = self._connected()

    def __str__(self) -> str:
        return f"on {self._path}"

    @property
    def is_running(self) -> bool:
        return not self.wait(0.0)

    def wait(self, timeout_seconds: float | None) -> bool:
        """Wait for the end, for ever with None; return whether it came."""
        while True:
            connection = self._connection
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            if not poll.poll(None if timeout_seconds is None else timeout_seconds * 1000):
                return False
            with self._renewing:
                if connection is self._connection:
                    return True

    @contextlib.contextmanager
    def renewed(self) -> Iterator[None]:
        """Outlive what ends the connection and not HAProxy: a reload of our own."""
        with self._renewing:
            try:
                yield
            finally:
                with contextlib.suppress(SocketUnreachable):  # it is gone indeed, and the old connection says so
                    self._connection = self._connected()

    def _connected(self) -> _Connection:
        try:
            return _Connection(self._path)
        except OSError as cause:
            raise SocketUnreachable(str(self._path), cause) from cause


class _Connection:
    """A connection that is closed when nobody holds it any more: whoever waits on it does."""

    def __init__(self, path: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(path))
            self._descriptor = connection.detach()
        weakref.finalize(self, os.close, self._descriptor)

    def fileno(self) -> int:
        return self._descriptor
