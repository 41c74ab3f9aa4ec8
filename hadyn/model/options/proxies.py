"""Options: proxies in front of HAProxy, whose word on the client counts.

Rule: nobody is believed but those networks, and of a list of addresses the last alone,
which is what the trusted proxy itself saw.
"""

from __future__ import annotations

from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.networks import Networks
from hadyn.model.options.headers import header_name
from hadyn.model.options.limits import spared_networks
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section
from hadyn.model.options.parsers import one_of
from hadyn.model.options.sources import only_from

CAME_ENCRYPTED = "var(txn.is_https) -m found"
"""Holds where the client came over TLS to HAProxy, or to a proxy that is believed; unknown unless some proxy is."""
_SAID = (
    ("X-Forwarded-For", "%[src]", ("-m", "found")),
    ("X-Forwarded-Proto", "%[ssl_fc,iif(https,http)]", ("-m", "str", "-i", "http", "https")),
    ("X-Forwarded-Host", "%[req.fhdr(host)]", ("-m", "len", "gt", "0")),
    ("X-Forwarded-Port", "%[dst_port]", ("-m", "int", "1:65535")),
)
"""What proxies say: header, what stands there where they do not, what makes it sound."""
_PROXIED = ("{", "var(txn.proxy)", "-m", "found", "}")


class Forwarding(StrEnum):
    """What becomes of the X-Forwarded- headers of requests."""

    REPLACE = "replace"
    APPEND = "append"


def _proxies(trusted: Networks, _chosen: Chosen) -> tuple[Directive, ...]:
    # Asked before anything changes the source, and kept for all that asks later.
    return tuple(only_from(trusted, Directive("http-request", "set-var(txn.proxy)", "src")))


def _source(header: str, chosen: Chosen) -> tuple[Directive, ...]:
    taken = Directive("http-request", "set-src", f"req.hdr_ip({header},-1)")
    is_said = ("{", f"req.hdr_ip({header},-1)", "-m", "found", "}")
    return (taken.only_if(*_PROXIED, *is_said),) if chosen.value(REAL_IP_NETWORKS) else ()


def _forwarded(wish: Forwarding, chosen: Chosen) -> tuple[Directive, ...]:
    if not keeps_forwarded(wish, chosen):
        return ()
    # One line with the whole list: many an application reads no second one.
    listed = "%[req.fhdr(X-Forwarded-For)], %[var(txn.proxy)]"
    is_listed = ("{", "req.fhdr(X-Forwarded-For)", "-m", "found", "}")
    comes_encrypted = ("{", "req.fhdr(X-Forwarded-Proto)", "-m", "str", "-i", "https", "}")
    return (
        *(Directive("http-request", "del-header", name).only_if("!{", *_PROXIED[1:]) for name, _, _ in _SAID),
        Directive("http-request", "set-header", "X-Forwarded-For", listed).only_if(*is_listed),
        *(
            Directive("http-request", "set-header", name, value).only_if("!{", f"req.fhdr({name})", *is_sound, "}")
            for name, value, is_sound in _SAID
        ),
        Directive("http-request", "set-var(txn.is_https)", "bool(true)").only_if(*comes_encrypted),
    )


def keeps_forwarded(wish: Forwarding | None, chosen: Chosen) -> bool:
    """Whether some proxy's word on its client's request is passed on."""
    trusted = chosen.value(REAL_IP_NETWORKS)
    return wish is Forwarding.APPEND and bool(trusted)


REAL_IP_NETWORKS: Option[Networks] = Option(
    name="real-ip-networks",
    scope=OPERATOR,
    parse=spared_networks,
    accepted="up to 1000 addresses or networks with commas, blanks or line ends between them",
    default=(),
    default_text="none, so that real-ip-header and forwarded-headers count for nothing",
    sentence="The networks of the proxies in front, whose real-ip-header and forwarded-headers are believed.",
    example="10.0.0.0/8",
    effect=Effect.RELOAD,
    directives=_proxies,
    main=Section.FRONTEND,
)

REAL_IP_HEADER: Option[str] = Option(
    name="real-ip-header",
    scope=OPERATOR,
    parse=header_name,
    accepted="the name of a header",
    default=None,
    default_text="the address that the connection comes from",
    sentence="The header in which the proxies of real-ip-networks say the client's address, for all that asks for it.",
    example="X-Forwarded-For",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/src-ip-header",),
    directives=_source,
    main=Section.FRONTEND,
)

FORWARDED_HEADERS: Option[Forwarding] = Option(
    name="forwarded-headers",
    scope=OPERATOR,
    parse=one_of(Forwarding),
    accepted="replace or append",
    default=Forwarding.REPLACE,
    default_text="replace",
    sentence="What becomes of X-Forwarded-For, -Proto, -Host and -Port: replace says them afresh; append keeps those of real-ip-networks, "
    "adds the proxy to the list, and takes requests that came to it over https for encrypted. Other clients are never believed.",
    example="append",
    effect=Effect.RELOAD,
    directives=_forwarded,
    main=Section.FORWARDED,
)
