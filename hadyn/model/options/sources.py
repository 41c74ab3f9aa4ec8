"""Options: from which networks requests may come.

Rules: what stands here fails closed: where a list cannot be read, nobody comes in. Lists
are in a map, so thousands of networks come and go without a reload.
"""

from __future__ import annotations

import re

from hadyn.model.networks import Networks, canonical
from hadyn.model.options.option import Chosen, Effect, Option, RouteFacts, RouteField, Scope
from hadyn.model.options.parsers import words

MOST_NETWORKS = 20_000
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
        "haproxy-ingress.github.io/denylist-source-range",
        "ingress.kubernetes.io/denylist-source-range",
        "haproxy.org/deny-list",
        "haproxy.org/blacklist",
    ),
    per_route=True,
    when_wrong=EVERYBODY,
)


def has_list(chosen: Chosen) -> bool:
    """Whether anything is said of sources."""
    return chosen.value(ALLOW_SOURCE) is not None or chosen.value(DENY_SOURCE) is not None


def _host_of_list(chosen: Chosen, route: RouteFacts) -> str:
    return route.host if has_list(chosen) else ""


_KEY = "var(txn.listed),concat(/,txn.ingress,|),concat(,txn.digits,:),concat(,txn.source,)"

ACCESS = RouteField(
    number=5,
    name="listed",
    spell=_host_of_list,
    rules=(
        "acl is_listed var(txn.listed) -m len gt 0",
        "http-request set-var(txn.source) src,hex if is_listed",
        "# an IPv4 client of a listener for both",
        "http-request set-var(txn.source) var(txn.source),bytes(24) if is_listed { var(txn.source) -m beg 00000000000000000000FFFF }",
        "http-request set-var(txn.digits) var(txn.source),length if is_listed",
        f"http-request deny deny_status 403 if is_listed !{{ {_KEY},map_beg({{maps}}/networks.map) -m str + }}",
    ),
)
