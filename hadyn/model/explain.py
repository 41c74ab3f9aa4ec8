"""Which route a request meets, and why not the others: the frontend's matching, said in words.

Rules, as HAProxy's configuration has them: a known host never falls to its wildcard, nor
to rules without host; an exact path comes first, then the longest prefix by element, or, on a
host with regular expressions, whichever of both has the longest path; what
nothing matches goes to the default backend. haproxy-facts.md#maps-route
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, Route, wildcard_of
from hadyn.model.extras import HostExpression
from hadyn.model.header_routes import is_alone
from hadyn.model.inventory import Inventory
from hadyn.model.objects import Ingress
from hadyn.model.options.client_certificates import (
    AUTH_TLS_VERIFY_CLIENT,
    Verification,
    asks_for_certificates,
    demanded,
)
from hadyn.model.problems import ObjectRef, Problem


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route that did not get the request, and why."""

    route: Route
    why: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What clients have to show: a certificate by the authorities of a Secret; None where all get a 403."""

    secret: ObjectRef | None
    verification: Verification


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of a request for ``host`` (as looked up: lower case, without port) and ``path``.

    ``matched_host`` is the host of the rules that are asked, None where there are none. ``route``
    is None for a 404, ``demand`` where nobody is asked for a certificate. ``problems`` are those of
    the objects behind these hosts.
    """

    host: str
    path: str
    matched_host: str | None
    route: Route | None
    others: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    demand: Demand | None = None


def explain(inventory: Inventory, host: str, path: str) -> Explanation:
    """Explain a request: its Host header and its path without query."""
    name = looked_up_host(host)
    keys = (*host_keys(name)[:-1], *_expressed(inventory, name), ANY_HOST)
    known = [key for key in keys if key != DEFAULT_KEY and inventory.routes(key)]
    matched = known[0] if known else None
    route = winning_route(inventory.routes(matched) if matched else (), path)
    default = inventory.routes(DEFAULT_KEY)
    if route is None or is_alone(route):
        route = default[0] if default else None
    others = [
        Candidate(candidate, _why_not(candidate, path, matched, route))
        for key in (*known, DEFAULT_KEY)
        for found in inventory.routes(key)
        for candidate in (found, *(match for _, match in found.matches))
        if candidate != route
    ]
    concerned = {ref for key in (*keys, DEFAULT_KEY) for ref in inventory.objects_behind(key)}
    problems = tuple(problem for problem in inventory.problems() if problem.object in concerned)
    return Explanation(name, path, matched, route, tuple(others), problems, _demand(inventory, route))


def looked_up_host(host: str) -> str:
    """The Host header as the frontend looks it up: lower case, without port and trailing dots."""
    name = host.lower()
    without_port = name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]
    return without_port.rstrip(".")


def host_keys(name: str) -> tuple[str, ...]:
    """The hosts that are asked for, in this order: itself, its wildcard, rules without host."""
    return name, wildcard_of(name), ANY_HOST


def _expressed(inventory: Inventory, name: str) -> list[str]:
    """What stands for hosts that match an expression, the longest first, where this name does."""
    expressions = (each for each in inventory.main_wish.extras if isinstance(each, HostExpression))
    in_order = sorted(expressions, key=lambda each: (-len(each.text), each))
    return [each.key for each in in_order if re.fullmatch(each.text, name)]


def winning_route(routes: tuple[Route, ...], path: str) -> Route | None:
    """The route of one host that gets this path."""
    exact = next((route for route in routes if route.exact and route.path == path), None)
    ranked = sorted((route for route in routes if route.rank), key=lambda route: route.rank)
    if exact or ranked:
        return exact or next((route for route in ranked if _is_taken(path, route)), None)
    prefixes = (route for route in routes if _is_taken(path, route))
    return max(prefixes, key=lambda route: len(route.path.rstrip("/")), default=None)


def _demand(inventory: Inventory, route: Route | None) -> Demand | None:
    """What a route's Ingress asks of clients; nothing that they show counts where its host is judged by another Secret."""
    ingress = inventory.object(ObjectRef.titled(Ingress.kind, route.ingress)) if route else None
    if route is None or not isinstance(ingress, Ingress) or not asks_for_certificates(ingress):
        return None
    secret, judging = demanded(ingress), inventory.certificates.handshakes.of(route.host).secret
    said = dict(ingress.options).get(AUTH_TLS_VERIFY_CLIENT.name, Verification.ON)
    assert isinstance(said, Verification), said
    return Demand(secret if secret == judging else None, said)


def _is_taken(path: str, route: Route) -> bool:
    """Whether a route takes a path, if no other one does."""
    if route.expression:
        return re.match(route.expression, path.replace("|", "%7C")) is not None
    return not route.exact and _is_below(path, route.path)


def _is_below(path: str, prefix: str) -> bool:
    """Whether the path begins with the elements of the prefix."""
    return (path + "/").startswith(prefix.rstrip("/") + "/")


def _why_not(candidate: Route, path: str, matched: str | None, winner: Route | None) -> str:
    if candidate.host == DEFAULT_KEY:
        return "the default is for what no rule matches"
    if candidate.condition and _is_taken(path, candidate) and candidate.host == matched:
        return f"it is for requests alone that have {candidate.condition}"
    if candidate.host != matched:
        return f"the host {matched} has rules of its own, and only those are asked"
    if candidate.exact and candidate.path != path:
        return f"the path is not exactly {candidate.path}"
    if candidate.expression and not _is_taken(path, candidate):
        return f"the path does not match {candidate.path}"
    if not (candidate.exact or candidate.expression) and not _is_below(path, candidate.path):
        return f"the path does not begin with the elements of {candidate.path}"
    if winner is not None and winner.exact:
        return "an exact path comes before a prefix" if not candidate.expression else "an exact path comes first"
    return "a longer path matches" if candidate.rank else "a longer prefix matches"
