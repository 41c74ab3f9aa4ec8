"""Options: requests that are answered with another place to go.

Rules: what an Ingress says stands in its routes' entries in the maps, so it changes
without a reload. All redirects of a route are one field, ``HTTPS^WHICH CODE^TARGET``
(``s302^r302^/shop``), so that a request that stays costs one look at it; a request that
goes does so in a backend of hadyn's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from hadyn.model.options.option import Alias, Chosen, Effect, Option, RouteFacts, RouteField, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, integer, matching
from hadyn.model.options.proxies import CAME_ENCRYPTED

CHALLENGES = "/.well-known/acme-challenge/"
"""Here an authority looks, without TLS, whether somebody who wants a certificate owns the host."""
HTTPS_PORT = 443
_TEXT = r"[A-Za-z0-9._~!$&'()*+,=:@%/?#-]"
_PATH = re.compile(rf"/{_TEXT}{{0,1000}}")
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?"
_URL = re.compile(rf"https?://{_HOST}([/?#]{_TEXT}{{0,1000}})?")
_ORIGIN = re.compile(rf"(https?://)?{_HOST}")


class RedirectCode(IntEnum):
    """How long a redirect holds, and whether the method may change to GET."""

    MOVED_PERMANENTLY = 301
    FOUND = 302
    SEE_OTHER = 303
    TEMPORARY_REDIRECT = 307
    PERMANENT_REDIRECT = 308


CODES = "301, 302, 303, 307 or 308"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where requests are sent, and with which code unless another is asked for."""

    target: str
    code: int = RedirectCode.FOUND.value


def path_with_query(text: str) -> str:
    """A path as it stands in a Location, with or without query; no ``//`` at its start, which would be a host."""
    if not _PATH.fullmatch(text) or text.startswith("//"):
        raise ValueError(text)
    return text


def redirect_code(text: str) -> int:
    """One of the codes that browsers follow."""
    return RedirectCode(integer(min(RedirectCode), max(RedirectCode))(text)).value


def destination(text: str) -> Destination:
    """A URL of http or https, or a path of the same host."""
    if not _URL.fullmatch(text):
        path_with_query(text)
    return Destination(text)


def permanent_destination(text: str) -> Destination:
    """A destination that clients may remember."""
    return Destination(destination(text).target, RedirectCode.MOVED_PERMANENTLY.value)


origin = matching(_ORIGIN)
"""A host with or without scheme and port, and nothing behind it."""


SSL_REDIRECT: Option[bool] = Option(
    name="ssl-redirect",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=boolean,
    accepted="true or false",
    default=True,
    default_text="true",
    sentence=f"Plain requests for a host that an Ingress names in spec.tls are sent to https, but for {CHALLENGES}.",
    example="false",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/ssl-redirect",
        *of_haproxy_ingress("ssl-redirect"),
        "haproxy.org/ssl-redirect",
    ),
    per_route=True,
)

FORCE_SSL_REDIRECT: Option[bool] = Option(
    name="force-ssl-redirect",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=boolean,
    accepted="true or false",
    default=False,
    default_text="false",
    sentence="Plain requests are sent to https for hosts without a certificate of their own, too.",
    example="true",
    effect=Effect.LIVE,
    aliases=("nginx.ingress.kubernetes.io/force-ssl-redirect",),
    per_route=True,
)

SSL_REDIRECT_CODE: Option[int] = Option(
    name="ssl-redirect-code",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=redirect_code,
    accepted=CODES,
    default=RedirectCode.FOUND.value,
    default_text="302",
    sentence="The status that sends plain requests to https; 308 keeps the method and is remembered by clients.",
    example="308",
    effect=Effect.LIVE,
    aliases=(
        *of_haproxy_ingress("ssl-redirect-code"),
        "haproxy.org/ssl-redirect-code",
    ),
    per_route=True,
)

SSL_REDIRECT_PORT: Option[int] = Option(
    name="ssl-redirect-port",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=integer(1, 65_535),
    accepted="a port from 1 to 65535",
    default=HTTPS_PORT,
    default_text="443",
    sentence="The port at which clients reach https, as they see it.",
    example="8443",
    effect=Effect.LIVE,
    aliases=("haproxy.org/ssl-redirect-port",),
    per_route=True,
)

REDIRECT_TO: Option[Destination] = Option(
    name="redirect-to",
    scope=frozenset({Scope.INGRESS}),
    parse=destination,
    accepted="a URL of http or https, or a path",
    default=None,
    default_text="not redirected",
    sentence="All requests are sent to this place, whatever their path.",
    example="https://shop.example/sale",
    effect=Effect.LIVE,
    aliases=(
        *of_haproxy_ingress("redirect-to"),
        "nginx.ingress.kubernetes.io/temporal-redirect",
        Alias(
            "nginx.ingress.kubernetes.io/permanent-redirect",
            permanent_destination,
            "a URL of http or https, or a path (then 301)",
            "https://shop.example/",
        ),
    ),
    per_route=True,
)

REDIRECT_HOST: Option[str] = Option(
    name="redirect-host",
    scope=frozenset({Scope.INGRESS}),
    parse=origin,
    accepted="a host with or without http:// or https:// and port",
    default=None,
    default_text="not redirected",
    sentence="All requests are sent to this host, with the path and query that they have.",
    example="https://shop.example",
    effect=Effect.LIVE,
    aliases=("haproxy.org/request-redirect",),
    per_route=True,
)

REDIRECT_CODE: Option[int] = Option(
    name="redirect-code",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=redirect_code,
    accepted=CODES,
    default=None,
    default_text="302",
    sentence="The status of redirect-to and redirect-host.",
    example="308",
    effect=Effect.LIVE,
    aliases=(
        *of_haproxy_ingress("redirect-to-code"),
        "nginx.ingress.kubernetes.io/permanent-redirect-code",
        "nginx.ingress.kubernetes.io/temporal-redirect-code",
        "haproxy.org/request-redirect-code",
    ),
    per_route=True,
)

REDIRECT_FROM_CODE: Option[int] = Option(
    name="redirect-from-code",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=redirect_code,
    accepted=CODES,
    default=RedirectCode.FOUND.value,
    default_text="302",
    sentence="The status of redirect-from and from-to-www-redirect.",
    example="308",
    effect=Effect.LIVE,
    aliases=of_haproxy_ingress("redirect-from-code"),
    per_route=True,
)

APP_ROOT: Option[str] = Option(
    name="app-root",
    scope=frozenset({Scope.INGRESS}),
    parse=path_with_query,
    accepted="a path that begins with one /",
    default=None,
    default_text="not redirected",
    sentence="Requests for / are sent to this path (302).",
    example="/shop",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/app-root",
        *of_haproxy_ingress("app-root"),
    ),
    per_route=True,
)


def _redirect(chosen: Chosen, route: RouteFacts) -> str:
    if route.moved_to:
        code = chosen.value(REDIRECT_FROM_CODE)
        return f"^p{code}^{route.moved_to}"
    everything = _of_everything(chosen)
    if everything:
        return f"^{everything}"
    root = chosen.value(APP_ROOT)
    to_root = f"^r{RedirectCode.FOUND:d}^{root}" if root else ""
    is_wanted = chosen.value(FORCE_SSL_REDIRECT) or (chosen.value(SSL_REDIRECT) and route.has_tls)
    if not is_wanted:
        return to_root
    code, port = chosen.value(SSL_REDIRECT_CODE), chosen.value(SSL_REDIRECT_PORT)
    behind = "" if port == HTTPS_PORT else f":{port}"
    return f"s{code}{behind}{to_root}"


def _of_everything(chosen: Chosen) -> str:
    """Spell where all requests of a route are sent, "" where they are not."""
    to, host, code = chosen.value(REDIRECT_TO), chosen.value(REDIRECT_HOST), chosen.value(REDIRECT_CODE)
    if to is not None:
        return f"a{code or to.code}^{to.target}"
    if host is not None:
        return f"p{code or RedirectCode.FOUND.value}^{host}"
    return ""


REDIRECTING = "_redirect"
"""Where requests go that are redirected."""

REDIRECT = RouteField(
    number=3,
    name="redirect",
    spell=_redirect,
    rules=(
        "acl says_redirect var(txn.redirect) -m len gt 0",
        f"use_backend {REDIRECTING} if says_redirect {{ var(txn.redirect) -m beg ^a ^p }}",
        f"use_backend {REDIRECTING} if says_redirect {{ path / }} {{ var(txn.redirect) -m sub ^r }}",
    ),
    tls_rules=(
        f"use_backend {REDIRECTING} if says_redirect {{ var(txn.redirect) -m beg s }} !{{ ssl_fc }} !{{ {CAME_ENCRYPTED} }} !{{ path -m beg {CHALLENGES} }}",
    ),
)
