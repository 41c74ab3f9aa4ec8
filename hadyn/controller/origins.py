"""Which sources the settings ask for, and who says in the cluster what came of it.

Rule: a cluster is followed because somebody said so, or because hadyn runs in a pod of it;
never because a kubeconfig happens to lie around.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hadyn.errors import WrongUsage
from hadyn.settings import Settings
from hadyn.sources import Source
from hadyn.sources.manifests import ManifestsSource

if TYPE_CHECKING:
    from hadyn.announce.announcer import Announcer
    from hadyn.announce.whereabouts import Whereabouts
    from hadyn.cluster.api import KubeApi
    from hadyn.cluster.login import Login
    from hadyn.cluster.requests import Resource


ABOUT_A_CLUSTER = ("namespace", "namespace_selector", "ingress_label_selector", "publish_service", "publish_nodes")


@dataclass(frozen=True, slots=True)
class Origins:
    """The sources, those at hand first; ``announcer`` is None where nothing is said in a cluster."""

    sources: tuple[Source, ...]
    announcer: Announcer | None = None


def origins(settings: Settings) -> Origins:
    """Return what to follow; raises WrongUsage where that is nothing, KubeconfigWrong."""
    is_followed, kubeconfigs = _cluster(settings)
    manifests = ManifestsSource(settings.manifests, needs_ingress=not is_followed) if settings.manifests else None
    if is_followed:
        source, announcer = _following(settings, kubeconfigs)
        return Origins((manifests, source) if manifests else (source,), announcer)
    if manifests is None:
        raise WrongUsage(
            "there is nothing to follow: neither manifests nor a cluster, and this is no pod",
            remedy="Say --manifests PATH, or --kubeconfig FILE, or --context NAME of your kubeconfig",
        )
    return Origins((manifests,))


def _cluster(settings: Settings) -> tuple[bool, tuple[Path, ...]]:
    """Whether a cluster is followed, and by which kubeconfigs (none: as the pod's ServiceAccount)."""
    from hadyn.cluster.place import default_kubeconfigs, is_in_pod  # noqa: PLC0415 - only who asks for a cluster pays for it

    if settings.kubeconfig or settings.context:
        return True, (settings.kubeconfig,) if settings.kubeconfig else default_kubeconfigs()
    is_meant = any(getattr(settings, name) for name in ABOUT_A_CLUSTER)
    if is_in_pod() and (is_meant or not settings.manifests):
        return True, ()
    if is_meant:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in ABOUT_A_CLUSTER)
        raise WrongUsage(
            f"{flags} are about a cluster, and none is named",
            remedy="Say --kubeconfig FILE or --context NAME, too; only in a pod hadyn knows by itself",
        )
    return False, ()


def _following(settings: Settings, kubeconfigs: tuple[Path, ...]) -> tuple[Source, Announcer | None]:
    from hadyn.cluster.api import KubeApi  # noqa: PLC0415 - whoever follows manifests alone pays nothing for it
    from hadyn.cluster.login import Login  # noqa: PLC0415
    from hadyn.sources.kubernetes import KubernetesSource, Scope  # noqa: PLC0415

    if settings.no_endpoint_slices and settings.headless == "endpoints":
        raise WrongUsage(
            "--no-endpoint-slices and --headless endpoints exclude each other",
            remedy="Leave one of them out; without EndpointSlices headless Services are filled from DNS",
        )
    if settings.namespace and settings.namespace_selector:
        raise WrongUsage(
            "--namespace and --namespace-selector exclude each other",
            remedy="Name the namespaces, or say which labels they have",
        )
    login = Login(next(iter(kubeconfigs), None), settings.context, kubeconfigs[1:])
    api = KubeApi(login)
    scope = Scope(
        namespaces=settings.namespace,
        namespace_selector=settings.namespace_selector,
        ingress_selector=settings.ingress_label_selector,
        config_maps=tuple(filter(None, (settings.config_map, settings.tcp_services_configmap))),
        needs_endpoints=not settings.no_endpoint_slices,
    )
    source = KubernetesSource(api, scope)
    return source, None if settings.read_only else _announcer(settings, login, api, lambda: source.ingresses)


def _announcer(settings: Settings, login: Login, api: KubeApi, ingresses: Callable[[], Resource]) -> Announcer:
    from hadyn.announce.announcer import Announcer, Publish  # noqa: PLC0415 - as above
    from hadyn.announce.leadership import Leadership, LeaseName  # noqa: PLC0415

    if bool(settings.publish_address) + bool(settings.publish_service) + bool(settings.publish_nodes) > 1:
        raise WrongUsage(
            "--publish-address, --publish-service and --publish-nodes exclude each other",
            remedy="Say where clients reach HAProxy, or which Service or pods tell so",
        )
    namespace, name = _lease(settings, login)
    identity = f"{socket.gethostname()}_{os.getpid()}_{secrets.token_hex(4)}"
    publish = Publish(
        settings.publish_address,
        _whereabouts(settings, login),
        writer=f"{settings.controller_class}#{settings.ingress_class}",
        ingresses=ingresses,
    )
    return Announcer(
        api,
        Leadership(api, LeaseName(namespace, name), identity),
        publish,
        controller=settings.controller_class,
    )


def _whereabouts(settings: Settings, login: Login) -> Whereabouts | None:
    from hadyn.announce.whereabouts import NodeWhereabouts, ServiceWhereabouts  # noqa: PLC0415 - as above

    if settings.publish_nodes:
        return NodeWhereabouts(login.namespace(), settings.publish_nodes)
    namespace, _, name = settings.publish_service.partition("/")
    return ServiceWhereabouts(namespace, name) if name else None


def _lease(settings: Settings, login: Login) -> tuple[str, str]:
    """Return where the lease is; hadyns of one class share one."""
    namespace, _, name = settings.lease.partition("/")
    if name:
        return namespace, name
    own = "hadyn" if settings.ingress_class == "hadyn" else f"hadyn-{settings.ingress_class}"
    return login.namespace(), own
