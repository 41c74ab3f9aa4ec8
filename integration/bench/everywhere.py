"""A pod at every address of 127.0.0.0/8: ``python -m integration.bench.everywhere``.

It says on which port, then answers each request with the address that it reached, until
its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys


class Answering(asyncio.Protocol):
    """One connection, requests without a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        body = transport.get_extra_info("sockname")[0].encode()
        self._answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    def data_received(self, received: bytes) -> None:
        self._transport.write(self._answer * received.count(b"\r\n\r\n"))


async def serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "0.0.0.0", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
