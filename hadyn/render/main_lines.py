"""Spell what the operator's options add to the main file."""

from __future__ import annotations

from hadyn.model.options.option import Section
from hadyn.model.options.routing import Said
from hadyn.model.options.table import OPTIONS


def main_lines(section: Section, said: Said) -> tuple[str, ...]:
    """Return the lines of one section, without indent. Behind hadyn's own, since HAProxy takes the last of two."""
    lines = tuple(
        str(line)
        for option in OPTIONS
        if option.main is section and option.name in said.values
        for line in option.directives(said.values[option.name], said)
    )
    return ("# the operator's options", *lines) if lines else ()
