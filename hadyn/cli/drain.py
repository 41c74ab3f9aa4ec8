"""hadyn drain."""

from __future__ import annotations

from pathlib import Path

import click

from hadyn.cli.command import command
from hadyn.cli.control import ask
from hadyn.cli.drained import backend_names, echo_drained
from hadyn.cli.flags import output_flag, state_dir_flag

EXAMPLE = """
  $ hadyn drain shop_web_80 s3
  $ hadyn drain shop_web_80 web-6865546d4-89hn2
  $ hadyn drain shop_web_80
"""


@command("drain", example=EXAMPLE)
@click.argument("backend", shell_complete=backend_names)
@click.argument("who", metavar="[SLOT|ENDPOINT]...", nargs=-1)
@output_flag("json", "yaml")
@state_dir_flag
def drain(*, backend: str, who: tuple[str, ...], form: str | None, state_dir: Path) -> None:
    """Take endpoints out of service by hand.

    They keep the requests they have and get no new ones, also after reloads and restarts,
    until `hadyn undrain`, or until they are gone. An endpoint is named by its slot, its
    address or its pod; without any the whole backend is drained, with all who come.
    """
    told = ask(state_dir, "/api/drain", {"backend": backend, "who": who}, method="POST")
    echo_drained(told, form)
