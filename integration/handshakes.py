"""Clients that only shake hands: which certificate does one get who asks for a host? Somebody who holds them all."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from hadyn.runtime.connection import unix_conversation

ANSWER_SECONDS = 10.0
WITH_RSA = "ECDHE-RSA-AES128-GCM-SHA256"


def served(where: Path | int, host: str | None, *, ciphers: str = "") -> str:
    """Return the common name of the certificate that a client gets; "" where there is no handshake.

    ``where`` is the path of a unix socket or a port of this machine; with ``ciphers`` the client speaks TLS 1.2 only.
    """
    certificate = handshake(where, host, ciphers=ciphers)
    if certificate is None:
        return ""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def handshake(where: Path | int, host: str | None, *, ciphers: str = "") -> x509.Certificate | None:
    """Shake hands once; return the certificate of the other side, None where it does not come to that."""
    context = client_context(ciphers)
    try:
        with connected(where) as connection, context.wrap_socket(connection, server_hostname=host) as encrypted:
            return x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")
    except (OSError, ssl.SSLError):
        return None


def client_context(ciphers: str = "", protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
    """A client that takes any certificate, and speaks these versions of HTTP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    return context


def connected(where: Path | int) -> socket.socket:
    if isinstance(where, int):
        return socket.create_connection(("127.0.0.1", where), ANSWER_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    connection.connect(str(where))
    return connection


class Shaking:
    """A client that shakes hands again and again while it is entered; ``seen`` are the fingerprints it got, in order."""

    def __init__(self, where: int, host: str) -> None:
        self.count = 0
        self.failures = 0
        self.seen: dict[str, None] = {}
        self._where = where
        self._host = host
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._shake)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _shake(self) -> None:
        while not self._is_over.is_set():
            found = handshake(self._where, self._host)
            self.count += 1
            self.failures += found is None
            if found is not None:
                self.seen[fingerprint(found)] = None


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA1()).hex().upper()


@contextlib.contextmanager
def certificates_held(runtime_socket: Path) -> Iterator[None]:
    """Have somebody ask for a list of files, and not read it: longer than what HAProxy and the kernel keep for him."""
    converse = unix_conversation(runtime_socket)
    for start in range(0, 2000, 20):
        files = (f"/nowhere/{'x' * 200}{number}" for number in range(start, start + 20))
        converse(";".join(f"new ssl ca-file {file}" for file in files).encode() + b"\n")
    with socket.socket(socket.AF_UNIX) as lazy:
        lazy.connect(str(runtime_socket))
        lazy.sendall(b"show ssl ca-file\n")
        lazy.recv(1)
        yield
        while lazy.recv(65536):
            pass
