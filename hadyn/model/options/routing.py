"""What an Ingress says of its routes, as fields of their entries in the maps.

Rule: an Ingress stands in its routes' entries exactly while it has an option of routes;
so the lines of a backend that are for one Ingress know its requests. A field that says
nothing is empty, and no empty one is last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

from hadyn.model.objects import Options
from hadyn.model.options.option import Option
from hadyn.model.options.table import BY_NAME, OPTIONS

Value = TypeVar("Value")

FIRST_FIELD = 3
"""The first field is the backend, the second the Ingress."""
FIELD = re.compile(r"[!-{}~]*")


def _number(option: Option[Any]) -> int:
    assert option.route_field, option
    assert option.route_field.number >= FIRST_FIELD, option
    return option.route_field.number


FIELDS = tuple(sorted((option for option in OPTIONS if option.route_field), key=_number))


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


def route_fields(ingress: str, options: Options) -> tuple[str, ...]:
    """Return the fields behind the backend, for the routes of an Ingress called "namespace/name"."""
    if not speaks_of_routes(options):
        return ()
    said = Said(options)
    fields = {_number(option): _spelled(option, said) for option in FIELDS if option.name in said.values}
    last = max((number for number, field in fields.items() if field), default=FIRST_FIELD - 1)
    return (ingress, *(fields.get(number, "") for number in range(FIRST_FIELD, last + 1)))


def field_rules() -> Iterator[str]:
    """Yield the frontend's lines that take a route's entry apart, and act on its fields."""
    for option in FIELDS:
        assert option.route_field, option
        field = option.route_field
        yield f"http-request set-var(txn.{field.name}) var(txn.route),field({field.number},|) if has_ingress"
        yield from field.rules


def _spelled(option: Option[Any], said: Said) -> str:
    assert option.route_field, option
    field = option.route_field.spell(said.values[option.name], said)
    assert FIELD.fullmatch(field), field
    return field
