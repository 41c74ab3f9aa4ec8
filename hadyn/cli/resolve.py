"""hadyn resolve."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.control import NotRunning, ask
from hadyn.cli.dns_flags import dns_flags
from hadyn.cli.flags import output_flag, state_dir_flag, watch_flags
from hadyn.cli.output import document_text, duration, plain_table

EXAMPLE = """
  $ hadyn resolve web.shop.svc.cluster.local
  $ hadyn resolve _http._tcp.api.service.consul --dns-server 127.0.0.1:8600
  $ hadyn resolve api.service.example --type A --watch
"""
HEADER = ("ADDRESS", "STATE", "UNSEEN", "PRIORITY", "WEIGHT", "HOST", "SLOT")
NOTHING = "-"
FOUND_NOTHING = 1

Document = dict[str, Any]
Look = Callable[[], list[Document]]


@command("resolve", example=EXAMPLE)
@click.argument("name", nargs=-1, required=True)
@click.option("--type", "record_type", metavar="TYPE", help="A, AAAA or SRV; default: both families, or SRV for _name.")
@watch_flags
@output_flag("json", "yaml")
@dns_flags
@state_dir_flag
def resolve(  # noqa: PLR0913 - one parameter for each flag
    *,
    name: tuple[str, ...],
    record_type: str | None,
    watch: bool,
    interval: float,
    form: str | None,
    state_dir: Path,
    **flags: Any,
) -> None:
    """Show what the resolver knows of names.

    Records, how long their TTL lasts, whether an answer confirms them, which slot uses
    which. Asks the running hadyn, or DNS itself where none runs or --dns-server says whom.
    """
    query = {"name": list(name)} | ({"type": record_type} if record_type else {})
    with contextlib.ExitStack() as ending:
        look = _looking(query, state_dir, flags, ending)
        documents = look()
        _echo(documents, form)
        while watch:
            time.sleep(interval)
            before, documents = documents, look()
            if _without_times(documents) != _without_times(before):
                _echo(documents, form)
                sys.stdout.flush()
    if not _has_records(documents):
        click.get_current_context().exit(FOUND_NOTHING)


def _looking(query: dict[str, Any], state_dir: Path, flags: dict[str, Any], ending: contextlib.ExitStack) -> Look:
    """Return how to look: at the hadyn that runs, else at a resolver of our own, which knows more the longer it is watched."""
    ours: list[Look] = []

    def look() -> list[Document]:
        if not ours and not flags["dns_server"]:
            with contextlib.suppress(NotRunning):
                found: list[Document] = ask(state_dir, "/api/resolve", query)
                return found
        if not ours:
            ours.append(_by_ourselves(query, flags, ending))
        return ours[0]()

    return look


def _by_ourselves(query: dict[str, Any], flags: dict[str, Any], ending: contextlib.ExitStack) -> Look:
    from hadyn.controller.intent import resolver_settings  # noqa: PLC0415 - only without a running hadyn
    from hadyn.controller.names import name_document, questions_of, reports  # noqa: PLC0415
    from hadyn.resolver.resolver import Resolver  # noqa: PLC0415
    from hadyn.settings import Settings  # noqa: PLC0415

    # The reports say it all.
    logging.getLogger("hadyn.resolver").addHandler(logging.NullHandler())
    resolver = Resolver(resolver_settings(Settings(**flags)), time.monotonic)
    questions = [
        each for name in query["name"] for each in questions_of(name, query.get("type"), resolver.address_types)
    ]
    resolver.want(questions)
    resolver.start(lambda _resolved: None)
    ending.callback(resolver.stop)
    return lambda: [name_document(report, (), {}) for report in reports(resolver, questions)]


def _has_records(documents: list[Document]) -> bool:
    """Whether every name has a record of some type."""
    found = {document["name"] for document in documents if document["records"]}
    return found == {document["name"] for document in documents}


def _without_times(documents: list[Document]) -> list[Document]:
    return [
        {
            **{key: value for key, value in document.items() if not key.endswith("_seconds")},
            "records": [{**record, "unseen_seconds": None} for record in document["records"] or ()],
        }
        for document in documents
    ]


def _echo(documents: list[Document], form: str | None) -> None:
    if form:
        click.echo(document_text(documents, form), nl=False)
        return
    for document in documents:
        for line in _lines(document):
            click.echo(line)


def _lines(document: Document) -> Iterator[str]:
    yield f"{document['name']} {document['type']}: {', '.join(_facts(document))}"
    if document["records"]:
        rows = [_row(record, is_used=bool(document["backends"])) for record in document["records"]]
        for line in plain_table(HEADER, rows).splitlines():
            yield f"  {line}"
    for remark in document["remarks"]:
        yield f"  {remark}"


def _facts(document: Document) -> Iterator[str]:
    records = document["records"]
    yield document["outcome"] if not document["said"] else f"{document['outcome']}: {document['said']}"
    if records is None:
        yield "nothing known"
    else:
        yield f"{len(records)} record{'s' * (len(records) != 1)}"
    if document["ttl_seconds"]:
        yield f"TTL {duration(document['ttl_seconds'])} left"
    if document["stale_seconds"]:
        yield f"not confirmed for {duration(document['stale_seconds'])}"
    if document["is_partial"]:
        yield "the server names some of them each time"
    if document["backends"]:
        yield f"used by {' '.join(document['backends'])}"


def _row(record: Document, *, is_used: bool) -> tuple[str, ...]:
    address = record["address"] if record["port"] is None else f"{_bracketed(record['address'])}:{record['port']}"
    slots = " ".join(record["slots"]) or ("unused" if is_used else NOTHING)
    unseen = duration(record["unseen_seconds"]) if record["unseen_seconds"] else NOTHING
    return address, record["state"], unseen, str(record["priority"]), str(record["weight"]), record["host"], slots


def _bracketed(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
