"""What an Ingress says of its routes, as fields of their entries in the maps.

Rule: an Ingress stands in its routes' entries exactly while it has an option of routes;
so the lines of a backend that are for one Ingress know its requests. A field that says
nothing is empty, and no empty one is last.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TypeVar

from hadyn.model.desired import GUARD_FIELD
from hadyn.model.extras import NONE, Extras
from hadyn.model.networks import Access, access_list
from hadyn.model.objects import Options
from hadyn.model.options.admission import ACCESS
from hadyn.model.options.asking import CANARIES
from hadyn.model.options.client_certificates import BELIEF
from hadyn.model.options.option import Chosen, Option, RouteFacts, RouteField
from hadyn.model.options.redirects import REDIRECT
from hadyn.model.options.rewrites import REWRITE
from hadyn.model.options.sources import ALLOW_SOURCE, DENY_SOURCE
from hadyn.model.options.stand_ins import STAND_IN
from hadyn.model.options.table import BY_NAME, OPTIONS

Value = TypeVar("Value")

FIRST_FIELD = 3
"""The first field is the backend, the second the Ingress."""
CHOICE = "use_backend "
FIELD = re.compile(r"(?:[!-:=-[\]-{}~]|\\[1-9])*")
"""Neither what ends a field nor what HAProxy's socket acts on; HAProxy puts a group of an expression for ``\\1``."""


GUARDS = tuple(option for option in OPTIONS if option.is_guard)


def guard(chosen: Chosen) -> str:
    """Return a name for what is said of who may come in, "" where nothing is: equal for the same alone."""
    said = [(option.name, value) for option in GUARDS if (value := chosen.value(option)) is not None]
    return f"{zlib.crc32(repr(said).encode()):08x}" if said else ""


GUARD = RouteField(number=GUARD_FIELD, name="guard", spell=lambda chosen, _route: guard(chosen))
"""Nobody but hadyn reads it: a route leads nowhere before HAProxy has the lines that it needs."""
FIELDS = (REDIRECT, REWRITE, ACCESS, GUARD, BELIEF, CANARIES, STAND_IN)
"""By number, ascending; 9 and 10 are of the canaries, too, 12 to 14 of headers (``header_matches.py``)."""


class Said:
    """The values that one object, or several on top of each other, say; defaults for the rest."""

    def __init__(self, *said: Options) -> None:
        """The first that says something of an option is heard."""
        self.values: dict[str, object] = {}
        for options in reversed(said):
            self.values.update(options)

    def value(self, option: Option[Value], /) -> Value | None:
        found: Value | None = self.values.get(option.name, option.default)  # type: ignore[assignment]  # its own parser made it
        return found


def speaks_of_routes(options: Options) -> bool:
    """Whether an Ingress with these options has its own say on the requests of its routes."""
    return any(BY_NAME[name].per_route for name, _ in options)


def route_fields(ingress: str, said: Options, standing: Options, route: RouteFacts) -> tuple[str, ...]:
    """Return the fields behind the backend, for a route of an Ingress called "namespace/name"; ``standing`` are the operator's."""
    speaks = speaks_of_routes(said) or speaks_of_routes(standing)
    if not (speaks or route.has_tls or route.moved_to):
        return ()
    chosen = Said(said, standing)
    fields = {field.number: _spelled(field, chosen, route) for field in FIELDS}
    last = max((number for number, field in fields.items() if field), default=FIRST_FIELD - 1)
    behind = tuple(fields.get(number, "") for number in range(FIRST_FIELD, last + 1))
    return (ingress if speaks else "", *behind) if speaks or behind else ()


def route_access(ingress: str, said: Options, standing: Options, host: str) -> Access | None:
    """Return from where requests to a host may come, as far as an Ingress has a say; None where from everywhere."""
    chosen = Said(said, standing)
    allowed, denied = chosen.value(ALLOW_SOURCE), chosen.value(DENY_SOURCE)
    return None if allowed is denied is None else access_list(f"{host}/{ingress}", allowed, denied)


def route_faults(said: Options, standing: Options, route: RouteFacts) -> list[str]:
    """Return what an Ingress wishes of this route that cannot be."""
    if not (speaks_of_routes(said) or speaks_of_routes(standing)):
        return []
    chosen = Said(said, standing)
    return [fault for field in FIELDS if (fault := field.unlike(chosen, route))]


def field_rules(maps: str, *, speaks_tls: bool, extras: Extras = NONE) -> Iterator[str]:
    """Yield the frontend's lines that take a route's entry apart, and act on its fields; ``maps`` is the folder.

    Those that choose another backend come last: HAProxy warns of rules behind them.
    """
    asked = (field for field in FIELDS if field.extra is None or field.extra in extras)
    lines = [line for field in asked for line in _rules_of(field, maps, speaks_tls=speaks_tls)]
    yield from (line for line in lines if not line.startswith(CHOICE))
    yield from (line for line in lines if line.startswith(CHOICE))


def _rules_of(field: RouteField, maps: str, *, speaks_tls: bool) -> Iterator[str]:
    if not field.rules:
        return
    if field.extra is not None:
        yield field.extra.mark
    yield f"http-request set-var(txn.{field.name}) var(txn.route),field({field.number},|) if speaks"
    yield from (rule.replace("{maps}", maps) for rule in field.rules)
    yield from field.tls_rules if speaks_tls else ()


def _spelled(field: RouteField, chosen: Said, route: RouteFacts) -> str:
    text = field.spell(chosen, route)
    assert FIELD.fullmatch(text), text
    return text
