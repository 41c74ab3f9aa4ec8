"""Flags that several commands have."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hadyn.cli.values import SHORTEST_INTERVAL, Duration, ServiceName, SocketPath, StateDir
from hadyn.settings import Settings

DEFAULTS = Settings()

Body = TypeVar("Body", bound=Callable[..., Any])


def together(*flags: Callable[[Any], Any]) -> Callable[[Body], Body]:
    """Join flags, in the order of help, for commands that have all of them."""

    def decorate(body: Body) -> Body:
        for flag in reversed(flags):
            body = flag(body)
        return body

    return decorate


def default_state_dir() -> Path:
    """/run/hadyn for root, else hadyn in the runtime folder or the state folder of the user."""
    if os.geteuid() == 0:
        return Path("/run/hadyn")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "hadyn"
    try:
        return Path("~/.local/state/hadyn").expanduser()
    except RuntimeError as cause:
        raise click.UsageError("this user has no home folder: say with --state-dir where to be") from cause


state_dir_flag = click.option(
    "--state-dir",
    type=StateDir(),
    default=default_state_dir,
    show_default="/run/hadyn for root, else in $XDG_RUNTIME_DIR or ~/.local/state",
    metavar="DIR",
    help="Folder of a hadyn: its sockets and HAProxy's files.",
)

runtime_socket_flag = click.option(
    "--runtime-socket",
    type=SocketPath(),
    default=Path(),
    show_default="in the state folder",
    metavar="PATH",
    help="HAProxy's runtime socket, of a sidecar.",
)
maxconn_flag = click.option(
    "--maxconn", type=click.IntRange(0), default=0, metavar="NUMBER", help="Connections in all; 0: as HAProxy decides."
)
spare_backends_flag = click.option(
    "--spare-backends",
    type=click.IntRange(0, 1000),
    default=DEFAULTS.spare_backends,
    metavar="NUMBER",
    help="So many new Services need no reload of a HAProxy before 3.4.",
)


haproxy_flag = click.option(
    "--haproxy", type=click.Path(path_type=Path), metavar="PATH", help="HAProxy; default: in PATH, else the wheel's."
)
watch_flags = together(
    click.option("-w", "--watch", is_flag=True, help="Go on showing changes until Ctrl-C."),
    click.option("--interval", type=Duration(least=SHORTEST_INTERVAL), default="1s", help="How often --watch looks."),
)


def manifests_flag(text: str) -> Callable[[Body], Body]:
    """The flag --manifests, with the sentence of the command."""
    return click.option("--manifests", type=click.Path(path_type=Path), multiple=True, metavar="PATH", help=text)


def object_flag(name: str, text: str) -> Callable[[Body], Body]:
    """A flag that names an object of a namespace, "" for none."""
    return click.option(name, type=ServiceName(), default="", show_default=False, metavar="NS/NAME", help=text)


def selector_flag(name: str, text: str) -> Callable[[Body], Body]:
    """A flag that selects objects by labels, "" for no selection."""
    return click.option(name, default="", show_default=False, metavar="SELECTOR", help=text)


def output_flag(*formats: str) -> Callable[[Body], Body]:
    """The flag -o, for the formats that the command knows."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(formats),
        envvar="HADYN_OUTPUT",
        show_envvar=False,
        help="For programs, or with more columns.",
    )
