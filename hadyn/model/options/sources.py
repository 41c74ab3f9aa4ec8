"""Options: from which networks requests may come.

Rules: what stands here fails closed: where a list cannot be read, nobody comes in. Lists
are in a map, so thousands of networks come and go without a reload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.networks import Networks, canonical
from hadyn.model.options.option import Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import one_of, words

MOST_NETWORKS = 20_000
IN_ONE_LINE = 40
NOBODY: Networks = ()
EVERYBODY: Networks = ("0.0.0.0/0", "::/0")
_NETWORK = re.compile(r"[0-9a-fA-F.:]{2,45}(/[0-9]{1,3})?")
_ACCEPTED = "addresses or networks (10.0.0.0/8, fd00::/8) with commas, blanks or line ends between them"


def networks(text: str) -> Networks:
    """Networks and addresses of IPv4 and IPv6, each once."""
    found = words(text, MOST_NETWORKS)
    if not all(map(_NETWORK.fullmatch, found)):
        raise ValueError(text)
    return canonical(found)


ALLOW_SOURCE: Option[Networks] = Option(
    name="allow-source-range",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=networks,
    accepted=_ACCEPTED,
    default=None,
    default_text="all networks",
    sentence="Requests from other networks get a 403; where the list cannot be read, all do.",
    example="10.0.0.0/8, 192.168.1.7, fd00::/8",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/whitelist-source-range",
        "haproxy-ingress.github.io/allowlist-source-range",
        "haproxy-ingress.github.io/whitelist-source-range",
        "ingress.kubernetes.io/allowlist-source-range",
        "ingress.kubernetes.io/whitelist-source-range",
        "haproxy.org/allow-list",
        "haproxy.org/whitelist",
    ),
    per_route=True,
    when_wrong=NOBODY,
)

DENY_SOURCE: Option[Networks] = Option(
    name="deny-source-range",
    scope=frozenset({Scope.INGRESS, Scope.GLOBAL}),
    parse=networks,
    accepted=_ACCEPTED,
    default=None,
    default_text="no networks",
    sentence="Requests from these networks get a 403, also if allow-source-range has them; where the list cannot be read, all do.",
    example="192.0.2.0/24",
    effect=Effect.LIVE,
    aliases=(
        "nginx.ingress.kubernetes.io/denylist-source-range",
        *of_haproxy_ingress("denylist-source-range"),
        "haproxy.org/deny-list",
        "haproxy.org/blacklist",
    ),
    per_route=True,
    when_wrong=EVERYBODY,
)


class Satisfy(StrEnum):
    """Which of several guards have to let a request in."""

    ALL = "all"
    ANY = "any"


SATISFY: Option[Satisfy] = Option(
    name="satisfy",
    scope=frozenset({Scope.INGRESS}),
    parse=one_of(Satisfy),
    accepted="all or any",
    default=None,
    default_text="all",
    sentence=(
        "With any, who comes from a network that may come in (allow-source-range, deny-source-range) needs no password "
        "(auth-secret), and with a password one may come from anywhere."
    ),
    example="any",
    effect=Effect.RELOAD,
    aliases=("nginx.ingress.kubernetes.io/satisfy",),
    per_route=True,
    is_guard=True,
)


def admitted_lines(chosen: Chosen) -> tuple[Directive, ...]:
    """Return what sets txn.admitted for who comes from a network that may come in."""
    allowed, denied = chosen.value(ALLOW_SOURCE), chosen.value(DENY_SOURCE)
    admitted = Directive("http-request", "set-var(txn.admitted)", "bool(true)")
    refused = Directive("http-request", "unset-var(txn.admitted)")
    let_in = (admitted,) if allowed is None else tuple(only_from(allowed, admitted))
    return (*let_in, *only_from(denied or (), refused))


def only_from(listed: Networks, line: Directive) -> Iterator[Directive]:
    """Yield a line as often as it takes to be for clients from all of these networks, and for nobody else."""
    for start in range(0, len(listed), IN_ONE_LINE):
        yield line.only_if("{", "src", *listed[start : start + IN_ONE_LINE], "}")


def is_enough(chosen: Chosen) -> bool:
    """Whether who comes from the right network needs no password, where others do."""
    return chosen.value(SATISFY) is Satisfy.ANY and has_list(chosen)


def has_list(chosen: Chosen) -> bool:
    """Whether anything is said of sources."""
    return chosen.value(ALLOW_SOURCE) is not None or chosen.value(DENY_SOURCE) is not None
