"""Options: how HAProxy listens to clients."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from itertools import islice

from hadyn.model.directives import Directive
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import one_of

NETWORKS_A_LINE = 40
MOST_NETWORKS = 1000
_CIPHERS = re.compile(r"[A-Za-z0-9_+!@:=-]{1,1000}")
_ALPN = re.compile(r"(?:h2|http/1\.1)(?:,(?:h2|http/1\.1))?")


class TlsVersion(StrEnum):
    """Versions of TLS that browsers still speak."""

    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


def networks(text: str) -> tuple[str, ...]:
    """Networks in their canonical spelling, commas between them; one address is a network, too."""
    words = [word.strip() for word in text.split(",")]
    if len(words) > MOST_NETWORKS:
        raise ValueError(text)
    return tuple(str(ipaddress.ip_network(word)) for word in words if _is_ascii(word))


def ciphers(text: str) -> str:
    """A list of ciphers as OpenSSL spells it; HAProxy itself judges what it means."""
    if not _CIPHERS.fullmatch(text):
        raise ValueError(text)
    return text


def protocols(text: str) -> str:
    """The protocols offered, the best first."""
    if not _ALPN.fullmatch(text):
        raise ValueError(text)
    return text


def _is_ascii(word: str) -> bool:
    if not word.isascii():
        raise ValueError(word)
    return True


def _expect_proxy(trusted: tuple[str, ...], _chosen: Chosen) -> tuple[Directive, ...]:
    rest = iter(trusted)
    lines = iter(lambda: tuple(islice(rest, NETWORKS_A_LINE)), ())
    return tuple(
        Directive("tcp-request", "connection", "expect-proxy", "layer4", conditions=("{", "src", *some, "}"))
        for some in lines
    )


def _least_version(version: TlsVersion, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("ssl-default-bind-options", "ssl-min-ver", version),)


def _cipher_line(text: str, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("ssl-default-bind-ciphers", text),)


def _suites_line(text: str, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("ssl-default-bind-ciphersuites", text),)


PROXY_PROTOCOL_NETWORKS: Option[tuple[str, ...]] = Option(
    name="proxy-protocol-networks",
    scope=OPERATOR,
    parse=networks,
    accepted="networks with commas between them",
    default=None,
    default_text="nobody",
    sentence="Load balancers in front that say by the PROXY protocol who the client is, and must.",
    example="10.0.0.0/8,fd00::/8",
    effect=Effect.RELOAD,
    directives=_expect_proxy,
    main=Section.FRONTEND,
)
SSL_MIN_VERSION: Option[TlsVersion] = Option(
    name="ssl-min-version",
    scope=OPERATOR,
    parse=one_of(TlsVersion),
    accepted="TLSv1.2 or TLSv1.3",
    default=None,
    default_text="TLSv1.2",
    sentence="The oldest version of TLS that clients may speak.",
    example="TLSv1.3",
    effect=Effect.RELOAD,
    directives=_least_version,
    main=Section.GLOBAL,
)
SSL_CIPHERS: Option[str] = Option(
    name="ssl-ciphers",
    scope=OPERATOR,
    parse=ciphers,
    accepted="a list of ciphers as OpenSSL spells it",
    default=None,
    default_text="Mozilla's intermediate ones",
    sentence="The ciphers of TLS 1.2.",
    example="ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    effect=Effect.RELOAD,
    directives=_cipher_line,
    main=Section.GLOBAL,
)
SSL_CIPHER_SUITES: Option[str] = Option(
    name="ssl-cipher-suites",
    scope=OPERATOR,
    parse=ciphers,
    accepted="a list of cipher suites as OpenSSL spells it",
    default=None,
    default_text="Mozilla's intermediate ones",
    sentence="The cipher suites of TLS 1.3.",
    example="TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    effect=Effect.RELOAD,
    directives=_suites_line,
    main=Section.GLOBAL,
)
TLS_ALPN: Option[str] = Option(
    name="tls-alpn",
    scope=OPERATOR,
    parse=protocols,
    accepted='"h2,http/1.1", "http/1.1" or "h2"',
    default="h2,http/1.1",
    default_text="h2,http/1.1",
    sentence="The protocols that HAProxy offers over TLS; without h2 nobody speaks HTTP/2.",
    example="http/1.1",
    effect=Effect.RELOAD,
    main=Section.FRONTEND,
)
