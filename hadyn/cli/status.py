"""hadyn status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.control import NotRunning, ask
from hadyn.cli.flags import output_flag, state_dir_flag
from hadyn.cli.output import age, counted, document_text, duration, utc_now
from hadyn.settings import Settings

EXAMPLE = """
  $ hadyn status
  $ hadyn status -o json | jq .reloads.by_reason
"""
SHOWN_RELOADS = 5
SHOWN_PROBLEMS = 20

Document = dict[str, Any]


@command("status", example=EXAMPLE)
@output_flag("json", "yaml")
@state_dir_flag
def status(form: str | None, state_dir: Path) -> None:
    """Show how hadyn and its HAProxy are.

    On one screen: HAProxy, the sources and how stale they are, the last cycle, reloads
    with their reasons, and what is wrong in which object.
    """
    try:
        document = ask(state_dir, "/api/status")
    except NotRunning:
        left_behind = Settings(state_dir=state_dir).runtime_socket
        if form or not left_behind.exists():
            raise
        click.echo(f"hadyn: no hadyn runs with {state_dir}; this is what HAProxy says", err=True)
        lines = _haproxy_lines(left_behind)
    else:
        if form:
            click.echo(document_text(document, form), nl=False)
            return
        lines = _lines(document)
    for title, text in lines:
        click.echo(f"{title:<10}{text}")


def _haproxy_lines(socket: Path) -> Iterator[tuple[str, str]]:
    """What a HAProxy that runs without hadyn says of itself."""
    from hadyn.runtime.inspect import Inspection  # noqa: PLC0415 - only who asks HAProxy itself pays for it

    inspection = Inspection(str(socket))
    process = inspection.process()
    yield "HAProxy", f"{process.version}, worker {process.pid}, up {duration(process.uptime_seconds)}"
    yield "traffic", _traffic(process.connections, process.max_connections, process.requests)
    for frontend in inspection.frontends():
        yield "frontend", f"{frontend.name}: {frontend.status}, {counted(frontend.requests, 'request')}"


def _traffic(connections: int, most: int, requests: int) -> str:
    return f"{connections:,} of {most:,} connections, {counted(requests, 'request')} since the worker's start"


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    now = utc_now()
    hadyn = document["hadyn"]
    yield "hadyn", f"{hadyn['version']}, pid {hadyn['pid']}, up {age(hadyn['since'], now)}"
    haproxy = document["haproxy"]
    yield "HAProxy", _haproxy(haproxy)
    if haproxy["running"]:
        yield "traffic", _traffic(haproxy["connections"], haproxy["max_connections"], haproxy["requests"])
    if haproxy["strangers"]:
        yield "foreign", f"{', '.join(haproxy['strangers'])}: not hadyn's, left alone"
    yield "serving", f"{counted(document['backends'], 'backend')}, {counted(document['routes'], 'route')}"
    if document["certificates"]:
        yield "HTTPS", _certificates(document["certificates"])
    for source in document["sources"]:
        staleness = f", stale for {duration(source['stale_seconds'])}" if source["stale_seconds"] else ", up to date"
        yield "source", f"{source['name']}: {counted(source['objects'], 'object')}{staleness}"
    cycle = document["last_cycle"]
    cycles = counted(document["cycles"], "cycle")
    yield "last", f"{age(cycle['at'], now)} ago: {cycle['sentence']} ({cycles})" if cycle else "nothing was changed yet"
    yield from _reloads(document["reloads"], now)
    yield from _problems(document["problems"])


def _certificates(certificates: Document) -> str:
    first = certificates["first_to_expire"]
    counts = counted(certificates["count"], "certificate")
    return f"{counts}; that of {first['host']} expires first, {first['expires']}" if first else counts


def _haproxy(haproxy: Document) -> str:
    if not haproxy["running"]:
        return f"{haproxy['version']}, does not run"
    old_workers = f", {counted(haproxy['old_workers'], 'old worker')}" if haproxy["old_workers"] else ""
    up = duration(haproxy["uptime_seconds"])
    master = f"pid {haproxy['pid']}" if haproxy["pid"] else "its master out of reach"
    return f"{haproxy['version']}, {master}, up {up}, {counted(haproxy['workers'], 'worker')}{old_workers}"


def _reloads(reloads: Document, now: Any) -> Iterator[tuple[str, str]]:
    reasons = ", ".join(f"{reason} {number}" for reason, number in sorted(reloads["by_reason"].items()))
    yield "reloads", f"{reloads['total']}" + (f": {reasons}" if reasons else "")
    if reloads["pending"]:
        yield "pending", ", ".join(reloads["pending"])
    for reload in reloads["last"][-SHOWN_RELOADS:]:
        yield "", f"{age(reload['at'], now)} ago: {', '.join(reload['reasons'])}: {reload['result']}"


def _problems(problems: list[Document]) -> Iterator[tuple[str, str]]:
    yield "problems", "none" if not problems else str(len(problems))
    for problem in problems[:SHOWN_PROBLEMS]:
        yield "", problem_line(problem)
    if len(problems) > SHOWN_PROBLEMS:
        yield "", f"and {len(problems) - SHOWN_PROBLEMS:,} more: hadyn status -o json"


def problem_line(problem: Document) -> str:
    """As ``Problem`` spells itself: file, object, field, what is wrong, what to do."""
    places = (problem["file"], problem["object"], problem["field"])
    return f"{': '.join(place for place in places if place)}: {problem['said']}; {problem['remedy']}"
