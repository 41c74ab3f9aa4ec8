"""hadyn completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from hadyn.cli.command import command

EXAMPLE = """
  $ eval "$(hadyn completion bash)"
  $ hadyn completion fish > ~/.config/fish/completions/hadyn.fish
"""


@command("completion", example=EXAMPLE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, flags, their values, and names of backends while a hadyn runs.
    """
    script = get_completion_class(shell)
    assert script is not None, shell
    context = click.get_current_context()
    click.echo(script(context.find_root().command, {}, "hadyn", "_HADYN_COMPLETE").source())
