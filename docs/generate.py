"""Write the docs that the code itself tells: commands, annotations, metrics, values of the chart, a picture.

``python docs/generate.py`` writes them, ``--check`` fails where one is stale.
"""

from __future__ import annotations

import inspect
import json
import re
import runpy
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import yaml

from hadyn.cli import COMMANDS
from hadyn.observe.metrics import TABLE

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py (make docs): do not edit. -->"
SHARED = {"config", "debug"}
PAGES_OF_OPTIONS = runpy.run_path(str(DOCS / "options_pages.py"))["PAGES"]
VALUES = DOCS.parent / "deploy" / "chart" / "values.yaml"
VALUE_LINE = re.compile(r"^( *)(?:# -- (.+)|([A-Za-z]\w*):.*)$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    """Write or check all documents; return the exit code."""
    stale = [name for name, text in documents().items() if not _is_written(DOCS / name, text)]
    if "--check" in arguments:
        for name in stale:
            click.echo(f"docs/{name} is stale: run make docs and commit it", err=True)
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(documents()[name])
        click.echo(f"docs/{name} written")
    return 0


def documents() -> dict[str, str]:
    """The generated documents by name."""
    generated = {"cli.md": cli_lines(), "metrics.md": metric_lines()}
    generated |= {name: lines(NOTE) for name, lines in PAGES_OF_OPTIONS.items()}
    generated["../deploy/chart/README.md"] = chart_lines()
    return {name: "\n".join(lines) + "\n" for name, lines in generated.items()} | {"dns-time-line.svg": picture()}


def picture() -> str:
    """docs/dns-time-line.svg, by docs/time_line.py."""
    drawn: str = runpy.run_path(str(DOCS / "time_line.py"))["picture"]()
    return drawn


def cli_lines() -> Iterator[str]:
    """docs/cli.md, from the tree of commands."""
    yield from ("# Commands", "", NOTE, "")
    yield "A flag wins over its variable, that over the YAML file of `--config` (`http-port: 8080`), that over the default."
    yield "Exit code 0: done; 1: failed, or found something; 2: wrong usage. `--debug` shows the traceback of an error."
    yield from ("", "| command | job |", "| --- | --- |")
    yield from (f"| [`hadyn {name}`](#hadyn-{name}) | {text} |" for name, text in COMMANDS.items())
    for name in COMMANDS:
        command = getattr(import_module(f"hadyn.cli.{name}"), name)
        yield from ("", f"## hadyn {name}", "", inspect.cleandoc(command.help or ""), "")
        yield from _examples(command)
        yield from _arguments(command)
        yield from _flags(command)


def metric_lines() -> Iterator[str]:
    """docs/metrics.md, from the table of metrics."""
    yield from ("# Metrics", "", NOTE, "")
    yield "At `/metrics` of `--status-bind`, in Prometheus' text format. Durations are in seconds. Slots, problems and"
    yield "staleness are looked up when somebody scrapes; the rest is counted where it happens, since hadyn started."
    yield from ("", "| metric | kind | labels | meaning |", "| --- | --- | --- | --- |")
    for metric in TABLE.values():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {_cell(metric.sentence)} |"


def chart_lines() -> Iterator[str]:
    """deploy/chart/README.md, from its values.yaml."""
    yield from ("# The Helm chart", "", NOTE, "")
    yield "HAProxy with hadyn beside it, in a Deployment or a DaemonSet: [docs/kubernetes.md](../../docs/kubernetes.md) leads from an"
    yield "empty cluster to the first request, [docs/rbac.md](../../docs/rbac.md) says what hadyn may do, and"
    yield "[haproxy/README.md](../../haproxy/README.md) how to build its image. A value that does not exist is refused."
    yield from ("", "| value | default | meaning |", "| --- | --- | --- |")
    values = yaml.safe_load(VALUES.read_text())
    for path, sentence in _described_values(VALUES.read_text()):
        default = values
        for name in path:
            default = default[name]
        yield f"| `{'.'.join(path)}` | `{json.dumps(default)}` | {sentence} |"


def _described_values(text: str) -> Iterator[tuple[list[str], str]]:
    """The values behind a comment that begins with ``# --``, and what it says; others are part of one of these."""
    sentence, path = "", list[str]()
    for spaces, said, name in VALUE_LINE.findall(text):
        if said:
            sentence = said
            continue
        path = [*path[: len(spaces) // 2], name]
        if sentence:
            yield path, sentence
        sentence = ""


def _examples(command: click.Command) -> Iterator[str]:
    lines = (command.epilog or "").splitlines()
    yield "```console"
    yield from (line.strip() for line in lines if line.strip().startswith("$"))
    yield "```"


def _arguments(command: click.Command) -> Iterator[str]:
    words = [
        parameter.make_metavar(click.Context(command))
        for parameter in command.params
        if parameter.param_type_name == "argument"
    ]
    if words:
        yield from ("", f"Arguments: {' '.join(f'`{word}`' for word in words)}")


def _flags(command: click.Command) -> Iterator[str]:
    options = [option for option in command.params if isinstance(option, click.Option) and option.name not in SHARED]
    if not options:
        return
    yield from ("", "| flag | default | variable | meaning |", "| --- | --- | --- | --- |")
    for option in options:
        flags = ", ".join(f"`{flag}`" for flag in option.opts)
        yield f"| {flags} | {_default(option)} | {_variable(option)} | {_meaning(option)} |"


def _default(option: click.Option) -> str:
    if option.is_flag or option.multiple or option.default in (None, "") or option.default is click.core.UNSET:
        return ""
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    return f"`{shown}`" if shown is option.default else _cell(str(shown))


def _variable(option: click.Option) -> str:
    if not option.allow_from_autoenv:
        return ""
    return f"`{option.envvar}`" if isinstance(option.envvar, str) else f"`HADYN_{(option.name or '').upper()}`"


def _meaning(option: click.Option) -> str:
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    listed = f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else ""
    required = " Required." if option.required else ""
    return _cell(f"{option.help or ''}{listed}{required}".strip())


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _is_written(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
