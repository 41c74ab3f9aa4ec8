"""hadyn run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hadyn.cli.cluster_flags import cluster_flags
from hadyn.cli.command import command
from hadyn.cli.dns_flags import dns_flags
from hadyn.cli.flags import (
    DEFAULTS,
    haproxy_flag,
    manifests_flag,
    maxconn_flag,
    runtime_socket_flag,
    spare_backends_flag,
    state_dir_flag,
)
from hadyn.cli.policy_flags import policy_flags
from hadyn.cli.values import SHORTEST_INTERVAL, Duration, SocketPath
from hadyn.settings import Settings

EXAMPLE = """
  $ hadyn run --manifests examples/shop
  $ curl -H 'Host: shop.example' http://localhost:8080/
  $ hadyn run --kubeconfig ~/.kube/config --namespace shop
  $ hadyn run --sidecar --state-dir /hadyn
"""


@command("run", example=EXAMPLE)
@manifests_flag("File or folder of manifests, watched; repeatable.")
@cluster_flags
@policy_flags
@dns_flags
@haproxy_flag
@state_dir_flag
@click.option("--sidecar", is_flag=True, help="HAProxy is started by somebody else, from `render --bootstrap`.")
@click.option(
    "--master-socket",
    type=SocketPath(),
    default=Path(),
    show_default="in the state folder",
    metavar="PATH",
    help="HAProxy's master socket (-S), of a sidecar.",
)
@runtime_socket_flag
@maxconn_flag
@click.option("--reload-interval", type=Duration(), default="1s", help="Least time between two reloads.")
@click.option(
    "--max-old-workers",
    type=click.IntRange(1),
    default=DEFAULTS.max_old_workers,
    metavar="NUMBER",
    help="Reloads wait while so many workers still finish.",
)
@spare_backends_flag
@click.option("--drain-time", type=Duration(), default="5m", help="How long a slot waits for its last session.")
@click.option(
    "--drift-interval",
    type=Duration(least=SHORTEST_INTERVAL),
    default="30s",
    help="How often all of HAProxy is compared.",
)
@click.option("--shutdown-grace", type=Duration(), default="30s", help="How long HAProxy may finish its requests.")
@click.option("--leave-running", is_flag=True, help="Let HAProxy go on without hadyn; the next run adopts it.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default=DEFAULTS.log_level)
@click.option("--log-format", type=click.Choice(["text", "json"]), default=DEFAULTS.log_format)
def run(**flags: Any) -> None:
    """Keep HAProxy in step with a cluster, or with manifests.

    In a pod it follows the pod's own cluster, unless manifests are named; elsewhere say
    which one. Both together go, too.

    Starts HAProxy once, or adopts the one that a hadyn before left running, and applies
    each change to it at run time; reloads it only where that is the only way, and says why.
    SIGTERM and Ctrl-C stop both, HAProxy after its last request. SIGHUP compares everything.

    On --status-bind, /healthz says that hadyn turns and /readyz that HAProxy serves a full state:
    while sources do not answer that is the last good one, and the status says how old it is.

    With --sidecar HAProxy runs beside hadyn, in another container for instance; they share
    the state folder, and either may start and return first.
    """
    _check_combination(flags)
    from hadyn.controller import run as run_controller  # noqa: PLC0415 - only run pays for it

    sys.exit(run_controller(Settings(**flags)))


def _check_combination(flags: Mapping[str, Any]) -> None:
    for name, option in (("master_socket", "--master-socket"), ("runtime_socket", "--runtime-socket")):
        if flags[name] != Path() and not flags["sidecar"]:
            raise click.UsageError(f"{option} is about a HAProxy that somebody else starts: say --sidecar, too")
    if flags["leave_running"] and flags["sidecar"]:
        raise click.UsageError("--sidecar and --leave-running do not go together: a sidecar always goes on")
