"""How commands show what they know: tables for people, JSON and YAML for programs.

Rules: a table on a terminal has colours and fits it; elsewhere it is plain text, one row
a line, nothing cut. NO_COLOR is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

GAP = "   "
_COLOURS = {
    "ready": "green",
    "draining": "yellow",
    "drain": "yellow",
    "maint": "red",
    "free": "bright_black",
    "down": "bold red",
    "running": "green",
}
"""Words that stand for a state, wherever they are a whole cell."""
_MAY_WRAP = {"SERVICE", "ENDPOINT", "VALUES", "DEFAULT", "MEANS"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Rows = Sequence[Sequence[str]]


def document_text(document: Any, form: str) -> str:
    """Spell a document as ``json`` or ``yaml``, with the final line end."""
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml  # noqa: PLC0415 - only who asks for YAML pays for it

    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1000)


def echo_table(header: Sequence[str], rows: Rows) -> None:
    """Print a table: in colours on a terminal, plain elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 - only who has a terminal pays for it

        Console().print(rich_table(header, rows))
    else:
        click.echo(plain_table(header, rows), nl=False)


def plain_table(header: Sequence[str], rows: Rows) -> str:
    """Spell a table with columns of equal width, each line ended, no blanks behind."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = (GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in padded)


def rich_table(header: Sequence[str], rows: Rows) -> Table:
    """The same table for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only who has a terminal pays for it
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold")
    for title in header:
        table.add_column(title, overflow="fold", no_wrap=title not in _MAY_WRAP)
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    return table


def age(since: str, now: datetime) -> str:
    """How long ago ("2026-11-22T10:00:00Z") was: ``42s``, ``5m``, ``3h``, ``12d``."""
    return duration((now - datetime.fromisoformat(since)).total_seconds())


def duration(seconds: float) -> str:
    """Spell a time roughly, as kubectl does: ``42s``, ``5m``, ``3h``, ``12d``."""
    whole = max(0, int(seconds))
    for size, unit in _UNITS:
        if whole >= size * (2 if unit != "s" else 1):
            return f"{whole // size}{unit}"
    return f"{whole}s"


def utc_now() -> datetime:
    return datetime.now(UTC)


def counted(number: int, one: str, many: str = "") -> str:
    """``1 problem``, ``2 problems``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
