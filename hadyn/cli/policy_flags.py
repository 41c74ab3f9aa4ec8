"""The flags that decide which objects count, for every command that judges some."""

from __future__ import annotations

import click

from hadyn.cli.flags import DEFAULTS, object_flag, together
from hadyn.cli.values import CertificateName, DnsDomain, HostPort, IPAddress, ServicePort

policy_flags = together(
    click.option("--ingress-class", default=DEFAULTS.ingress_class, metavar="NAME", help="Class of our Ingresses."),
    click.option(
        "--controller-class",
        default=DEFAULTS.controller_class,
        metavar="NAME",
        help="spec.controller of the IngressClasses that are ours.",
    ),
    click.option("--watch-ingress-without-class", is_flag=True, help="Take Ingresses that name no class, too."),
    click.option("--shared-hosts", is_flag=True, help="Let several namespaces share one host."),
    click.option(
        "--default-backend-service",
        type=ServicePort(),
        default=DEFAULTS.default_backend_service,
        show_default=False,
        metavar="NS/NAME:PORT",
        help="Service for requests that no Ingress matches; without it they get a 404.",
    ),
    object_flag("--config-map", "ConfigMap with global options, in the cluster or among the manifests."),
    object_flag(
        "--tcp-services-configmap",
        "ConfigMap of ports for Services without HTTP, as other controllers have it: `port: namespace/service:port[:PROXY]`.",
    ),
    object_flag(
        "--peers-service",
        "Headless Service of this HAProxy's replicas: they tell each other which client is bound to which pod.",
    ),
    click.option(
        "--peers-port",
        type=click.IntRange(1, 65535),
        default=DEFAULTS.peers_port,
        metavar="PORT",
        help="Port where replicas of --peers-service listen for each other.",
    ),
    click.option(
        "--slots",
        type=click.IntRange(1, 1000),
        default=DEFAULTS.slots,
        metavar="NUMBER",
        help="Slots a backend starts with, by default.",
    ),
    click.option(
        "--headless",
        type=click.Choice(["dns", "endpoints"]),
        default=DEFAULTS.headless,
        help="Fill headless Services from DNS, or from their EndpointSlices; those of your own manifests always count.",
    ),
    click.option(
        "--no-endpoint-slices",
        is_flag=True,
        help="Do without the cluster's EndpointSlices: headless Services from DNS, others by their clusterIP.",
    ),
    click.option(
        "--allow-external-name",
        is_flag=True,
        help="Serve Services of type ExternalName: whoever may write one chooses whom HAProxy connects to.",
    ),
    click.option(
        "--cluster-domain",
        type=DnsDomain(),
        default=DEFAULTS.cluster_domain,
        metavar="DOMAIN",
        help="What the names of the cluster's Services end in.",
    ),
    click.option(
        "--bind",
        type=IPAddress(),
        multiple=True,
        metavar="ADDR",
        help="IP address HAProxy listens on; repeatable; default: all.",
    ),
    click.option(
        "--http-port", type=click.IntRange(1, 65535), default=DEFAULTS.http_port, metavar="PORT", help="HAProxy's port."
    ),
    click.option(
        "--https-port",
        type=click.IntRange(0, 65535),
        default=DEFAULTS.https_port,
        metavar="PORT",
        help="HAProxy's port for HTTPS; 0: none.",
    ),
    click.option(
        "--default-certificate",
        type=CertificateName(),
        default=DEFAULTS.default_certificate,
        show_default="one that hadyn makes",
        metavar="FILE|NS/NAME",
        help="Certificate of hosts without one: a file, as /path or ./path, or a Secret.",
    ),
    click.option(
        "--status-bind",
        type=HostPort(),
        default=DEFAULTS.status_bind,
        metavar="HOST:PORT",
        help='Where hadyn shows itself: page, API, metrics; "" for nowhere.',
    ),
)
