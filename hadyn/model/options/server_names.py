"""Options: by which name HAProxy asks pods for their certificate."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option
from hadyn.model.options.protocols import is_over_tls

_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OF_REQUESTS = {"host": "req.hdr(host),field(1,:)", "sni": "ssl_fc_sni"}


def _host_name(text: str) -> str:
    """A host name of lower-case letters, no address."""
    if len(text) > 253 or not _NAME.fullmatch(text) or text.replace(".", "").isdigit():
        raise ValueError(text)
    return text


def _words(name: str, chosen: Chosen) -> tuple[Directive, ...]:
    if not is_over_tls(chosen):
        return ()
    return (Directive("sni", _OF_REQUESTS.get(name) or f"str({name})"),)


SECURE_SNI: Option[str] = Option(
    name="secure-sni",
    scope=EVERYWHERE,
    parse=_host_name,
    accepted="host (the Host header's), sni (what the client asked for), or a host name of lower-case letters",
    default=None,
    default_text="no name; from HAProxy 3.3 on host",
    sentence="With pods that speak TLS: the name by which HAProxy asks for their certificate (SNI), which it does not verify.",
    example="shop.internal",
    effect=Effect.RELOAD,
    aliases=(
        Alias("nginx.ingress.kubernetes.io/proxy-ssl-name", _host_name, "a host name", "shop.internal"),
        "haproxy-ingress.github.io/secure-sni",
        "ingress.kubernetes.io/secure-sni",
    ),
    server_directives=_words,
)
