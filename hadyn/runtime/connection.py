"""A connection to HAProxy's socket: one line there, everything back.

Rules: a fresh one for each line, since a kept one would still talk to the old worker after
a reload; a deadline on each.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from os import PathLike, fspath

from hadyn.errors import ReplyNotUnderstood, SocketTimeout, SocketUnreachable, WrongUsage

Conversation = Callable[[bytes], bytes]
"""Says one line, its line end included, and returns all that comes back until the end of the connection."""

Stream = Callable[[bytes], Iterator[bytes]]
"""Says one line at once, and returns what comes back in pieces, as they come."""

MAX_SOCKET_PATH_BYTES = 107
_CHUNK_BYTES = 1 << 18


def unix_conversation(
    path: str | PathLike[str], timeout_seconds: float = 2.0, limit_bytes: int = 64_000_000
) -> Conversation:
    """Return a Conversation over a unix socket; what it raises, ``unix_stream`` says."""
    stream = unix_stream(path, timeout_seconds, limit_bytes)
    return lambda line: b"".join(stream(line))


def unix_stream(path: str | PathLike[str], timeout_seconds: float = 2.0, limit_bytes: int = 64_000_000) -> Stream:
    """Return a Stream over a unix socket; each call is a connection that ends within the timeout.

    Raises WrongUsage for a path longer than the kernel takes. A call raises
    SocketUnreachable where nobody answers, SocketTimeout at the deadline,
    ReplyNotUnderstood beyond ``limit_bytes``.
    """
    name = fspath(path)
    if len(name.encode("utf-8", "surrogateescape")) > MAX_SOCKET_PATH_BYTES:
        raise WrongUsage(
            f"the path of HAProxy's socket is longer than {MAX_SOCKET_PATH_BYTES} bytes: {name}",
            remedy="Set a shorter --state-dir or --runtime-socket",
        )

    def conversation(line: bytes) -> Iterator[bytes]:
        deadline = time.monotonic() + timeout_seconds
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            try:
                connection.settimeout(timeout_seconds)
                connection.connect(name)
            except TimeoutError as cause:
                raise SocketTimeout(name, timeout_seconds) from cause
            except OSError as cause:
                raise SocketUnreachable(name, cause) from cause
            try:
                connection.sendall(line)
                yield b""
                yield from _received(connection, deadline, name, limit_bytes)
            except TimeoutError as cause:
                raise SocketTimeout(name, timeout_seconds) from cause
            except (BrokenPipeError, ConnectionResetError):
                return  # fewer replies than commands: the caller reads back
            except OSError as cause:
                raise SocketUnreachable(name, cause) from cause

    def say(line: bytes) -> Iterator[bytes]:
        pieces = conversation(line)
        next(pieces, b"")  # HAProxy is at work from here on, whether somebody listens already or not
        return pieces

    return say


def _received(connection: socket.socket, deadline: float, name: str, limit_bytes: int) -> Iterator[bytes]:
    size = 0
    while chunk := connection.recv(_CHUNK_BYTES):
        size += len(chunk)
        if size > limit_bytes:
            raise ReplyNotUnderstood(name, f"more than {limit_bytes} bytes")
        yield chunk
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
