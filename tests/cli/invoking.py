"""Run commands of hadyn in this process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from hadyn.cli import hadyn

SHOP = Path(__file__).parents[2] / "examples" / "shop"


def invoke(*arguments: object, **environment: str) -> Result:
    """Run ``hadyn ARGUMENTS`` with these variables of the environment."""
    return CliRunner(env=environment).invoke(hadyn, [str(argument) for argument in arguments], prog_name="hadyn")
