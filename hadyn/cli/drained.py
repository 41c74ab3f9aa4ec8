"""What the commands about drained endpoints share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from hadyn.cli.control import ask
from hadyn.cli.flags import default_state_dir
from hadyn.cli.output import counted, document_text
from hadyn.errors import HadynError

COMPLETION_SECONDS = 0.2


def backend_names(context: click.Context, _argument: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of backends while a hadyn runs; without one there is nothing to complete."""
    state_dir = context.params.get("state_dir") or default_state_dir()
    try:
        documents = ask(state_dir, "/api/slots", {"search": incomplete, "limit": 200}, timeout=COMPLETION_SECONDS)
    except HadynError:
        return []
    return [CompletionItem(found["backend"]) for found in documents if found["backend"].startswith(incomplete)]


def echo_drained(told: Mapping[str, Any], form: str | None) -> None:
    """Show who of a backend is drained now."""
    if form:
        click.echo(document_text(told, form), nl=False)
        return
    for each in told["drained"]:
        click.echo(f"{each['address']}  {each['endpoint'] or ''}".rstrip())
    click.echo(f"{told['backend']}: {counted(len(told['drained']), 'endpoint')} drained by hand", err=True)
