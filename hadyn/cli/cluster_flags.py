"""The flags that say which cluster to follow, how much of it, what to tell it."""

from __future__ import annotations

from pathlib import Path

import click

from hadyn.cli.flags import together
from hadyn.cli.values import Namespace, PublishedAddress, ServiceName

cluster_flags = together(
    click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Kubeconfig of the cluster to follow; in a pod hadyn knows its own.",
    ),
    click.option(
        "--context",
        default="",
        show_default=False,
        metavar="NAME",
        help="Context of the kubeconfig, by default its current one.",
    ),
    click.option(
        "--namespace",
        type=Namespace(),
        multiple=True,
        metavar="NS",
        help="Namespace of the cluster to follow, instead of all; repeatable.",
    ),
    click.option(
        "--namespace-selector",
        default="",
        show_default=False,
        metavar="SELECTOR",
        help="Labels of the namespaces whose Ingresses count, as in `kubectl -l`.",
    ),
    click.option(
        "--ingress-label-selector",
        default="",
        show_default=False,
        metavar="SELECTOR",
        help="Labels of the Ingresses to follow, as in `kubectl -l`.",
    ),
    click.option(
        "--publish-address",
        type=PublishedAddress(),
        multiple=True,
        metavar="ADDR",
        help="Where clients reach HAProxy, for the status of Ingresses; repeatable.",
    ),
    click.option(
        "--publish-service",
        type=ServiceName(),
        default="",
        show_default=False,
        metavar="NS/NAME",
        help="Service that says where clients reach HAProxy.",
    ),
    click.option(
        "--publish-nodes",
        default="",
        show_default=False,
        metavar="SELECTOR",
        help="Labels of pods in hadyn's own namespace: clients reach HAProxy on the nodes that these run on.",
    ),
    click.option(
        "--lease",
        type=ServiceName(),
        default="",
        show_default="hadyn in its own namespace",
        metavar="NS/NAME",
        help="Lease that decides which of several hadyns writes status and Events.",
    ),
    click.option("--read-only", is_flag=True, help="Write nothing into the cluster: no status, no Events, no Lease."),
)
