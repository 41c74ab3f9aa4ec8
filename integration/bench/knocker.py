"""Ask HAProxy on a new connection every 2 ms until a certain pod answers: ``python -m integration.bench.knocker PORT``.

Reads lines ``HOST ADDRESS`` and writes, for each, when the first answer of that pod was
there, by the monotonic clock that all processes share.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

EVERY_SECONDS = 0.002


def knock(port: int, host: str) -> bytes:
    """Return the answer to a request on a connection of its own, b"" where nobody takes it."""
    with contextlib.suppress(ConnectionError), socket.socket() as connection:
        connection.connect(("127.0.0.1", port))
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(4096), b""))
    return b""


def first_answer(port: int, host: str, address: str) -> float:
    while True:
        began = time.monotonic()
        if knock(port, host).endswith(address.encode()):
            return time.monotonic()
        time.sleep(max(0.0, began + EVERY_SECONDS - time.monotonic()))


def main(port: int) -> None:
    for line in sys.stdin:
        print(first_answer(port, *line.split()), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
