"""What all commands share: where their flags come from.

Rules: a flag wins over HADYN_<FLAG>, that over the YAML file of --config, that over the
default; a key of the file that is no flag of any command is a mistake, not ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from hadyn.cli import COMMANDS, DEBUG, HELP_FLAGS, WIDTH
from hadyn.cli.values import (
    CertificateName,
    DnsDomain,
    HostPort,
    IPAddress,
    Namespace,
    PublishedAddress,
    ServiceName,
    ServicePort,
    SocketPath,
    StateDir,
)
from hadyn.settings import Settings

DEFAULTS = Settings()

Body = TypeVar("Body", bound=Callable[..., Any])


def command(name: str, *, example: str) -> Callable[[Body], click.Command]:
    """Make a command of a function: its example in the help, HADYN_<FLAG>, --config and --debug."""

    def decorate(body: Body) -> click.Command:
        for shared in (_DEBUG_FLAG, _CONFIG_FLAG):
            body = shared(body)
        made = click.command(
            name,
            epilog=f"\b\nExample:\n{example.strip(chr(10))}",
            context_settings={
                "auto_envvar_prefix": "HADYN",
                "help_option_names": HELP_FLAGS,
                "max_content_width": WIDTH,
                "show_default": True,
            },
        )(body)
        # Those that say what the command does come first in its help.
        made.params.sort(key=lambda parameter: parameter.name in ("config", "debug"))
        return made

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


def manifests_flag(text: str, *, required: bool = False) -> Callable[[Body], Body]:
    """The flag --manifests, with the sentence of the command."""
    return click.option(
        "--manifests", type=click.Path(path_type=Path), multiple=True, required=required, metavar="PATH", help=text
    )


def cluster_flags(body: Body) -> Body:
    """The flags that say which cluster to follow, and how much of it."""
    for flag in reversed(_CLUSTER_FLAGS):
        body = flag(body)
    return body


def policy_flags(body: Body) -> Body:
    """The flags that decide which objects count and what they come to."""
    for flag in reversed(_POLICY_FLAGS):
        body = flag(body)
    return body


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


def _set_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    context.meta[DEBUG] = value


def _read_config(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    import yaml  # noqa: PLC0415 - only who has such a file pays for it

    try:
        content = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as cause:
        raise click.BadParameter(f"cannot read {path}: {cause.strerror}", context, parameter) from cause
    except yaml.YAMLError as cause:
        raise click.BadParameter(f"{path} is not YAML: {' '.join(str(cause).split())}", context, parameter) from cause
    if not isinstance(content, Mapping | None):
        raise click.BadParameter(f"{path} is not a mapping of flags to values", context, parameter)
    context.default_map = {**(context.default_map or {}), **_defaults(content or {}, context, parameter, path)}


def _defaults(
    content: Mapping[Any, Any], context: click.Context, parameter: click.Parameter, path: Path
) -> dict[str, Any]:
    """The values by parameter name, as click's default map wants them."""
    own = _options(context.command)
    defaults: dict[str, Any] = {}
    for key, value in content.items():
        if key in own:
            option = own[key]
            assert option.name
            defaults[option.name] = [value] if option.multiple and not isinstance(value, list) else value
        elif key not in _all_flags():
            known = ", ".join(sorted(own))
            raise click.BadParameter(f"{path}: {key!r} is not a flag; those are {known}", context, parameter)
    return defaults


def _options(of_command: click.Command) -> dict[str, click.Option]:
    """Options of a command by the name of their long flag, without dashes."""
    return {
        flag.removeprefix("--"): option
        for option in of_command.params
        if isinstance(option, click.Option) and option.name not in ("config", "debug")
        for flag in option.opts
        if flag.startswith("--")
    }


@cache
def _all_flags() -> frozenset[str]:
    """The flags of all commands: one file may serve several of them."""
    commands = (getattr(import_module(f"hadyn.cli.{name}"), name) for name in COMMANDS)
    return frozenset(flag for found in commands for flag in _options(found))


_CLUSTER_FLAGS: tuple[Callable[[Any], Any], ...] = (
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
_POLICY_FLAGS: tuple[Callable[[Any], Any], ...] = (
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
    click.option(
        "--config-map",
        type=ServiceName(),
        default=DEFAULTS.config_map,
        show_default=False,
        metavar="NS/NAME",
        help="ConfigMap with global options, in the cluster or among the manifests.",
    ),
    click.option(
        "--tcp-services-configmap",
        type=ServiceName(),
        default=DEFAULTS.tcp_services_configmap,
        show_default=False,
        metavar="NS/NAME",
        help="ConfigMap of ports for Services without HTTP, as other controllers have it: `port: namespace/service:port[:PROXY]`.",
    ),
    click.option(
        "--peers-service",
        type=ServiceName(),
        default=DEFAULTS.peers_service,
        show_default=False,
        metavar="NS/NAME",
        help="Headless Service of this HAProxy's replicas: they tell each other which client is bound to which pod.",
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
_CONFIG_FLAG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_read_config,
    metavar="FILE",
    help="YAML file with flags, as in `http-port: 8080`.",
)
_DEBUG_FLAG = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Show the traceback of an error.",
)
