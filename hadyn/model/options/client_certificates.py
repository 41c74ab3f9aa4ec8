"""Options: who has to show a certificate.

Rules: it fails closed. HAProxy asks for a certificate where a client names the host in its
handshake, judges it, and lets any client in; the lines here decide, for each request. So
a request for another host than that of the handshake is refused (421), whatever was shown.
haproxy-facts.md#client-certificates
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from hadyn.model.directives import Directive, literal
from hadyn.model.objects import Ingress
from hadyn.model.options.option import Alias, Chosen, Effect, Option, RouteFacts, RouteField, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, integer, one_of, words
from hadyn.model.options.redirects import Destination, RedirectCode, destination
from hadyn.model.options.secret_names import UNREADABLE, secret_name, secret_of
from hadyn.model.problems import ObjectRef

HEADERS = "X-SSL-Client-"
"""Begins the headers that tell a pod of a client's certificate."""
LOOKALIKES = "^x[-_]ssl[-_]client[-_]"
"""Headers that a pod may take for those: many languages make the same variable of - and _."""
MOST_NAMES = 20
BELIEVED = "y"
FIELD = 7
_SCOPE = frozenset({Scope.INGRESS})
_SAID_FOR_ALL = frozenset({Scope.INGRESS, Scope.GLOBAL})
_PATTERN = re.compile(r"\*?[A-Za-z0-9_.@:/+-]{1,64}\*?")
_OF_NGINX = re.compile(r"CN=(?:\(([^()]{1,1000})\)|([^()|]{1,1000}))")
_REFUSAL = ("http-request", "deny", "deny_status", "403")
_SHOWN, _GOOD = ("{", "ssl_c_used", "}"), ("{", "ssl_c_verify", "0", "}")


class Verification(StrEnum):
    """Whether clients have to show a certificate."""

    ON = "on"
    OPTIONAL = "optional"
    OFF = "off"


def common_names(text: str) -> tuple[str, ...]:
    """Names of which one has to be the certificate's; ``*`` at one end stands for anything."""
    found = tuple(dict.fromkeys(words(text, MOST_NAMES)))
    if not all(_PATTERN.fullmatch(each) and each.strip("*") and each.count("*") <= 1 for each in found):
        raise ValueError(text)
    return found


def expressed_names(text: str) -> tuple[str, ...]:
    """The same as ingress-nginx spells it: ``CN=(alice|bob)``, ``.*`` at one end for anything."""
    matched = _OF_NGINX.fullmatch(text)
    if not matched:
        raise ValueError(text)
    alternatives = (matched[1] or matched[2]).split("|")
    if any(re.search(r"[\s,]|(?<!\.)\*", each) for each in alternatives):
        raise ValueError(text)
    return common_names(" ".join(each.replace(".*", "*").replace("\\.", ".") for each in alternatives))


def demanded(ingress: Ingress) -> ObjectRef | None:
    """Return the Secret by which an Ingress has clients judged, of its own namespace; None where it asks for nothing."""
    said = dict(ingress.options)
    name = said.get(AUTH_TLS_SECRET.name)
    if not name or said.get(AUTH_TLS_VERIFY_CLIENT.name) is Verification.OFF:
        return None
    return secret_of(str(name), ingress.namespace)


def asks_for_certificates(ingress: Ingress) -> bool:
    """Whether an Ingress has something to say about certificates of clients, be it that nobody comes in."""
    said = dict(ingress.options)
    return AUTH_TLS_SECRET.name in said and said.get(AUTH_TLS_VERIFY_CLIENT.name) is not Verification.OFF


def _asked(secret: str, chosen: Chosen) -> tuple[Directive, ...]:
    verification = chosen.value(AUTH_TLS_VERIFY_CLIENT) or Verification.ON
    if verification is Verification.OFF:
        return ()
    if secret == UNREADABLE:
        return (Directive(*_REFUSAL),)
    return (*_refusals(verification, chosen.value(AUTH_TLS_ERROR_PAGE)), *_headers(chosen))


def _refusals(verification: Verification, page: Destination | None) -> Iterator[Directive]:
    misdirected = Directive("http-request", "deny", "deny_status", "421")
    yield misdirected.only_if("{", "ssl_fc", "}", "!{", "ssl_fc_sni,lower,strcmp(txn.host)", "0", "}")
    yield Directive(*_REFUSAL).only_if("!{", f"var(txn.route),field({FIELD},|)", "-m", "str", BELIEVED, "}")
    away = ("http-request", "redirect", "code", str(RedirectCode.FOUND.value), "location")
    refusal = Directive(*away, literal(page.target)) if page else Directive(*_REFUSAL)
    if verification is Verification.ON:
        yield refusal.only_if("!{", "ssl_c_used", "}")
        yield refusal.only_if("!{", *_GOOD[1:])
    else:
        yield refusal.only_if(*_SHOWN, "!{", *_GOOD[1:])


def _headers(chosen: Chosen) -> Iterator[Directive]:
    """Yield what tells the pod who came; HAProxy spells the ends of lines in a name as %0D and %0A."""
    spelled = "hex,lower" if chosen.value(SSL_FINGERPRINT_LOWER) else "hex"
    values = {"CN": "ssl_c_s_dn(cn)", "DN": "ssl_c_s_dn", "SHA1": f"ssl_c_sha1,{spelled}"}
    bits = chosen.value(SSL_FINGERPRINT_SHA2_BITS)
    values |= {"SHA2": f"ssl_c_der,sha2({bits}),{spelled}"} if bits else {}
    values |= {"Cert": "ssl_c_der,base64"} if chosen.value(AUTH_TLS_CERT_HEADER) else {}
    for name, value in values.items():
        line = Directive("http-request", "set-header", f"{HEADERS}{name}", f"%[{value}]")
        yield line.only_if(*_SHOWN, *_GOOD)


def _named(patterns: Sequence[str], chosen: Chosen) -> tuple[Directive, ...]:
    if chosen.value(AUTH_TLS_VERIFY_CLIENT) is Verification.OFF:
        return ()
    if not patterns or chosen.value(AUTH_TLS_SECRET) is None:
        return (Directive(*_REFUSAL),)
    by_match: dict[str, list[str]] = {}
    for pattern in patterns:
        match = "end" if pattern.startswith("*") else "beg" if pattern.endswith("*") else "str"
        by_match.setdefault(match, []).append(pattern.strip("*"))
    conditions = [
        word for match, texts in by_match.items() for word in ("!{", "ssl_c_s_dn(cn)", "-m", match, "--", *texts, "}")
    ]
    return (Directive(*_REFUSAL).only_if(*conditions),)


def _believed(chosen: Chosen, route: RouteFacts) -> str:
    secret = chosen.value(AUTH_TLS_SECRET)
    return BELIEVED if secret and route.is_believed else ""


BELIEF = RouteField(number=FIELD, name="belief", spell=_believed)
"""Says that clients of the route's host are judged by the authorities that its Ingress names; the lines above read it."""


def sha2_bits(text: str) -> int:
    """One of the lengths of SHA-2; 0 for none."""
    bits = integer(0, 512)(text)
    if bits not in (0, 224, 256, 384, 512):
        raise ValueError(text)
    return bits


AUTH_TLS_SECRET: Option[str] = Option(
    name="auth-tls-secret",
    scope=_SCOPE,
    parse=secret_name,
    accepted="the name of a Secret in the Ingress' namespace",
    default=None,
    default_text="nobody is asked",
    sentence=(
        "Clients have to show a certificate of an authority in this Secret (ca.crt), and none that it has taken back (ca.crl). "
        f"Pods are told of it in {HEADERS}CN, {HEADERS}DN and {HEADERS}SHA1."
    ),
    example="partners-ca",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/auth-tls-secret", *of_haproxy_ingress("auth-tls-secret")),
    directives=_asked,
    per_route=True,
    when_wrong=UNREADABLE,
    is_guard=True,
)

AUTH_TLS_VERIFY_CLIENT: Option[Verification] = Option(
    name="auth-tls-verify-client",
    scope=_SCOPE,
    parse=one_of(Verification),
    accepted="on, optional or off",
    default=None,
    default_text="on, where auth-tls-secret is said",
    sentence="Whether clients have to show a certificate; with optional those may come that show none.",
    example="optional",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/auth-tls-verify-client", *of_haproxy_ingress("auth-tls-verify-client")),
    per_route=True,
    when_wrong=Verification.ON,
    is_guard=True,
)

AUTH_TLS_MATCH_CN: Option[tuple[str, ...]] = Option(
    name="auth-tls-match-cn",
    scope=_SCOPE,
    parse=common_names,
    accepted=f"up to {MOST_NAMES} names with commas or blanks between them, * at the beginning or end of one for anything",
    default=None,
    default_text="any name",
    sentence="Only clients come in whose certificate has one of these common names.",
    example="alice, *.robots.example",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/auth-tls-match-cn",
            expressed_names,
            "CN=name or CN=(one|other), .* at the beginning or end of a name for anything",
            "CN=(alice|bob)",
        ),
    ),
    directives=_named,
    per_route=True,
    when_wrong=(),
    is_guard=True,
)

AUTH_TLS_ERROR_PAGE: Option[Destination] = Option(
    name="auth-tls-error-page",
    scope=_SCOPE,
    parse=destination,
    accepted="a URL of http or https, or a path that begins with one /",
    default=None,
    default_text="a 403",
    sentence="Where those are sent (302) who have to show a certificate, and show none or one that is not believed.",
    example="https://help.shop.example/certificates",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/auth-tls-error-page", *of_haproxy_ingress("auth-tls-error-page")),
    per_route=True,
)

AUTH_TLS_CERT_HEADER: Option[bool] = Option(
    name="auth-tls-cert-header",
    scope=_SCOPE,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence=f"Pods get the client's certificate, too: {HEADERS}Cert, its DER in base64.",
    example="true",
    effect=Effect.RELOAD,
    aliases=(
        "nginx.ingress.kubernetes.io/auth-tls-pass-certificate-to-upstream",
        *of_haproxy_ingress("auth-tls-cert-header"),
    ),
    per_route=True,
)

SSL_FINGERPRINT_LOWER: Option[bool] = Option(
    name="ssl-fingerprint-lower",
    scope=_SAID_FOR_ALL,
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Fingerprints of clients' certificates are spelled with small letters.",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("ssl-fingerprint-lower"),
    per_route=True,
)

SSL_FINGERPRINT_SHA2_BITS: Option[int] = Option(
    name="ssl-fingerprint-sha2-bits",
    scope=_SAID_FOR_ALL,
    parse=sha2_bits,
    accepted="224, 256, 384, 512, or 0",
    default=0,
    default_text="0",
    sentence=f"Pods get a SHA-2 fingerprint of the client's certificate, too: {HEADERS}SHA2, of so many bits; 0 for none.",
    example="256",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("ssl-fingerprint-sha2-bits"),
    per_route=True,
)
