"""hadyn undrain."""

from __future__ import annotations

from pathlib import Path

import click

from hadyn.cli.command import command
from hadyn.cli.control import ask
from hadyn.cli.drained import backend_names, echo_drained
from hadyn.cli.flags import output_flag, state_dir_flag

EXAMPLE = """
  $ hadyn undrain shop_web_80 s3
  $ hadyn undrain shop_web_80
"""


@command("undrain", example=EXAMPLE)
@click.argument("backend", shell_complete=backend_names)
@click.argument("who", metavar="[SLOT|ENDPOINT]...", nargs=-1)
@output_flag("json", "yaml")
@state_dir_flag
def undrain(*, backend: str, who: tuple[str, ...], form: str | None, state_dir: Path) -> None:
    """Let drained endpoints serve again.

    Without naming any, all of the backend do that `hadyn drain` took out of service. A backend
    that was drained whole can only be undone whole: naming some of it is refused.
    """
    told = ask(state_dir, "/api/undrain", {"backend": backend, "who": who}, method="POST")
    echo_drained(told, form)
