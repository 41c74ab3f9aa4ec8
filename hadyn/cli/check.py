"""hadyn check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hadyn.cli.flags import command, output_flag, policy_flags
from hadyn.cli.output import counted, document_text

EXAMPLE = """
  $ hadyn check examples/shop
  $ helm template shop | tee shop.yaml >/dev/null && hadyn check shop.yaml -o json
"""


@command("check", example=EXAMPLE)
@click.argument("path", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_flag("json", "yaml")
@policy_flags
def check(path: tuple[Path, ...], form: str | None, **flags: Any) -> None:
    """Judge manifests as run would.

    Each problem on a line: file and line, object, field, what is wrong, what to do. The
    exit code is 1 if there is any.
    """
    from hadyn.cli.standalone import judged  # noqa: PLC0415 - imports the whole model
    from hadyn.observe.documents import problem_documents  # noqa: PLC0415

    found = judged(path, flags)
    problems = found.problems()
    if form:
        click.echo(document_text(problem_documents(problems), form), nl=False)
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(_summary(found, len(problems)), err=bool(problems))
    sys.exit(1 if problems else 0)


def _summary(found: Any, problems: int) -> str:
    objects = found.delivery.upserts
    ingresses = sum(upsert.kind == "Ingress" for upsert in objects)
    ours = found.inventory.ingress_count()
    said = [
        counted(problems, "problem") if problems else "no problem",
        f"{counted(len(objects), 'object')} in {counted(len(found.manifests.listing.files), 'file')}",
        f"{counted(len(found.inventory.backend_names()), 'backend')}, {counted(ours, 'Ingress', 'Ingresses')}",
    ]
    if ours < ingresses:
        said.append(f"{ingresses - ours} of other classes than {found.settings.ingress_class}")
    return "; ".join(said)
