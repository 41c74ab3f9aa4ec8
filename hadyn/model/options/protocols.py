"""Options: what HAProxy speaks with pods.

Rule: verification fails closed: authorities that cannot be read believe nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from hadyn.model.directives import NOBODY, AuthoritiesOf, Directive, PairIfAny, PairOf
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, one_of
from hadyn.model.options.passthrough import SSL_PASSTHROUGH
from hadyn.model.options.secret_names import UNREADABLE, secret_name
from hadyn.model.options.server_names import name_words

_OBJECTS = frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND})
_ACCEPTED = "the name of a Secret in the same namespace, with or without namespace/ in front"


class Protocol(StrEnum):
    """HTTP/1.1 or HTTP/2, in the clear or over TLS; gRPC is HTTP/2. Or none of it (TCP)."""

    H1 = "h1"
    H2 = "h2"
    H1_SSL = "h1-ssl"
    H2_SSL = "h2-ssl"
    GRPC = "grpc"
    GRPCS = "grpcs"
    TCP = "tcp"

    @property
    def is_http2(self) -> bool:
        return self in {Protocol.H2, Protocol.H2_SSL, Protocol.GRPC, Protocol.GRPCS}

    @property
    def is_tls(self) -> bool:
        return self in {Protocol.H1_SSL, Protocol.H2_SSL, Protocol.GRPCS}


_NGINX_PROTOCOLS = {
    "HTTP": Protocol.H1,
    "HTTPS": Protocol.H1_SSL,
    "GRPC": Protocol.GRPC,
    "GRPCS": Protocol.GRPCS,
}


def _nginx_protocol(text: str) -> Protocol:
    if text not in _NGINX_PROTOCOLS:
        raise ValueError(text)
    return _NGINX_PROTOCOLS[text]


def _on_or_off(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError(text)
    return text == "on"


def _kic_protocol(text: str) -> Protocol:
    return one_of([Protocol.H1, Protocol.H2])(text)


def is_over_tls(chosen: Chosen) -> bool:
    """Whether HAProxy speaks TLS with the pods: not where clients do so themselves.

    Whoever names a certificate means TLS.
    """
    if chosen.value(SSL_PASSTHROUGH):
        return False
    protocol = chosen.value(BACKEND_PROTOCOL)
    names_one = chosen.value(SERVER_CA) is not None or chosen.value(SERVER_CRT) is not None
    is_said = names_one or chosen.value(SERVER_TLS) is True or chosen.value(SERVER_VERIFY) is True
    return is_said or (protocol is not None and protocol.is_tls)


def _believed(chosen: Chosen) -> AuthoritiesOf | None:
    """Return the authorities that pods' certificates are judged by; None where they are not judged."""
    said = chosen.value(SERVER_CA)
    if said is None and chosen.value(SERVER_VERIFY) is True:
        said = chosen.value(SERVER_TLS_SECRET) or UNREADABLE
    return None if said is None else AuthoritiesOf(said)


def _certificate_words(chosen: Chosen) -> tuple[Directive, ...]:
    """Say what is believed of pods and shown to them.

    Where anything is believed something is shown, too, for only with both HAProxy takes other authorities by
    command; nobody's is of a kind that no pod asks for. haproxy-facts.md#authorities-of-servers
    """
    believed = _believed(chosen)
    own, both = chosen.value(SERVER_CRT), chosen.value(SERVER_TLS_SECRET)
    shown = PairOf(own) if own is not None else PairIfAny(both) if both is not None else None
    if believed is None:
        verified: tuple[Directive, ...] = (Directive("verify", "none"),)
    else:
        verified = (Directive("verify", "required"), Directive("ca-file", believed))
        shown = shown if shown is not None else PairOf(NOBODY)
    crt = () if shown is None else (Directive("crt", shown),)
    return (*verified, *crt, *name_words(chosen, is_verified=believed is not None))


def _words(chosen: Chosen) -> tuple[Directive, ...]:
    """Say nothing where clients speak with the pods themselves."""
    if chosen.value(SSL_PASSTHROUGH):
        return ()
    protocol = chosen.value(BACKEND_PROTOCOL) or Protocol.H1
    if not is_over_tls(chosen):
        return (Directive("proto", "h2"),) if protocol.is_http2 else ()
    alpn = "h2" if protocol.is_http2 else "http/1.1"
    return (Directive("ssl"), Directive("alpn", alpn), *_certificate_words(chosen))


def _said_by(number: int) -> Callable[[object, Chosen], tuple[Directive, ...]]:
    """Let the first option of several that is said have the words of all."""

    def spell(_value: object, chosen: Chosen) -> tuple[Directive, ...]:
        speakers: tuple[Option[Any], ...] = (BACKEND_PROTOCOL, SERVER_TLS, SERVER_CA, SERVER_CRT, SERVER_VERIFY)
        is_first = all(chosen.value(option) is None for option in speakers[:number])
        return _words(chosen) if is_first else ()

    return spell


BACKEND_PROTOCOL: Option[Protocol] = Option(
    name="backend-protocol",
    scope=EVERYWHERE,
    parse=one_of(Protocol),
    accepted="h1, h2, h1-ssl, h2-ssl, grpc, grpcs, or tcp with tcp-service-port",
    default=None,
    default_text="h1",
    sentence="What pods speak: HTTP/1.1 or HTTP/2, in the clear or over TLS (-ssl); gRPC is HTTP/2.",
    example="h2",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/backend-protocol",
            _nginx_protocol,
            "HTTP, HTTPS, GRPC or GRPCS (HAProxy does not guess, and hadyn speaks no FastCGI)",
            "HTTPS",
        ),
        *of_haproxy_ingress("backend-protocol"),
        Alias("haproxy.org/server-proto", _kic_protocol, "h1 or h2", "h2"),
    ),
    server_directives=_said_by(0),
)

SERVER_TLS: Option[bool] = Option(
    name="server-tls",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=None,
    default_text='what backend-protocol says, else "false"',
    sentence=(
        "Pods speak TLS; a -ssl in backend-protocol says the same. Their certificates are not verified without server-ca: it hides "
        "what is said from who listens, not from who stands in between."
    ),
    example="true",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("secure-backends"),
        "haproxy.org/server-ssl",
    ),
    server_directives=_said_by(1),
)

SERVER_CA: Option[str] = Option(
    name="server-ca",
    scope=_OBJECTS,
    parse=secret_name,
    accepted=_ACCEPTED,
    default=None,
    default_text="certificates of pods are not verified",
    sentence=(
        "Pods speak TLS, and their certificates have to be of an authority in this Secret's ca.crt; which pod's it is says "
        "server-verify-host. Others get no request."
    ),
    example="shop-authority",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("secure-verify-ca-secret"),
        "haproxy.org/server-ca",
    ),
    server_directives=_said_by(2),
    when_wrong=UNREADABLE,
)

SERVER_CRT: Option[str] = Option(
    name="server-crt",
    scope=_OBJECTS,
    parse=secret_name,
    accepted=_ACCEPTED,
    default=None,
    default_text="pods that ask for a certificate get none",
    sentence="Pods speak TLS, and HAProxy shows them the certificate of this Secret (tls.crt, tls.key).",
    example="shop-client",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("secure-crt-secret"),
        "haproxy.org/server-crt",
    ),
    server_directives=_said_by(3),
    when_wrong=UNREADABLE,
)

SERVER_TLS_SECRET: Option[str] = Option(
    name="server-tls-secret",
    scope=_OBJECTS,
    parse=secret_name,
    accepted=_ACCEPTED,
    default=None,
    default_text="no Secret",
    sentence=(
        "With pods that speak TLS: one Secret for both, the certificate that HAProxy shows (tls.crt, tls.key; it may lack both), and "
        "the authorities that server-verify asks for (ca.crt)."
    ),
    example="shop-tls",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/proxy-ssl-secret",),
    when_wrong=UNREADABLE,
)

SERVER_VERIFY: Option[bool] = Option(
    name="server-verify",
    scope=_OBJECTS,
    parse=boolean,
    accepted='"true" or "false"',
    default=None,
    default_text='"false", or what server-ca says',
    sentence="Pods speak TLS, and their certificates have to be of an authority in server-tls-secret.",
    example="true",
    effect=Effect.RELOAD,
    aliases=(Alias("nginx.ingress.kubernetes.io/proxy-ssl-verify", _on_or_off, "on or off", "on"),),
    server_directives=_said_by(4),
    when_wrong=True,
)
