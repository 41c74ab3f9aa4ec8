"""Options: what a pod hears of the client before anything else."""

from __future__ import annotations

from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress


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


def _proxy_header(text: str) -> ProxyHeader:
    if text not in _PROXY_HEADERS:
        raise ValueError(text)
    return _PROXY_HEADERS[text]


def _kic_proxy_header(text: str) -> ProxyHeader:
    if text not in _KIC_PROXY_HEADERS:
        raise ValueError(text)
    return _KIC_PROXY_HEADERS[text]


def _proxy_words(header: ProxyHeader, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive(str(header)),)


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
        *of_haproxy_ingress("proxy-protocol"),
        Alias(
            "haproxy.org/send-proxy-protocol",
            _kic_proxy_header,
            "proxy, proxy-v1, proxy-v2, proxy-v2-ssl or proxy-v2-ssl-cn",
            "proxy-v2",
        ),
    ),
    server_directives=_proxy_words,
)
