"""hadyn slots."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.control import NotRunning, ask
from hadyn.cli.drained import backend_names
from hadyn.cli.flags import output_flag, state_dir_flag, watch_flags
from hadyn.cli.output import document_text, echo_table, rich_table, utc_now
from hadyn.cli.slot_rows import HEADER, SLOT_HEADER, backend_rows, slot_rows
from hadyn.errors import WrongUsage
from hadyn.settings import Settings

EXAMPLE = """
  $ hadyn slots
  $ hadyn slots shop_web_80 --watch
  $ hadyn slots -o json | jq '.[] | select(.free < 2) | .backend'
"""

Documents = list[dict[str, Any]]
Look = Callable[[], Documents]


@command("slots", example=EXAMPLE)
@click.argument("backend", nargs=-1, shell_complete=backend_names)
@watch_flags
@output_flag("json", "yaml", "wide", "name")
@click.option(
    "--runtime-socket",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Ask this HAProxy itself, without hadyn: addresses only, no names of pods.",
)
@state_dir_flag
def slots(  # noqa: PLR0913 - one parameter for each flag
    *,
    backend: tuple[str, ...],
    watch: bool,
    interval: float,
    form: str | None,
    runtime_socket: Path | None,
    state_dir: Path,
) -> None:
    """Show who sits in which slot.

    A free slot waits for the next pod: that is why it needs no reload. With names of
    backends, or -o wide, each slot is shown with its endpoint.
    """
    is_by_slot = bool(backend) or form == "wide"
    # Every slot of thousands of backends is a lot to spell: only who wants to see them asks for them.
    path = "/api/slots" if is_by_slot or form in ("json", "yaml") else "/api/backends"

    def look() -> Documents:
        return _from_haproxy(runtime_socket, backend) if runtime_socket else _from_hadyn(state_dir, path, backend)

    if not watch:
        _echo(look(), form, is_by_slot=is_by_slot)
    elif sys.stdout.isatty() and form in (None, "wide"):
        _show_live(look, interval, is_by_slot=is_by_slot)
    else:
        _echo_changes(look, interval, form, is_by_slot=is_by_slot)


def _from_hadyn(state_dir: Path, path: str, backends: Collection[str]) -> Documents:
    """Ask the hadyn of a state folder; without one, the HAProxy that it left running."""
    try:
        found: Documents = ask(state_dir, path, {"backend": list(backends)} if backends else None)
    except NotRunning:
        left_behind = Settings(state_dir=state_dir).runtime_socket
        if not left_behind.exists():
            raise
        click.echo(f"hadyn: no hadyn runs with {state_dir}; this is what HAProxy says", err=True)
        return _from_haproxy(left_behind, backends)
    return found


def _from_haproxy(socket: Path, backends: Collection[str]) -> Documents:
    from hadyn.observe.documents import slots_document  # noqa: PLC0415 - only who asks HAProxy itself pays for it
    from hadyn.planner.capabilities import Capabilities  # noqa: PLC0415
    from hadyn.runtime.client import Runtime, identify  # noqa: PLC0415
    from hadyn.runtime.connection import unix_conversation  # noqa: PLC0415

    converse = unix_conversation(socket)
    version = identify(converse, str(socket)).version
    runtime = Runtime(converse, capabilities=Capabilities(version), map_folder="maps", name=str(socket))
    observed = runtime.observe(backends or None)
    missing = sorted(set(backends) - observed.keys())
    if missing:
        raise WrongUsage(f"HAProxy has no backend {missing[0]!a}", remedy="`hadyn slots` lists them all")
    return slots_document({}, {name: found for name, found in observed.items() if found.slots}, utc_now())


def _echo(documents: Documents, form: str | None, *, is_by_slot: bool) -> None:
    if form in ("json", "yaml"):
        click.echo(document_text(documents, form), nl=False)
    elif form == "name":
        for document in documents:
            click.echo(document["backend"])
    elif is_by_slot:
        echo_table(SLOT_HEADER, slot_rows(documents, utc_now()))
    else:
        echo_table(HEADER, backend_rows(documents))


def _echo_changes(look: Look, interval: float, form: str | None, *, is_by_slot: bool) -> None:
    """Print everything whenever something differs, apart from how long ago it began."""
    shown: Documents | None = None
    while True:
        documents = look()
        if shown is None or _without_times(documents) != _without_times(shown):
            _echo(documents, form, is_by_slot=is_by_slot)
            sys.stdout.flush()
            shown = documents
        time.sleep(interval)


def _without_times(documents: Documents) -> Documents:
    return [
        {**document, "entries": [{**entry, "since": None} for entry in document.get("entries", ())]}
        for document in documents
    ]


def _show_live(look: Look, interval: float, *, is_by_slot: bool) -> None:
    from rich.live import Live  # noqa: PLC0415 - only who watches pays for it

    with Live(auto_refresh=False, screen=True, vertical_overflow="crop") as live:
        while True:
            documents = look()
            if is_by_slot:
                live.update(rich_table(SLOT_HEADER, slot_rows(documents, utc_now())), refresh=True)
            else:
                live.update(rich_table(HEADER, backend_rows(documents)), refresh=True)
            time.sleep(interval)
