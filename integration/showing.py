"""Clients that show certificates: what does one get who asks for a host?"""

from __future__ import annotations

import contextlib
import json
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from integration.handshakes import client_context, connected
from tests.pairs import Pair


@dataclass(frozen=True, slots=True)
class Shown:
    """What came back: status 0 without a handshake; ``seen`` are the headers at the pod, by lower-case name.

    ``session`` can be resumed, ``is_resumed`` whether one was; ``text`` is the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    session: ssl.SSLSession | None = None
    is_resumed: bool = False


def showing(pair: Pair | None, *, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client that shows this certificate where it is asked for one, and takes any itself."""
    context = client_context()
    context.maximum_version = newest
    if pair is not None:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pair.pem)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def asked(
    where: Path | int,
    host: str,
    client: ssl.SSLContext | Pair | None = None,
    *,
    name: str | None = None,
    session: ssl.SSLSession | None = None,
    headers: Mapping[str, str] = {},
) -> Shown:
    """Ask once for / of a host, over a connection of its own; its handshake says ``name``, "" for none, else the host."""
    context = client if isinstance(client, ssl.SSLContext) else showing(client)
    opened_by = host if name is None else name
    said = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    try:
        with (
            connected(where) as connection,
            context.wrap_socket(connection, server_hostname=opened_by or None, session=session) as secure,
        ):
            secure.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n{said}Connection: close\r\n\r\n".encode())
            received = b"".join(_received(secure))
            # The session of TLS 1.3 comes behind the handshake.
            return _shown(received, secure)
    except (OSError, ssl.SSLError):
        return Shown(0)


def _received(secure: ssl.SSLSocket) -> Iterator[bytes]:
    with contextlib.suppress(ssl.SSLEOFError):
        yield from iter(lambda: secure.recv(65536), b"")


def _shown(received: bytes, secure: ssl.SSLSocket) -> Shown:
    head, _, body = received.decode("latin-1").partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    answered = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    seen = json.loads(body) if body[:1] == "{" else {}
    return Shown(
        int(status.split(" ")[1]) if status else 0, answered, seen, body, secure.session, bool(secure.session_reused)
    )
