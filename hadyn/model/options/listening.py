"""Options: how HAProxy listens to clients."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from itertools import islice

from hadyn.model.directives import Directive
from hadyn.model.options.option import OPERATOR, Alias, Chosen, Effect, Option, Scope, Section, of_haproxy_ingress
from hadyn.model.options.parsers import matching, one_of

NETWORKS_A_LINE = 40
MOST_NETWORKS = 1000
_CIPHERS = re.compile(r"[A-Za-z0-9_+!@:=-]{1,1000}")
_ALPN = re.compile(r"(?:h2|http/1\.1)(?:,(?:h2|http/1\.1))?")


OF_HOSTS = frozenset({Scope.INGRESS, Scope.GLOBAL})
CIPHERS = frozenset(
    f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in (
        *("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"),
        *("AES128-SHA256", "AES256-SHA384", "AES128-SHA", "AES256-SHA"),
    )
)
"""What an Ingress may name. A list in which OpenSSL knows no cipher keeps HAProxy from starting, for everybody."""
SUITES = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})


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


ciphers = matching(_CIPHERS)
"""A list of ciphers as OpenSSL spells it; HAProxy itself judges what it means."""


def least_version(text: str) -> TlsVersion:
    """The same as haproxy-ingress spells it: words of a bind line, of which those about versions count."""
    words = text.split(" ")
    if words[:1] == ["ssl-min-ver"]:
        return one_of(TlsVersion)(" ".join(words[1:]))
    if not words or not set(words) <= {"no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tls-tickets"}:
        raise ValueError(text)
    return TlsVersion.TLS_1_3 if "no-tlsv12" in words else TlsVersion.TLS_1_2


def unknown_of_hosts(text: str, known: frozenset[str]) -> list[str]:
    """Return the names in a list with colons that an Ingress may not name."""
    return [name for name in text.split(":") if name not in known]


protocols = matching(_ALPN)
"""The protocols offered, the best first."""


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
    scope=OF_HOSTS,
    parse=one_of(TlsVersion),
    accepted="TLSv1.2 or TLSv1.3",
    default=None,
    default_text="TLSv1.2",
    sentence="The oldest version of TLS that clients may speak; an Ingress can ask for a newer one for its hosts.",
    example="TLSv1.3",
    effect=Effect.LIVE_FOR_HOSTS,
    aliases=tuple(
        Alias(
            alias,
            least_version,
            "ssl-min-ver with TLSv1.2 or TLSv1.3, or no-sslv3, no-tlsv10, no-tlsv11, no-tlsv12",
            "ssl-min-ver TLSv1.3",
        )
        for alias in of_haproxy_ingress("ssl-options-host")
    ),
    directives=_least_version,
    main=Section.GLOBAL,
)
SSL_CIPHERS: Option[str] = Option(
    name="ssl-ciphers",
    scope=OF_HOSTS,
    parse=ciphers,
    accepted="a list of ciphers as OpenSSL spells it",
    default=None,
    default_text="Mozilla's intermediate ones",
    sentence="The ciphers of TLS 1.2; on an Ingress for its hosts, without signs: names that begin with ECDHE, colons between them.",
    example="ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    effect=Effect.LIVE_FOR_HOSTS,
    aliases=(
        "nginx.ingress.kubernetes.io/ssl-ciphers",
        *of_haproxy_ingress("ssl-ciphers"),
    ),
    directives=_cipher_line,
    main=Section.GLOBAL,
)
SSL_CIPHER_SUITES: Option[str] = Option(
    name="ssl-cipher-suites",
    scope=OF_HOSTS,
    parse=ciphers,
    accepted="a list of cipher suites as OpenSSL spells it",
    default=None,
    default_text="Mozilla's intermediate ones",
    sentence="The cipher suites of TLS 1.3; on an Ingress for its hosts.",
    example="TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
    effect=Effect.LIVE_FOR_HOSTS,
    aliases=of_haproxy_ingress("ssl-cipher-suites"),
    directives=_suites_line,
    main=Section.GLOBAL,
)
TLS_ALPN: Option[str] = Option(
    name="tls-alpn",
    scope=OF_HOSTS,
    parse=protocols,
    accepted='"h2,http/1.1", "http/1.1" or "h2"',
    default="h2,http/1.1",
    default_text="h2,http/1.1",
    sentence="The protocols that HAProxy offers over TLS; without h2 nobody speaks HTTP/2. On an Ingress for its hosts.",
    example="http/1.1",
    effect=Effect.LIVE_FOR_HOSTS,
    aliases=of_haproxy_ingress("tls-alpn"),
    main=Section.FRONTEND,
)
