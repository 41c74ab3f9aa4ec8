"""hadyn run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hadyn.cli.flags import DEFAULTS, cluster_flags, command, manifests_flag, policy_flags, state_dir_flag
from hadyn.cli.values import Duration
from hadyn.settings import Settings

EXAMPLE = """
  $ hadyn run --manifests examples/shop
  $ curl -H 'Host: shop.example' http://localhost:8080/
  $ hadyn run --kubeconfig ~/.kube/config --namespace shop
"""


@command("run", example=EXAMPLE)
@manifests_flag("File or folder of manifests, watched; repeatable.")
@cluster_flags
@policy_flags
@click.option(
    "--haproxy", type=click.Path(path_type=Path), metavar="PATH", help="HAProxy; default: in PATH, else the wheel's."
)
@state_dir_flag
@click.option(
    "--maxconn", type=click.IntRange(0), default=0, metavar="NUMBER", help="Connections in all; 0: as HAProxy decides."
)
@click.option("--reload-interval", type=Duration(), default="1s", help="Least time between two reloads.")
@click.option("--drain-time", type=Duration(), default="5m", help="How long a slot waits for its last session.")
@click.option("--drift-interval", type=Duration(), default="30s", help="How often all of HAProxy is compared.")
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
    """
    from hadyn.controller import run as run_controller  # noqa: PLC0415 - only run pays for it

    sys.exit(run_controller(Settings(**flags)))
