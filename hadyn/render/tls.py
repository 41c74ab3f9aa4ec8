"""Where HAProxy speaks TLS, and how: the lines that are the same for every host.

Rules: TLS 1.2 and later with the ciphers that Mozilla calls intermediate, less the slow ones
without curves; no tickets, since their key would be as old as HAProxy. Which certificate
is for which host stands in a list, so that they come and go without a reload.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hadyn.model.addresses import Address

CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for key in ("ECDSA", "RSA")
)
SUITES = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"


NO_SESSIONS = "tune.ssl.cachesize 0"
"""Every client shakes hands in full. haproxy-facts.md#resumed-sessions"""
INSIDE = 1000
"""The number of the socket inside HAProxy, by which rules know what came through it."""


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Where HAProxy speaks TLS; ``listing`` is the absolute path of the list of certificates.

    ``passes_on`` is the name of the socket inside HAProxy that connections come through where
    some hosts leave TLS to their pods, else "".
    """

    bind: tuple[Address, ...]
    listing: str
    passes_on: str = ""


def tls_global_lines(*, asks_for_certificates: bool = False) -> list[str]:
    """Return what the global section says of TLS."""
    lines = ["# a session of one host would be resumed for another whose authorities never saw the client", NO_SESSIONS]
    return [
        *(lines if asks_for_certificates else ()),
        f"ssl-default-bind-ciphers {CIPHERS}",
        f"ssl-default-bind-ciphersuites {SUITES}",
        "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets prefer-client-ciphers",
        "# a certificate is one file: nothing else is looked for beside it",
        "ssl-load-extra-files none",
    ]


def tls_listeners(
    settings: TlsSettings, listener: Callable[[Address], str], alpn: str | None, *, asks_for_certificates: bool = False
) -> str:
    """Return the lines that have a frontend speak TLS, too; ``listener`` spells an address, ``alpn`` names protocols.

    Where it ``asks_for_certificates`` of clients, any may shake hands, and requests are refused by
    what came of it.
    """
    more = " ca-ignore-err all crt-ignore-err all" if asks_for_certificates else ""
    inside = f"abns@{settings.passes_on} id {INSIDE} accept-proxy"
    places = [inside] if settings.passes_on else map(listener, settings.bind)
    return "".join(f"    bind {place} ssl crt-list {settings.listing} alpn {alpn}{more}\n" for place in places)
