"""Options: who has to say a password (HTTP's basic authentication).

Rule: it fails closed: without users that can be read nobody comes in.
"""

from __future__ import annotations

import re

from hadyn.model.directives import Directive, UsersOf
from hadyn.model.options.option import Alias, Chosen, Effect, Option, Scope
from hadyn.model.options.parsers import matching
from hadyn.model.options.secret_names import own_secret_name
from hadyn.model.options.sources import admitted_lines, is_enough

UNREADABLE = ""
"""Stands for what somebody wrote that is the name of no Secret, or a kind that hadyn does not know."""
_REALM = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 ._-]{0,98}[A-Za-z0-9])?")
_REFUSAL = Directive("http-request", "deny", "deny_status", "403")


realm = matching(_REALM)
"""Some plain words."""


def basic(text: str) -> str:
    """The one kind there is."""
    if text != "basic":
        raise ValueError(text)
    return text


def basic_auth(text: str) -> str:
    """The same, as HAProxy Technologies' controller calls it."""
    return basic(text.removesuffix("-auth"))


def _asked(secret: str, chosen: Chosen) -> tuple[Directive, ...]:
    if secret == UNREADABLE:
        return (_REFUSAL,)
    asking = Directive("http-request", "auth", "realm", chosen.value(AUTH_REALM) or "").only_if(
        "!{", UsersOf(secret), "}"
    )
    if not is_enough(chosen):
        return (asking,)
    return (*admitted_lines(chosen), asking.only_if("!{", "var(txn.admitted)", "-m", "found", "}"))


def _refused(kind: str, chosen: Chosen) -> tuple[Directive, ...]:
    return (_REFUSAL,) if kind == UNREADABLE or chosen.value(AUTH_SECRET) is None else ()


def _aliases(name: str) -> tuple[str, ...]:
    prefixes = ("nginx.ingress.kubernetes.io", "haproxy-ingress.github.io", "ingress.kubernetes.io", "haproxy.org")
    return tuple(f"{prefix}/{name}" for prefix in prefixes)


AUTH_TYPE: Option[str] = Option(
    name="auth-type",
    scope=frozenset({Scope.INGRESS}),
    parse=basic,
    accepted="basic",
    default=None,
    default_text="nobody is asked",
    sentence="How clients say who they are; auth-secret alone says as much.",
    example="basic",
    effect=Effect.RELOAD,
    aliases=(
        "nginx.ingress.kubernetes.io/auth-type",
        Alias("haproxy.org/auth-type", basic_auth, "basic-auth", "basic-auth"),
    ),
    directives=_refused,
    per_route=True,
    when_wrong=UNREADABLE,
    is_guard=True,
)

AUTH_SECRET: Option[str] = Option(
    name="auth-secret",
    scope=frozenset({Scope.INGRESS}),
    parse=own_secret_name,
    accepted="the name of a Secret in the Ingress' namespace, with or without namespace/ in front",
    default=None,
    default_text="nobody is asked",
    sentence="Clients have to say a name and password that stand in this Secret: its key auth as htpasswd writes it (bcrypt, SHA-256, SHA-512), or a key for each user.",
    example="shop-users",
    effect=Effect.RELOAD,
    aliases=_aliases("auth-secret"),
    directives=_asked,
    per_route=True,
    when_wrong=UNREADABLE,
    is_guard=True,
    names_secret=True,
)

AUTH_REALM: Option[str] = Option(
    name="auth-realm",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=realm,
    accepted="letters, digits, blanks, dots, - and _",
    default="Protected Content",
    default_text="Protected Content",
    sentence="What browsers say when they ask for the password.",
    example="The shop",
    effect=Effect.RELOAD,
    aliases=_aliases("auth-realm"),
    per_route=True,
)
