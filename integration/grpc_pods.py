"""Pods that answer gRPC, with clients that never stop calling them.

Rule: messages are bytes, so that no generated code is needed; the protocol is grpcio's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import grpc

from hadyn.model.addresses import Address
from integration.hosted import Restless
from tests.pairs import Pair

CALL_SECONDS = 10.0
WORKERS = 32
TURNS = 20
SAY, TALK = "/echo.Echo/Say", "/echo.Echo/Talk"
OF_ITS_OWN = [("grpc.so_reuseport", 0)]


class GrpcPod:
    """Answers each message with its name, a colon, the message; speaks TLS with a ``pair``."""

    def __init__(self, name: str, ip: str, port: int, pair: Pair | None) -> None:
        self.name = name
        self.calls = 0
        self._server = grpc.server(ThreadPoolExecutor(WORKERS), options=OF_ITS_OWN)
        handlers = {
            "Say": grpc.unary_unary_rpc_method_handler(self._say),
            "Talk": grpc.stream_stream_rpc_method_handler(self._talk),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", handlers),))
        self.address = Address(ip, self._listen(f"{ip}:{port}", pair))
        self._server.start()

    def stop(self, grace_seconds: float = 0.0) -> None:
        """End as gRPC servers end: say so, let calls finish."""
        self._server.stop(grace_seconds).wait()

    def _listen(self, where: str, pair: Pair | None) -> int:
        if pair is None:
            return self._server.add_insecure_port(where)
        keys = (pair.key.encode(), pair.certificate.encode())
        return self._server.add_secure_port(where, grpc.ssl_server_credentials([keys]))

    def _say(self, message: bytes, _context: grpc.ServicerContext) -> bytes:
        self.calls += 1
        return self._answer(message)

    def _talk(self, messages: Iterator[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
        self.calls += 1
        yield from map(self._answer, messages)

    def _answer(self, message: bytes) -> bytes:
        return f"{self.name}: ".encode() + message


class Stream:
    """One bidirectional call in which the client says something and awaits the echo before it says more."""

    def __init__(self, channel: grpc.Channel, seconds: float | None = None) -> None:
        self._spoken = threading.Semaphore(0)
        self._next: bytes | None = None
        self._echoes = channel.stream_stream(TALK)(self._messages(), timeout=seconds)

    def said(self, message: bytes) -> str:
        """Say it; return the echo. Raises grpc.RpcError where the call has failed."""
        self._next = message
        self._spoken.release()
        echo: bytes = next(self._echoes)
        return echo.decode()

    def end(self) -> grpc.StatusCode:
        """Say that nothing more comes; return how the call ended."""
        self._next = None
        self._spoken.release()
        with suppress(grpc.RpcError):
            assert not list(self._echoes)
        code: grpc.StatusCode = self._echoes.code()
        return code

    def _messages(self) -> Iterator[bytes]:
        while True:
            self._spoken.acquire()
            if self._next is None:
                return
            yield self._next


class Calls(Restless):
    """Clients of one channel, one with unary calls, one with streams."""

    def __init__(self, channel: grpc.Channel) -> None:
        super().__init__(partial(self._call, self._unary), partial(self._call, self._stream))
        self._channel = channel

    def _call(self, kind: Callable[[], list[str]]) -> None:
        try:
            answers = kind()
        except grpc.RpcError as cause:
            self.failed.append(f"{cause.code()}: {cause.details()}")
            return
        for answer in answers:
            pod, _, message = answer.partition(": ")
            assert message == "hello", answer
            self.met(pod)

    def _unary(self) -> list[str]:
        return [self._channel.unary_unary(SAY)(b"hello", timeout=CALL_SECONDS).decode()]

    def _stream(self) -> list[str]:
        stream = Stream(self._channel, CALL_SECONDS)
        answers = [stream.said(b"hello") for _ in range(TURNS)]
        code = stream.end()
        if code is not grpc.StatusCode.OK or len(set(answers)) != 1:
            self.failed.append(f"{code}: {set(answers)}")
        return answers


def channel_of(port: int, host: str, authority: Pair | None = None) -> grpc.Channel:
    """A channel to HAProxy, for a host, over TLS where a certificate is trusted."""
    options = [("grpc.default_authority", host), ("grpc.enable_http_proxy", 0)]
    where = f"127.0.0.1:{port}"
    if authority is None:
        return grpc.insecure_channel(where, options)
    trusted = grpc.ssl_channel_credentials(authority.certificate.encode())
    return grpc.secure_channel(where, trusted, [*options, ("grpc.ssl_target_name_override", host)])
