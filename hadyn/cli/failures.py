"""How a command says that it failed."""

from __future__ import annotations

from typing import IO, Any

import click


class Failed(click.ClickException):
    """Ends a command with one sentence on stderr: what happened, and what to do."""

    def __init__(self, happened: str, remedy: str, *, exit_code: int = 1) -> None:
        super().__init__(f"{happened}. {remedy}")
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for classes, but reads it here

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"hadyn: {self.message}", err=True, file=file)
