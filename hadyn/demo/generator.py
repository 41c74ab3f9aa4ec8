"""Send requests at a steady pace, telling what became of each: the process behind ``demo/load.py``.

Rules:

1. Open loop: requests are due at fixed times, however slow the answers are, and an
   answer's time counts from when its request was due.
2. Nothing is repeated and nothing forgiven: whatever is no 200 is a failure of a kind.
3. It ends when its standard input does, so it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass, field

import msgspec

REPORT_SECONDS = 0.1
TICK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Order:
    """What to send: ``rate`` requests a second, ``kept_share`` of them over connections that are kept.

    ``host`` goes into the Host header; ``paths`` take turns. ``most_connections`` bounds
    connections in use at a time, a request beyond it fails as "no connection left".
    """

    ip: str
    port: int
    host: str
    paths: tuple[str, ...] = ("/",)
    rate: float = 500.0
    kept_share: float = 0.5
    timeout_seconds: float = 5.0
    most_connections: int = 500
    idle_seconds: float = 5.0


@dataclass(slots=True)
class Report:
    """What happened since the report before. Times are of the monotonic clock, which all processes share.

    ``pods`` maps a pod's name to how many requests it answered and when it answered first
    of all; ``seconds`` are the times that answers took.
    """

    sent: int = 0
    answered: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    pods: dict[str, tuple[int, float]] = field(default_factory=dict)
    is_last: bool = False


class Generator:
    """Sends what an order says until ``stop`` is called."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.report = Report()
        self.open_connections = 0
        self.idle: list[Connection] = []
        self._first_seen: dict[str, float] = {}
        self._under_way = 0
        self._is_stopping = False
        self._all_ended = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()
        lines = f"Host: {order.host}\r\nUser-Agent: hadyn-demo\r\n"
        self._kept = [f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode() for path in order.paths]
        self._new = [f"GET {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode() for path in order.paths]

    async def run(self) -> None:
        """Send at the pace of the order; return once stopped and every request has its end."""
        start = time.monotonic()
        due = 0
        while not self._is_stopping:
            now = time.monotonic()
            while start + due / self.order.rate <= now:
                self._send(due, start + due / self.order.rate)
                due += 1
            await asyncio.sleep(TICK_SECONDS)
        if self._under_way:
            await self._all_ended.wait()
        for connection in [*self.idle]:
            connection.close()

    def stop(self) -> None:
        """Send no more; what is under way still counts."""
        self._is_stopping = True

    def taken_report(self, *, is_last: bool = False) -> Report:
        """Return what happened since the last call."""
        taken, self.report = self.report, Report()
        taken.is_last = is_last
        return taken

    def succeeded(self, due: float, pod: str) -> None:
        """Count an answer."""
        now = time.monotonic()
        self._ended()
        self.report.answered += 1
        self.report.seconds.append(now - due)
        first = self._first_seen.setdefault(pod, now)
        self.report.pods[pod] = (self.report.pods.get(pod, (0, first))[0] + 1, first)

    def failed(self, kind: str) -> None:
        """Count a failure."""
        self._ended()
        self.report.failed[kind] = self.report.failed.get(kind, 0) + 1

    def _ended(self) -> None:
        self._under_way -= 1
        if self._is_stopping and not self._under_way:
            self._all_ended.set()

    def _send(self, number: int, due: float) -> None:
        self._under_way += 1
        self.report.sent += 1
        place = number % len(self.order.paths)
        # Spread evenly: at a share of 0.5 every second request is on a kept connection.
        is_kept = int((number + 1) * self.order.kept_share) > int(number * self.order.kept_share)
        request = (self._kept if is_kept else self._new)[place]
        if is_kept and self.idle:
            self.idle.pop().send(request, due)
        elif self.open_connections >= self.order.most_connections:
            self.failed("no connection left")
        else:
            self.open_connections += 1
            task = asyncio.get_running_loop().create_task(self._connect(request, due, is_kept=is_kept))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, request: bytes, due: float, *, is_kept: bool) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.order.timeout_seconds):
                _, connection = await loop.create_connection(
                    lambda: Connection(self, is_kept=is_kept), self.order.ip, self.order.port
                )
        except TimeoutError:
            self.open_connections -= 1
            self.failed("timeout: connecting")
        except OSError as error:
            self.open_connections -= 1
            # asyncio's own text names the address, which makes a kind of its own of each.
            self.failed(f"connecting: {os.strerror(error.errno) if error.errno else error}")
        else:
            connection.send(request, due)


class Connection(asyncio.Protocol):
    """One connection to HAProxy, with one request under way at most."""

    def __init__(self, generator: Generator, *, is_kept: bool) -> None:
        self._generator = generator
        self._is_kept = is_kept
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        """Send one request that was due at ``due``."""
        self._due = due
        self._received = b""
        self._again_in(self._generator.order.timeout_seconds)
        if self._transport:
            self._transport.write(request)

    def close(self) -> None:
        # asyncio says later that it is closed; no request may be given to it meanwhile.
        if self in self._generator.idle:
            self._generator.idle.remove(self)
        if self._transport:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or self._due is None:
            return
        lines = head.lower().split(b"\r\n")
        fields = dict(line.split(b": ", 1) for line in lines[1:] if b": " in line)
        if len(body) >= int(fields.get(b"content-length", b"0")):
            self._answered(int(lines[0].split()[1]), body, closes=fields.get(b"connection") == b"close")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._generator.open_connections -= 1
        if self in self._generator.idle:
            self._generator.idle.remove(self)
        if self._due is not None:
            where = "kept" if self._is_kept else "new"
            self._failed(f"{'reset' if exc else 'closed'} before the answer on a {where} connection")
        if self._timer:
            self._timer.cancel()

    def _answered(self, status: int, body: bytes, *, closes: bool) -> None:
        due, self._due = self._due, None
        assert due is not None
        if status == 200:
            self._generator.succeeded(due, body.decode("utf-8", "replace").strip())
        else:
            self._generator.failed(f"status {status}")
        if self._is_kept and not closes:
            # Gives the connection up before HAProxy does, as clients should.
            self._again_in(self._generator.order.idle_seconds)
            self._generator.idle.append(self)
        else:
            self.close()

    def _failed(self, kind: str) -> None:
        self._due = None
        self._generator.failed(kind)

    def _again_in(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        if self._due is not None:
            self._failed("timeout: no answer")
        self.close()


async def serve(order: Order) -> None:
    """Run an order, with a report on standard output every tenth of a second, until standard input ends."""
    loop = asyncio.get_running_loop()
    generator = Generator(order)
    await loop.connect_read_pipe(lambda: _UntilTheEnd(generator), sys.stdin)
    running = loop.create_task(generator.run())
    while not running.done():
        await asyncio.wait((running,), timeout=REPORT_SECONDS)
        tell(generator.taken_report())
    tell(generator.taken_report(is_last=True))


class _UntilTheEnd(asyncio.Protocol):
    """Stops a generator at the end of standard input."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._generator.stop()


def tell(report: Report) -> None:
    """Write one report as a line of JSON."""
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(sys.argv[1], type=Order)))
