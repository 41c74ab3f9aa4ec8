"""The flags that say which cluster to follow, how much of it, what to tell it."""

from __future__ import annotations

from pathlib import Path

import click

from hadyn.cli.flags import object_flag, selector_flag, together
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
    selector_flag("--namespace-selector", "Labels of the namespaces whose Ingresses count, as in `kubectl -l`."),
    selector_flag("--ingress-label-selector", "Labels of the Ingresses to follow, as in `kubectl -l`."),
    click.option(
        "--publish-address",
        type=PublishedAddress(),
        multiple=True,
        metavar="ADDR",
        help="Where clients reach HAProxy, for the status of Ingresses; repeatable.",
    ),
    object_flag("--publish-service", "Service that says where clients reach HAProxy."),
    selector_flag(
        "--publish-nodes",
        "Labels of pods in hadyn's own namespace: clients reach HAProxy on the nodes that these run on.",
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
