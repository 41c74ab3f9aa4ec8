"""Options: what HAProxy speaks with pods."""

from __future__ import annotations

from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option
from hadyn.model.options.parsers import boolean, one_of
from hadyn.model.options.passthrough import SSL_PASSTHROUGH


class Protocol(StrEnum):
    """HTTP/1.1 or HTTP/2, in the clear or over TLS; gRPC is HTTP/2."""

    H1 = "h1"
    H2 = "h2"
    H1_SSL = "h1-ssl"
    H2_SSL = "h2-ssl"
    GRPC = "grpc"
    GRPCS = "grpcs"

    @property
    def is_http2(self) -> bool:
        return self not in {Protocol.H1, Protocol.H1_SSL}

    @property
    def is_tls(self) -> bool:
        return self in {Protocol.H1_SSL, Protocol.H2_SSL, Protocol.GRPCS}


class ProxyHeader(StrEnum):
    """The header of the PROXY protocol that a pod gets first on each connection; the value is HAProxy's keyword."""

    V1 = "send-proxy"
    V2 = "send-proxy-v2"
    V2_SSL = "send-proxy-v2-ssl"
    V2_SSL_CN = "send-proxy-v2-ssl-cn"


_PROXY_HEADERS = {
    "v1": ProxyHeader.V1,
    "v2": ProxyHeader.V2,
    "v2-ssl": ProxyHeader.V2_SSL,
    "v2-ssl-cn": ProxyHeader.V2_SSL_CN,
}
_KIC_PROXY_HEADERS = {"proxy": ProxyHeader.V1} | {f"proxy-{name}": header for name, header in _PROXY_HEADERS.items()}
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


def _kic_protocol(text: str) -> Protocol:
    return one_of([Protocol.H1, Protocol.H2])(text)


def _proxy_header(text: str) -> ProxyHeader:
    if text not in _PROXY_HEADERS:
        raise ValueError(text)
    return _PROXY_HEADERS[text]


def _kic_proxy_header(text: str) -> ProxyHeader:
    if text not in _KIC_PROXY_HEADERS:
        raise ValueError(text)
    return _KIC_PROXY_HEADERS[text]


def is_over_tls(chosen: Chosen) -> bool:
    """Whether HAProxy speaks TLS with the pods: not where clients do so themselves."""
    if chosen.value(SSL_PASSTHROUGH):
        return False
    protocol = chosen.value(BACKEND_PROTOCOL)
    return chosen.value(SERVER_TLS) is True or (protocol is not None and protocol.is_tls)


def _protocol_words(protocol: Protocol, chosen: Chosen) -> tuple[Directive, ...]:
    """Say nothing where clients speak with the pods themselves."""
    if chosen.value(SSL_PASSTHROUGH):
        return ()
    if not is_over_tls(chosen):
        return (Directive("proto", "h2"),) if protocol.is_http2 else ()
    return (Directive("ssl"), Directive("alpn", "h2" if protocol.is_http2 else "http/1.1"), Directive("verify", "none"))


def _tls_words(is_wanted: bool, chosen: Chosen) -> tuple[Directive, ...]:
    is_said = chosen.value(BACKEND_PROTOCOL) is not None
    return _protocol_words(Protocol.H1_SSL, chosen) if is_wanted and not is_said else ()


def _proxy_words(header: ProxyHeader, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive(str(header)),)


BACKEND_PROTOCOL: Option[Protocol] = Option(
    name="backend-protocol",
    scope=EVERYWHERE,
    parse=one_of(Protocol),
    accepted="h1, h2, h1-ssl, h2-ssl, grpc or grpcs",
    default=None,
    default_text="h1",
    sentence="What pods speak: HTTP/1.1 or HTTP/2, in the clear or over TLS (-ssl, unverified); gRPC is HTTP/2.",
    example="h2",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/backend-protocol",
            _nginx_protocol,
            "HTTP, HTTPS, GRPC or GRPCS (HAProxy does not guess, and hadyn speaks no FastCGI)",
            "HTTPS",
        ),
        "haproxy-ingress.github.io/backend-protocol",
        "ingress.kubernetes.io/backend-protocol",
        Alias("haproxy.org/server-proto", _kic_protocol, "h1 or h2", "h2"),
    ),
    server_directives=_protocol_words,
)

SERVER_TLS: Option[bool] = Option(
    name="server-tls",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=None,
    default_text='what backend-protocol says, else "false"',
    sentence=(
        "Pods speak TLS; a -ssl in backend-protocol says the same. HAProxy does not verify their certificates: it hides what is "
        "said from who listens, not from who stands in between."
    ),
    example="true",
    effect=Effect.RELOAD,
    aliases=(
        "haproxy-ingress.github.io/secure-backends",
        "ingress.kubernetes.io/secure-backends",
        "haproxy.org/server-ssl",
    ),
    server_directives=_tls_words,
)

SEND_PROXY_PROTOCOL: Option[ProxyHeader] = Option(
    name="send-proxy-protocol",
    scope=EVERYWHERE,
    parse=_proxy_header,
    accepted="v1, v2, v2-ssl or v2-ssl-cn",
    default=None,
    default_text="not sent",
    sentence="Each connection to a pod begins with the client's address, as the PROXY protocol has it.",
    example="v2",
    effect=Effect.RELOAD,
    aliases=(
        "haproxy-ingress.github.io/proxy-protocol",
        "ingress.kubernetes.io/proxy-protocol",
        Alias(
            "haproxy.org/send-proxy-protocol",
            _kic_proxy_header,
            "proxy, proxy-v1, proxy-v2, proxy-v2-ssl or proxy-v2-ssl-cn",
            "proxy-v2",
        ),
    ),
    server_directives=_proxy_words,
)
