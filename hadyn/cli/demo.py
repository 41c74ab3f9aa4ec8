"""hadyn demo."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from hadyn.cli.command import command
from hadyn.cli.flags import haproxy_flag

EXAMPLE = """
  $ hadyn demo
  $ hadyn demo --seconds 10 --rate 1000 | tee demo.txt
"""


@command("demo", example=EXAMPLE)
@click.option(
    "--seconds",
    type=click.FloatRange(2, 600),
    default=30.0,
    envvar="HADYN_DEMO_SECONDS",
    help="How long pods come and go.",
)
@click.option("--rate", type=click.FloatRange(1, 20000), default=500.0, help="Requests a second.")
@haproxy_flag
def demo(seconds: float, rate: float, haproxy: Path | None) -> None:
    """Show a rolling update under load, on this machine.

    Starts HAProxy and hadyn on a folder of manifests, and pods that answer with their name.
    While requests come in, half of them on new connections, pods are replaced, scaled up and
    down, and a Service is added. Ends with what was measured; exit 0 only if no request failed.
    """
    from rich.console import Console  # noqa: PLC0415 - only demo pays for it

    from hadyn.demo.interruption import interrupt  # noqa: PLC0415 - as above
    from hadyn.demo.performance import Programme, perform  # noqa: PLC0415

    # Taken down in order by SIGTERM too, as by Ctrl-C: nothing is left behind.
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(perform(Programme(seconds, rate, haproxy), Console()))
