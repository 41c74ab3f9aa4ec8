"""hadyn annotations."""

from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.flags import output_flag
from hadyn.cli.output import document_text, echo_table
from hadyn.errors import WrongUsage
from hadyn.model.options.option import PREFIX, Option, Scope
from hadyn.model.options.table import BY_ALIAS, BY_NAME, OPTIONS, closest_name

EXAMPLE = """
  $ hadyn annotations
  $ hadyn annotations slots-max
"""


@command("annotations", example=EXAMPLE)
@click.argument("name", required=False)
@output_flag("json", "yaml", "wide", "name")
def annotations(name: str | None, form: str | None) -> None:
    """Show the reference of annotations.

    NAME is an annotation with or without its prefix, or one of another controller that
    hadyn understands. Those without prefix are for the ConfigMap of --config-map alone.
    """
    options = OPTIONS if name is None else (_option(name),)
    if form in ("json", "yaml"):
        documents = [_document(option) for option in options]
        click.echo(document_text(documents if name is None else documents[0], form), nl=False)
    elif form == "name":
        for option in options:
            click.echo(option.title)
    elif name is None and form == "wide":
        rows = [(option.title, option.sentence, option.default_text, option.accepted) for option in OPTIONS]
        echo_table(("ANNOTATION", "MEANS", "DEFAULT", "VALUES"), rows)
    elif name is None:
        echo_table(("ANNOTATION", "MEANS"), [(option.title, option.sentence) for option in OPTIONS])
    else:
        for title, text in _lines(options[0]):
            click.echo(f"{title:<10}{text}")


def places(option: Option[Any]) -> str:
    """The kinds of objects an annotation may stand on: "Ingress, Service"."""
    return ", ".join(scope.value for scope in Scope if scope in option.scope)


def _option(name: str) -> Option[Any]:
    found = BY_NAME.get(name.removeprefix(PREFIX)) or BY_ALIAS.get(name)
    if found is not None:
        return found
    closest = closest_name(name.removeprefix(PREFIX))
    remedy = f"Did you mean {closest}?" if closest else "`hadyn annotations` lists all"
    raise WrongUsage(f"hadyn has no annotation {name!a}", remedy=remedy)


def _lines(option: Option[Any]) -> list[tuple[str, str]]:
    return [
        ("name", option.title),
        ("means", option.sentence),
        ("values", option.accepted),
        ("default", option.default_text),
        ("on", places(option)),
        ("applies", option.effect.value),
        ("example", f'{option.title}: "{option.example}"'),
        ("also", ", ".join(option.alias_names) or "nothing else"),
    ]


def _document(option: Option[Any]) -> dict[str, Any]:
    return {
        "annotation": option.title,
        "means": option.sentence,
        "values": option.accepted,
        "default": option.default_text,
        "on": [scope.value for scope in Scope if scope in option.scope],
        "applies": option.effect.value,
        "example": option.example,
        "aliases": list(option.alias_names),
    }
