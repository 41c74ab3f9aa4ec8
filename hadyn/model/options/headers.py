"""Options: headers of requests and responses."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.option import Chosen, Effect, Option, Scope

_AUTHORITY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[1-9][0-9]{0,4})?")


def authority(text: str) -> str:
    """A host name with or without port, as it stands in a Host header."""
    if not _AUTHORITY.fullmatch(text):
        raise ValueError(text)
    return text


def _set_host(host: str, _chosen: Chosen) -> tuple[Directive, ...]:
    return (Directive("http-request", "set-header", "Host", host),)


SET_HOST: Option[str] = Option(
    name="set-host",
    scope=frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND}),
    parse=authority,
    accepted="a host name, with or without :port",
    default=None,
    default_text="the client's Host header",
    sentence="The Host header that pods get.",
    example="shop.internal",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/upstream-vhost", "haproxy.org/set-host"),
    directives=_set_host,
    per_route=True,
)
