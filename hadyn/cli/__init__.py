"""The command line: which commands there are, and how they end.

Rules: a command's module is imported when the command is used, so that help is fast;
whatever goes wrong is one sentence on stderr with what to do about it, and the exit code
says whose turn it is: 0 done, 1 failed or found something, 2 wrong usage.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from hadyn import __version__
from hadyn.cli.failures import Failed
from hadyn.errors import HadynError, OutOfMemory

COMMANDS = {
    "run": "Keep HAProxy in step with a cluster, or with manifests.",
    "demo": "Show a rolling update under load, on this machine.",
    "slots": "Show who sits in which slot.",
    "status": "Show how hadyn and its HAProxy are.",
    "plan": "Show what a cycle would do now.",
    "explain": "Show which Ingress, backend and slots a URL meets.",
    "drain": "Take endpoints out of service by hand.",
    "undrain": "Let drained endpoints serve again.",
    "resolve": "Show what the resolver knows of names.",
    "check": "Judge manifests as run would.",
    "render": "Write the HAProxy configuration for manifests.",
    "annotations": "Show the reference of annotations.",
    "completion": "Print the completion script of a shell.",
}
"""All commands with the first line of their help, in the order of help; the module has the command's name."""

EXAMPLE = """\b
Example:
  $ hadyn run --manifests examples/shop
  $ hadyn slots
"""
HELP_FLAGS = ["-h", "--help"]
WIDTH = 100
"""Columns of help, where the terminal has them."""
_INTERRUPTED = 130


class Hadyn(click.Group):
    """The group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks with the context
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"hadyn.cli.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command), cmd_name
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        commands = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except HadynError as error:
            if ctx.meta.get(DEBUG):
                raise
            raise Failed(error.happened, error.remedy, exit_code=error.exit_code) from error
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as mistake:
            if OutOfMemory.is_meant_by(mistake):
                exhausted = OutOfMemory()
                raise Failed(exhausted.happened, exhausted.remedy) from mistake
            if ctx.meta.get(DEBUG):
                raise
            happened = f"hadyn made a mistake: {type(mistake).__name__}: {mistake}"
            raise Failed(happened, "Please report it with what --debug shows") from mistake


DEBUG = "hadyn.debug"
"""Where the context keeps whether --debug was given."""


@click.group(
    cls=Hadyn,
    epilog=EXAMPLE,
    context_settings={"help_option_names": HELP_FLAGS, "max_content_width": WIDTH},
)
@click.version_option(__version__, "-V", "--version", message="hadyn %(version)s")
def hadyn() -> None:
    """Keep a running HAProxy in step with Kubernetes, without reloads."""


def main() -> NoReturn:
    """Run the command that the arguments name; never returns."""
    try:
        sys.exit(hadyn(prog_name="hadyn"))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
