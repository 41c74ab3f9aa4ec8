"""hadyn check."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.flags import output_flag
from hadyn.cli.output import counted, document_text, echo_table
from hadyn.cli.policy_flags import policy_flags

EXAMPLE = """
  $ hadyn check examples/shop
  $ helm template shop | tee shop.yaml >/dev/null && hadyn check shop.yaml -o json
  $ kubectl get ingress,service -A -o yaml | hadyn check --from nginx -
"""


@command("check", example=EXAMPLE)
@click.argument("path", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "peer",
    type=click.Choice(("nginx", "haproxy-ingress", "haproxytech")),
    help="Report instead what becomes of this controller's annotations; PATH may be - for stdin.",
)
@output_flag("json", "yaml")
@policy_flags
def check(path: tuple[Path, ...], peer: str | None, form: str | None, **flags: Any) -> None:
    """Judge manifests as run would.

    Each problem on a line: file and line, object, field, what is wrong, what to do. The
    exit code is 1 if there is any.
    """
    if peer is not None:
        sys.exit(_report(path, peer, form))
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


def _report(paths: tuple[Path, ...], name: str, form: str | None) -> int:
    """Show what becomes of another controller's annotations; return 1 where something has no equal."""
    from hadyn.cli.migration import findings  # noqa: PLC0415 - imports the whole model
    from hadyn.model.options.foreign.peers import PEERS  # noqa: PLC0415
    from hadyn.model.options.foreign.verdicts import Verdict  # noqa: PLC0415

    found = findings(PEERS[name], paths)
    if form:
        documents = [
            {
                "annotation": each.annotation,
                "verdict": each.judgement.verdict.value,
                "said": each.judgement.said,
                "objects": each.objects,
            }
            for each in found
        ]
        click.echo(document_text(documents, form), nl=False)
    else:
        rows = [
            (each.annotation, each.judgement.verdict.value, str(len(each.objects)), each.judgement.said)
            for each in found
        ]
        if rows:
            echo_table(("ANNOTATION", "VERDICT", "OBJECTS", "MEANS"), rows)
        counts = Counter(each.judgement.verdict for each in found)
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        click.echo(f"{counted(len(found), 'annotation')} of {PEERS[name].title}{': ' + said if said else ''}", err=True)
    return int(any(each.judgement.verdict in (Verdict.NO_EQUAL, Verdict.UNKNOWN) for each in found))


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
