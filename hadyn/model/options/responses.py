"""Options: what becomes of answers that name the pods' own world.

Rule: a user's text is looked for letter by letter, never as an expression.
"""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option
from hadyn.model.options.parsers import boolean

NGINX = "nginx.ingress.kubernetes.io/"
_DOMAIN = r"\.?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_DOMAINS = re.compile(rf"({_DOMAIN}) ({_DOMAIN})")
_PATH = r"/[A-Za-z0-9._~/-]{0,500}"
_PATHS = re.compile(rf"({_PATH}) ({_PATH})")
_PLACE = re.compile(r"(?:https?://[A-Za-z0-9][A-Za-z0-9.-]{0,251}(?::[1-9][0-9]{0,4})?)?(?:/[A-Za-z0-9._~/-]{0,500})?")

Pair = tuple[str, str]


def _pair(shape: re.Pattern[str], text: str) -> Pair:
    found = shape.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found[1], found[2]


def domains(text: str) -> Pair:
    """A domain as pods say it, and as clients get it, a blank between them."""
    return _pair(_DOMAINS, text)


def paths(text: str) -> Pair:
    """A path as pods say it, and as clients get it, a blank between them."""
    return _pair(_PATHS, text)


def place(text: str) -> str:
    """A URL of http or https, a beginning of one, or a path; without query."""
    if not text or not _PLACE.fullmatch(text):
        raise ValueError(text)
    return text


def _literally(text: str) -> str:
    """Spell text for a regular expression of any engine that HAProxy may be built with."""
    return text.replace(".", "[.]")


def _replace(header: str, pattern: str, replacement: str) -> tuple[Directive, ...]:
    return (Directive("http-response", "replace-header", header, pattern, replacement),)


def _cookie_domain(pair: Pair, _chosen: Chosen) -> tuple[Directive, ...]:
    found, wanted = pair
    return _replace("Set-Cookie", rf"^(.*; *[Dd]omain=){_literally(found)}(;.*)?$", rf"\1{wanted}\2")


def _cookie_path(pair: Pair, _chosen: Chosen) -> tuple[Directive, ...]:
    found, wanted = pair
    return _replace("Set-Cookie", rf"^(.*; *[Pp]ath=){_literally(found)}(.*)$", rf"\1{wanted}\2")


def _location(found: str, chosen: Chosen) -> tuple[Directive, ...]:
    wanted = chosen.value(LOCATION_TO)
    return _replace("Location", rf"^{_literally(found)}(.*)$", rf"{wanted}\1") if wanted else ()


def _silence(is_logged: bool, _chosen: Chosen) -> tuple[Directive, ...]:
    return () if is_logged else (Directive("http-request", "set-log-level", "silent"),)


ACCESS_LOG: Option[bool] = Option(
    name="access-log",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=True,
    default_text='"true"',
    sentence='With "false" these requests are not logged, where the ConfigMap has requests logged (log-target).',
    example="false",
    effect=Effect.RELOAD,
    aliases=(f"{NGINX}enable-access-log",),
    directives=_silence,
    per_route=True,
)
COOKIE_DOMAIN_REWRITE: Option[Pair] = Option(
    name="response-cookie-domain",
    scope=EVERYWHERE,
    parse=domains,
    accepted="two domains with a blank between them",
    default=None,
    default_text="cookies of pods are left as they are",
    sentence="A cookie that pods set for the first domain is set for the second.",
    example="shop.internal shop.example",
    effect=Effect.RELOAD,
    aliases=(f"{NGINX}proxy-cookie-domain",),
    directives=_cookie_domain,
    per_route=True,
)
COOKIE_PATH_REWRITE: Option[Pair] = Option(
    name="response-cookie-path",
    scope=EVERYWHERE,
    parse=paths,
    accepted="two paths with a blank between them",
    default=None,
    default_text="cookies of pods are left as they are",
    sentence="The path of a cookie that pods set begins with the second instead of the first.",
    example="/app/ /",
    effect=Effect.RELOAD,
    aliases=(f"{NGINX}proxy-cookie-path",),
    directives=_cookie_path,
    per_route=True,
)
LOCATION_FROM: Option[str] = Option(
    name="response-location-from",
    scope=EVERYWHERE,
    parse=place,
    accepted="a URL of http or https, a beginning of one, or a path",
    default=None,
    default_text="redirects of pods are left as they are",
    sentence="A redirect of a pod that begins so begins with response-location-to instead.",
    example="http://shop.internal:8080/",
    effect=Effect.RELOAD,
    aliases=(Alias(f"{NGINX}proxy-redirect-from", place, "a URL or a path (not off or default)", "http://localhost/"),),
    directives=_location,
    per_route=True,
)
LOCATION_TO: Option[str] = Option(
    name="response-location-to",
    scope=EVERYWHERE,
    parse=place,
    accepted="a URL of http or https, a beginning of one, or a path",
    default=None,
    default_text="redirects of pods are left as they are",
    sentence="What redirects begin with that begin with response-location-from.",
    example="https://shop.example/",
    effect=Effect.RELOAD,
    aliases=(f"{NGINX}proxy-redirect-to",),
    per_route=True,
)

RESPONSE_OPTIONS = (ACCESS_LOG, COOKIE_DOMAIN_REWRITE, COOKIE_PATH_REWRITE, LOCATION_FROM, LOCATION_TO)
