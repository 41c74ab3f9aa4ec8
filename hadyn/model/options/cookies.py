"""Options: the cookie that binds a client to a pod.

Rule: its value is a hash of the pod's address with a key that all replicas have alike,
so any HAProxy understands it. haproxy-facts.md#dynamic-cookies-follow-the-address
"""

from __future__ import annotations

import re
from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, integer, one_of

LONGEST_AGE = 10 * 365 * 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DOMAIN = re.compile(r"\.?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,250}")
_KEYWORDS = frozenset({"indirect", "nocache", "httponly", "secure", "preserve", "postonly"})
_KEY = re.compile(r"[A-Za-z0-9_.+/=-]{1,128}")
_NGINX = "nginx.ingress.kubernetes.io/"


class SameSite(StrEnum):
    """Whether browsers send the cookie with requests that another site makes."""

    STRICT = "Strict"
    LAX = "Lax"
    NONE = "None"


def cookie_name(text: str) -> str:
    """Letters, digits, ``_``, ``.``, ``-``: what every browser and server takes as a name."""
    return _matching(_TOKEN, text)


def _domain(text: str) -> str:
    if len(text) > 253:
        raise ValueError(text)
    return _matching(_DOMAIN, text)


def _path(text: str) -> str:
    return _matching(_PATH, text)


def _key(text: str) -> str:
    return _matching(_KEY, text)


def _same_site_for_all(text: str) -> SameSite | None:
    """haproxy-ingress knows one of them only: "true" is None."""
    return SameSite.NONE if boolean(text) else None


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def keywords(text: str) -> frozenset[str]:
    """Words of HAProxy's cookie line that change what browsers do."""
    found = frozenset(text.split(" "))
    if not found <= _KEYWORDS:
        raise ValueError(text)
    return found


def cookie_lines(name: str, chosen: Chosen) -> tuple[Directive, ...]:
    """Return the lines that set the cookie called ``name``, "" for the one that the options say."""
    words = ["insert", "indirect", "nocache"]
    said = chosen.value(COOKIE_KEYWORDS)
    is_hidden = chosen.value(COOKIE_HTTPONLY) if said is None else "httponly" in said
    said = said or frozenset()
    flags = {
        "preserve": chosen.value(COOKIE_PRESERVE) or "preserve" in said,
        "httponly": is_hidden,
        "postonly": "postonly" in said,
    }
    words += [word for word, is_wanted in flags.items() if is_wanted]
    same_site = chosen.value(COOKIE_SAME_SITE)
    if chosen.value(COOKIE_SECURE) or "secure" in said or same_site is SameSite.NONE:
        words.append("secure")
    domain = chosen.value(COOKIE_DOMAIN)
    words += ["domain", domain] if domain else []
    attributes = {
        "SameSite": same_site,
        "Path": chosen.value(COOKIE_PATH),
        "Max-Age": chosen.value(COOKIE_MAX_AGE),
    }
    for attribute, value in attributes.items():
        words += ["attr", f"{attribute}={value}"] if value is not None else []
    name = name or chosen.value(COOKIE_NAME) or ""
    return (
        Directive("cookie", name, *words, "dynamic"),
        Directive("dynamic-cookie-key", chosen.value(COOKIE_KEY) or ""),
    )


COOKIE_NAME: Option[str] = Option(
    name="session-cookie-name",
    scope=EVERYWHERE,
    parse=cookie_name,
    accepted="1 to 64 letters, digits, _, . or -",
    default="INGRESSCOOKIE",
    default_text="INGRESSCOOKIE",
    sentence=(
        "The name of the cookie for affinity cookie; give Services their own names where a client uses several on one host."
    ),
    example="session",
    effect=Effect.RELOAD,
    aliases=(_NGINX + "session-cookie-name", *of_haproxy_ingress("session-cookie-name")),
)

COOKIE_DOMAIN: Option[str] = Option(
    name="session-cookie-domain",
    scope=EVERYWHERE,
    parse=_domain,
    accepted="a domain of lower-case letters",
    default=None,
    default_text="the host of the request alone",
    sentence="Browsers send the cookie to this domain with all of its subdomains.",
    example="shop.example",
    effect=Effect.RELOAD,
    aliases=(_NGINX + "session-cookie-domain", *of_haproxy_ingress("session-cookie-domain")),
)

COOKIE_PATH: Option[str] = Option(
    name="session-cookie-path",
    scope=EVERYWHERE,
    parse=_path,
    accepted="a path of letters, digits, and . _ ~ / -",
    default=None,
    default_text="/",
    sentence="Browsers send the cookie with requests below this path only.",
    example="/shop",
    effect=Effect.RELOAD,
    aliases=(_NGINX + "session-cookie-path",),
)

COOKIE_MAX_AGE: Option[int] = Option(
    name="session-cookie-max-age",
    scope=EVERYWHERE,
    parse=integer(1, LONGEST_AGE),
    accepted="whole seconds from 1 to 315360000",
    default=None,
    default_text="until the browser is closed",
    sentence="Browsers keep the cookie so long.",
    example="86400",
    effect=Effect.RELOAD,
    aliases=(_NGINX + "session-cookie-max-age", _NGINX + "session-cookie-expires"),
)

COOKIE_SAME_SITE: Option[SameSite | None] = Option(
    name="session-cookie-same-site",
    scope=EVERYWHERE,
    parse=one_of(SameSite),
    accepted="Strict, Lax or None",
    default=None,
    default_text="what browsers do without it",
    sentence="Whether browsers send the cookie with requests that other sites make; None makes it secure, too.",
    example="Lax",
    effect=Effect.RELOAD,
    aliases=(
        _NGINX + "session-cookie-samesite",
        *(
            Alias(name, _same_site_for_all, '"true" (None) or "false"', "true")
            for name in of_haproxy_ingress("session-cookie-same-site")
        ),
    ),
)

COOKIE_SECURE: Option[bool] = Option(
    name="session-cookie-secure",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="Browsers send the cookie over TLS only.",
    example="true",
    effect=Effect.RELOAD,
    aliases=(_NGINX + "session-cookie-secure",),
)

COOKIE_HTTPONLY: Option[bool] = Option(
    name="session-cookie-httponly",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=True,
    default_text='"true"',
    sentence="Scripts of the page cannot read the cookie.",
    example="false",
    effect=Effect.RELOAD,
)

COOKIE_KEYWORDS: Option[frozenset[str]] = Option(
    name="session-cookie-keywords",
    scope=EVERYWHERE,
    parse=keywords,
    accepted=f"some of {', '.join(sorted(_KEYWORDS))}, with blanks between them",
    default=None,
    default_text="httponly indirect nocache",
    sentence="What the cookie is, in HAProxy's words; scripts can read it where they are said without httponly.",
    example="indirect nocache secure",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("session-cookie-keywords"),
)

COOKIE_PRESERVE: Option[bool] = Option(
    name="session-cookie-preserve",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="A pod that sets the cookie itself, or removes it, is heard: HAProxy leaves its Set-Cookie alone.",
    example="true",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("session-cookie-preserve"),
)

COOKIE_KEY: Option[str] = Option(
    name="session-cookie-key",
    scope=EVERYWHERE,
    parse=_key,
    accepted="1 to 128 letters, digits, or _ . + / = -",
    default="hadyn",
    default_text="hadyn",
    sentence="Hashed into the cookie, so that nobody without it can find the pods' addresses in there; all replicas need the same.",
    example="Zm9yIHlvdXIgZXllcw==",
    effect=Effect.RELOAD,
    aliases=of_haproxy_ingress("cookie-key"),
)
