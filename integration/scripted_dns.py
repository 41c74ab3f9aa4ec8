"""A DNS server that answers what a test tells it to, byte by byte if need be."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

import dns.message
import dns.rrset
from dns.message import Message
from dns.rcode import Rcode

from hadyn.model.addresses import Address

BUFFER_BYTES = 65535
ANYWHERE = "127.0.0.1", 0

Script = Callable[["Asked"], Iterable[bytes]]
"""Returns the datagrams (or, over TCP, the bytes) that answer a query."""


class Asked:
    """A query as it came."""

    def __init__(self, wire: bytes, *, is_tcp: bool, sender: tuple[str, int], server: ScriptedDns) -> None:
        self.wire = wire
        self.is_tcp = is_tcp
        self.sender = sender
        self.server = server
        self.message = dns.message.from_wire(wire)
        question = self.message.question[0]
        self.name = question.name.to_text(omit_final_dot=True).lower()
        self.type = question.rdtype.name
        self.at = time.monotonic()

    def answer(self, *records: str, rcode: Rcode = Rcode.NOERROR, ttl: int = 1) -> bytes:
        """An honest answer of these records: "A 10.99.0.1", or "SRV 0 1 80 web-0.example."."""
        return self.built(*records, rcode=rcode, ttl=ttl).to_wire(max_size=BUFFER_BYTES)

    def built(self, *records: str, rcode: Rcode = Rcode.NOERROR, ttl: int = 1) -> Message:
        message = dns.message.make_response(self.message, recursion_available=True)
        message.set_rcode(rcode)
        for record in records:
            kind, rdata = record.split(" ", 1)
            message.answer.append(dns.rrset.from_text(self.message.question[0].name, ttl, "IN", kind, rdata))
        return message

    def framed(self, wire: bytes) -> bytes:
        """The bytes as they go over this transport: TCP wants their length first."""
        return struct.pack("!H", len(wire)) + wire if self.is_tcp else wire


class ScriptedDns:
    """Listens on UDP, and unless ``has_tcp`` is False on TCP, ``at`` an address; ``asked`` is every query.

    By default that is some port of 127.0.0.1.
    """

    def __init__(self, script: Script, *, has_tcp: bool = True, at: tuple[str, int] = ANYWHERE) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self._udp, self._tcp = _bound(at)
        self._has_tcp = has_tcp
        if has_tcp:
            self._tcp.listen(64)
        self._connections: list[socket.socket] = []
        self._is_ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> Address:
        return Address(*self._udp.getsockname())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_ending = True
        self._thread.join()
        for each in (self._udp, self._tcp, *self._connections):
            each.close()

    def send_from_elsewhere(self, wire: bytes, asked: Asked) -> None:
        """Send a datagram to who asked, from another port than asked."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            stranger.sendto(wire, asked.sender)

    def asked_names(self) -> list[str]:
        return [f"{'tcp' if asked.is_tcp else 'udp'} {asked.name} {asked.type}" for asked in list(self.asked)]

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._udp, selectors.EVENT_READ, self._datagram)
            if self._has_tcp:
                selector.register(self._tcp, selectors.EVENT_READ, self._connection)
            while not self._is_ending:
                for key, _ in selector.select(0.02):
                    key.data()

    def _datagram(self) -> None:
        wire, sender = self._udp.recvfrom(BUFFER_BYTES)
        asked = Asked(wire, is_tcp=False, sender=sender, server=self)
        self.asked.append(asked)
        # A script that asks somebody else in vain has no answer; who asked asks again.
        with contextlib.suppress(OSError):
            for datagram in self.script(asked):
                self._udp.sendto(datagram, sender)

    def _connection(self) -> None:
        connection, sender = self._tcp.accept()
        self._connections.append(connection)
        connection.settimeout(1.0)
        with contextlib.suppress(OSError):
            (length,) = struct.unpack("!H", connection.recv(2))
            asked = Asked(connection.recv(length), is_tcp=True, sender=sender, server=self)
            self.asked.append(asked)
            threading.Thread(target=self._speak, args=(connection, self.script(asked)), daemon=True).start()

    def _speak(self, connection: socket.socket, pieces: Iterable[bytes]) -> None:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)


def _bound(at: tuple[str, int]) -> tuple[socket.socket, socket.socket]:
    """Return a socket for UDP, one for TCP, both bound to one port, for 0 to one that nobody else has for either."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp.bind(at)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp
