"""Options: by which name HAProxy asks pods for their certificate."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.checks import HEALTH_CHECK_HOST, Check, chosen_check
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress

_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OF_REQUESTS = {"host": "req.hdr(host),field(1,:)", "sni": "ssl_fc_sni"}


def _host_name(text: str) -> str:
    """A host name of lower-case letters, no address."""
    if len(text) > 253 or not _NAME.fullmatch(text) or text.replace(".", "").isdigit():
        raise ValueError(text)
    return text


def _is_fixed(name: str | None) -> bool:
    return name is not None and name not in _OF_REQUESTS


def name_words(chosen: Chosen, *, is_verified: bool) -> tuple[Directive, ...]:
    """Say by which name HAProxy asks, and whose certificate it takes where it verifies any.

    HAProxy verifies the name by which it asks, whatever ``verifyhost`` says, and from 3.3 on asks by the Host
    header on its own: so both are the same, or an expression without value says that there is none.
    haproxy-facts.md#names-of-servers
    """
    said = chosen.value(SECURE_SNI)
    wanted = chosen.value(SERVER_VERIFY_HOST) if is_verified else None
    name = wanted or (said if _is_fixed(said) else None)
    if name:
        host = (Directive("verifyhost", name),) if is_verified else ()
        return (Directive("sni", f"str({name})"), *host, *_words_of_checks(name, chosen))
    if said is None and not is_verified:
        return ()
    sni = _OF_REQUESTS[said] if said else "var(txn.unnamed)"
    return (Directive("sni", sni), *_words_of_checks(_host_of_checks(chosen) if is_verified else "", chosen))


def _host_of_checks(chosen: Chosen) -> str:
    """The name by which HAProxy from 3.3 on asks in checks by itself; so all do."""
    host = (chosen.value(HEALTH_CHECK_HOST) or "").partition(":")[0].lower()
    return host if _NAME.fullmatch(host) and not host.replace(".", "").isdigit() else ""


def _words_of_checks(name: str, chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("check-sni", name),) if name and chosen_check(chosen) is not Check.OFF else ()


SECURE_SNI: Option[str] = Option(
    name="secure-sni",
    scope=EVERYWHERE,
    parse=_host_name,
    accepted="host (the Host header's), sni (what the client asked for), or a host name of lower-case letters",
    default=None,
    default_text="no name; from HAProxy 3.3 on host",
    sentence="With pods that speak TLS: the name by which HAProxy asks for their certificate (SNI); where that is verified, it has to be for this name.",
    example="shop.internal",
    effect=Effect.RELOAD,
    aliases=(
        Alias("nginx.ingress.kubernetes.io/proxy-ssl-name", _host_name, "a host name", "shop.internal"),
        *of_haproxy_ingress("secure-sni"),
    ),
)

SERVER_VERIFY_HOST: Option[str] = Option(
    name="server-verify-host",
    scope=EVERYWHERE,
    parse=_host_name,
    accepted="a host name of lower-case letters",
    default=None,
    default_text="what secure-sni names, else a certificate of any name will do",
    sentence=(
        "With server-ca or server-verify: pods' certificates have to be for this name. HAProxy asks for them by it, too, whatever "
        "secure-sni says."
    ),
    example="web.shop.svc",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("secure-verify-hostname"),
)
