"""Clients that only shake hands: which certificate does one get who asks for a host?"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

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


def client_context(ciphers: str = "") -> ssl.SSLContext:
    """A client that takes any certificate, and says that it speaks HTTP/2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
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
