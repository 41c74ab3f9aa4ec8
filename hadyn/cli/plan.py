"""hadyn plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.control import ask_unless_given
from hadyn.cli.flags import manifests_flag, output_flag, state_dir_flag
from hadyn.cli.output import counted, document_text, echo_table
from hadyn.cli.policy_flags import policy_flags

EXAMPLE = """
  $ hadyn plan
  $ hadyn plan --manifests examples/shop
"""
HEADER = ("BACKEND", "SLOTS", "SEATED", "UNSEATED")

Document = dict[str, Any]


@command("plan", example=EXAMPLE)
@output_flag("json", "yaml")
@manifests_flag("Plan a first start with these instead of asking a running hadyn; repeatable.")
@policy_flags
@state_dir_flag
def plan(form: str | None, manifests: tuple[Path, ...], state_dir: Path, **flags: Any) -> None:
    """Show what a cycle would do now.

    Commands in HAProxy's words, and reloads with their reasons; nothing is changed. In
    quiet times a running hadyn has nothing to do.
    """
    document = ask_unless_given(manifests, state_dir, "/api/plan")
    if document is None:
        document = _first_start(manifests, flags)
    if form:
        click.echo(document_text(document, form), nl=False)
    else:
        _echo(document)


def _first_start(manifests: tuple[Path, ...], flags: dict[str, Any]) -> Document:
    """The plan of a hadyn that finds no HAProxy."""
    from hadyn.cli.standalone import judged  # noqa: PLC0415 - imports the whole model
    from hadyn.observe.documents import plan_document  # noqa: PLC0415
    from hadyn.planner.capabilities import OLDEST, Capabilities  # noqa: PLC0415
    from hadyn.planner.observed import Observed  # noqa: PLC0415
    from hadyn.planner.planning import Desired, make_plan  # noqa: PLC0415

    click.echo("hadyn: this is what a first start does", err=True)
    found = judged(manifests, flags)
    backends = {name: found.inventory.backend(name) for name in sorted(found.inventory.backend_names())}
    desired = Desired(backends, found.entries())
    # HAProxy reads all of it from its files when it starts, whatever it could be told later.
    capabilities = Capabilities(OLDEST)
    loaded = frozenset(backends)
    return plan_document(make_plan(desired, Observed(), loaded=loaded, drain_seconds=0, capabilities=capabilities))


def _echo(document: Document) -> None:
    if not document["commands"] and not document["reloads"]:
        click.echo("nothing to do")
        return
    for reload in document["reloads"]:
        detail = f" ({reload['detail']})" if reload["detail"] else ""
        click.echo(f"reload because {reload['reason']} {reload['backend']}{detail}")
    for spelled in document["commands"]:
        click.echo(spelled)
    rows = [
        (backend["backend"], str(backend["slots"]), str(len(backend["seats"])), str(len(backend["unseated"])))
        for backend in document["backends"]
    ]
    click.echo()
    echo_table(HEADER, rows)
    click.echo(
        f"\n{counted(len(document['commands']), 'command')}, {counted(len(document['reloads']), 'reason')} to reload"
    )
