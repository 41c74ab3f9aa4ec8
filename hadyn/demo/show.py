"""Show the demo: live on a terminal, in plain lines without one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hadyn.demo.figures import Figures, milliseconds, summary

PLAIN_SECONDS = 2.0
CELL_CHARACTERS = 7
STYLES = {"ready": "bold white on green4", "drain": "black on orange1", "maint": "white on grey37", "free": "grey50"}
SAID = {"ready": "ready", "drain": "draining", "maint": "in maintenance", "free": "free"}


@dataclass(frozen=True, slots=True)
class Glance:
    """What there is to see at one moment; ``seconds`` since the start, of ``total``; ``rate`` is answers a second."""

    seconds: float
    total: float
    rate: float
    figures: Figures
    slots: Sequence[Mapping[str, Any]] = ()
    sentences: Sequence[tuple[float, str]] = ()
    page: str = ""
    last_cycles: Sequence[str] = field(default=())


class Show(Protocol):
    """Shows glances, and the summary at the end."""

    def glance(self, glance: Glance) -> None:
        """Show this moment."""

    def end(self, figures: Figures, shortfalls: Sequence[str]) -> None:
        """Show the summary."""


@contextlib.contextmanager
def opened(console: Console) -> Iterator[Show]:
    """Give a live show on a terminal, one of plain lines elsewhere."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield PlainShow(console)
        return
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield LiveShow(console, live)


class PlainShow:
    """Lines that may go into a file: what begins, and every two seconds how it goes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = 0
        self._next = 0.0

    def glance(self, glance: Glance) -> None:
        for _, sentence in glance.sentences[self._told :]:
            self._print(f"{glance.seconds:5.1f} s  {sentence}")
        self._told = len(glance.sentences)
        if glance.seconds >= self._next:
            self._next = glance.seconds + PLAIN_SECONDS
            self._print(f"{glance.seconds:5.1f} s  {_going(glance)}")

    def end(self, figures: Figures, shortfalls: Sequence[str]) -> None:
        for name, figure, detail in summary(figures):
            self._print(f"{name:<18} {figure:>9}   {detail}".rstrip())
        self._print(verdict(shortfalls))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveShow:
    """A screen that changes in place: slots in colour, figures, what happens."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console = console
        self._live = live

    def glance(self, glance: Glance) -> None:
        self._live.update(picture(glance))

    def end(self, figures: Figures, shortfalls: Sequence[str]) -> None:
        self._live.update(Text(""))
        self._live.stop()
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column(justify="right")
        table.add_column(style="grey50")
        for row in summary(figures):
            table.add_row(*row)
        colour = "red" if shortfalls else "green"
        said = Text(verdict(shortfalls), style=f"bold {colour}")
        self._console.print(Panel(Group(table, Text(""), said), title="hadyn demo", border_style=colour, expand=False))


def picture(glance: Glance) -> RenderableType:
    """Return the whole screen for one moment."""
    head = Text.assemble(
        ("hadyn demo", "bold"),
        f"  HAProxy {glance.figures.haproxy_version}, started once",
        (f"   {glance.page}", "grey50"),
    )
    parts: list[RenderableType] = [head, Text("")]
    for backend in glance.slots:
        parts += [_backend_line(backend), _cells(backend), Text("")]
    parts.append(_legend())
    parts.append(Text(""))
    parts.append(Text(_going(glance), style="bold red" if glance.figures.results.failed else "bold"))
    parts.append(Text(f"  from a change to its traffic: {milliseconds(glance.figures.median_to_traffic)} (median)"))
    parts += [Text(f"  {sentence}", style="cyan") for _, sentence in glance.sentences[-1:]]
    parts += [
        Text(f"  {sentence}", style="grey50", overflow="ellipsis", no_wrap=True) for sentence in glance.last_cycles
    ]
    return Group(*parts)


def verdict(shortfalls: Sequence[str]) -> str:
    """Return the last sentence of the demo."""
    if shortfalls:
        return f"Not as promised: {'; '.join(shortfalls)}."
    return "Pods came and went, and no request failed."


def _going(glance: Glance) -> str:
    figures = glance.figures
    return (
        f"{glance.seconds:.0f} of {glance.total:.0f} s: {glance.rate:,.0f} requests/s, {figures.results.answered:,} answered, "
        f"{figures.results.failed:,} failed, {_counted(figures.changes, 'change')}, {_counted(figures.reloads, 'reload')}"
    )


def _counted(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _backend_line(backend: Mapping[str, Any]) -> Text:
    counts = f"{backend['ready']} ready, {backend['draining']} draining, {backend['free']} free of {backend['slots']}"
    return Text.assemble((f"{backend['service'] or backend['backend']}", "bold"), (f"   {counts}", "grey50"))


def _cells(backend: Mapping[str, Any]) -> Text:
    """One cell a slot; who leaves is marked by more than a colour, as those may be off."""
    cells = Text()
    for entry in backend["entries"]:
        who = (entry["endpoint"] or "").rpartition("/")[2]
        inside = {"ready": who, "drain": f"{who}>", "maint": "x"}.get(entry["state"], ".")
        cells.append(f"{inside[:CELL_CHARACTERS]:^{CELL_CHARACTERS}}", STYLES.get(entry["state"], ""))
        cells.append(" ")
    return cells


def _legend() -> Text:
    legend = Text("  ")
    for slot_state, style in STYLES.items():
        legend.append("  ", style if slot_state != "free" else "on grey23")
        legend.append(f" {SAID[slot_state]}   ", "grey50")
    return legend
