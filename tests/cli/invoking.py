"""Run commands of hadyn in this process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from hadyn.cli import hadyn

SHOP = Path(__file__).parents[2] / "examples" / "shop"


def invoke(*arguments: object, stdin: str | None = None, **environment: str) -> Result:
    """Run ``hadyn ARGUMENTS`` with these variables of the environment."""
    said = [str(argument) for argument in arguments]
    return CliRunner(env=environment).invoke(hadyn, said, input=stdin, prog_name="hadyn")
