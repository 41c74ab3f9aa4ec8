"""Options: which TLS HAProxy speaks with pods.

Rule: versions before 1.2 are never spoken, whatever others' annotations allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hadyn.model.directives import Directive
from hadyn.model.options.listening import TlsVersion, ciphers
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import words
from hadyn.model.options.protocols import is_over_tls

Versions = tuple[TlsVersion, TlsVersion]
"""The oldest and the latest one."""
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1")
_MOST_WORDS = 8
_LEAST = re.compile(r"ssl-min-ver (?:SSLv3|TLSv1\.[0-3])")
_LATEST = re.compile(r"ssl-max-ver TLSv1\.[23]")
_FORCED = {"force-tlsv12": TlsVersion.TLS_1_2, "force-tlsv13": TlsVersion.TLS_1_3}
_HARMLESS = {"no-sslv3", "no-tlsv10", "no-tlsv11"}


def _versions(text: str) -> Versions:
    """One version or both, with a blank or comma between them."""
    found = {TlsVersion(word) for word in words(text, _MOST_WORDS)}
    return min(found), max(found)


def _nginx_versions(text: str) -> Versions:
    """The same among older ones, which are left out."""
    found = {TlsVersion(word) for word in words(text, _MOST_WORDS) if word not in _OLD}
    if not found:
        raise ValueError(text)
    return min(found), max(found)


def _from_options(text: str) -> Versions:
    """Words of HAProxy's server lines that are about versions."""
    least, latest = TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
    rest = text
    for pattern in (_LEAST, _LATEST):
        rest = pattern.sub("", rest)
    for spelled in _LEAST.findall(text):
        least = max(least, TlsVersion(max(spelled.partition(" ")[2], least)))
    for spelled in _LATEST.findall(text):
        latest = min(latest, TlsVersion(spelled.partition(" ")[2]))
    for word in words(rest, _MOST_WORDS) if rest.strip(" ") else ():
        if word in _FORCED:
            least = latest = _FORCED[word]
        elif word not in _HARMLESS:
            raise ValueError(text)
    if least > latest:
        raise ValueError(text)
    return least, latest


def _over_tls(keyword: str) -> Callable[[str, Chosen], tuple[Directive, ...]]:
    def spell(text: str, chosen: Chosen) -> tuple[Directive, ...]:
        return (Directive(keyword, text),) if is_over_tls(chosen) else ()

    return spell


def _version_words(versions: Versions, chosen: Chosen) -> tuple[Directive, ...]:
    least, latest = versions
    return (*_over_tls("ssl-min-ver")(least, chosen), *_over_tls("ssl-max-ver")(latest, chosen))


SERVER_CIPHERS: Option[str] = Option(
    name="server-ciphers",
    scope=EVERYWHERE,
    parse=ciphers,
    accepted="a list of ciphers as OpenSSL spells it",
    default=None,
    default_text="OpenSSL's",
    sentence="With pods that speak TLS 1.2: the ciphers that HAProxy takes.",
    example="ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/proxy-ssl-ciphers", *of_haproxy_ingress("ssl-ciphers-backend")),
    server_directives=_over_tls("ciphers"),
)

SERVER_CIPHER_SUITES: Option[str] = Option(
    name="server-cipher-suites",
    scope=EVERYWHERE,
    parse=ciphers,
    accepted="a list of cipher suites as OpenSSL spells it",
    default=None,
    default_text="OpenSSL's",
    sentence="With pods that speak TLS 1.3: the cipher suites that HAProxy takes.",
    example="TLS_AES_256_GCM_SHA384",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("ssl-cipher-suites-backend"),
    server_directives=_over_tls("ciphersuites"),
)

SERVER_TLS_VERSIONS: Option[Versions] = Option(
    name="server-tls-versions",
    scope=EVERYWHERE,
    parse=_versions,
    accepted="TLSv1.2, TLSv1.3 or both with a blank between them",
    default=None,
    default_text="TLSv1.2 TLSv1.3",
    sentence="With pods that speak TLS: the versions of it.",
    example="TLSv1.3",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/proxy-ssl-protocols",
            _nginx_versions,
            "versions with blanks between them, TLSv1.2 or TLSv1.3 among them (older ones are not spoken)",
            "TLSv1.2 TLSv1.3",
        ),
        *(
            Alias(
                alias,
                _from_options,
                "words about versions: ssl-min-ver, ssl-max-ver, force-tlsv12, no-tlsv11 and their like",
                "ssl-min-ver TLSv1.3",
            )
            for alias in of_haproxy_ingress("ssl-options-backend")
        ),
    ),
    server_directives=_version_words,
)
