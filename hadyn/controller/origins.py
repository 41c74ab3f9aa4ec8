"""Which sources the settings ask for.

Rule: a cluster is followed because somebody said so, or because hadyn runs in a pod of it;
never because a kubeconfig happens to lie around.
"""

from __future__ import annotations

from hadyn.errors import WrongUsage
from hadyn.settings import Settings
from hadyn.sources import Source
from hadyn.sources.manifests import ManifestsSource


def origins(settings: Settings) -> tuple[Source, ...]:
    """Return the sources, those at hand first; raises WrongUsage where there is none."""
    cluster = _cluster(settings)
    sources: list[Source] = []
    if settings.manifests:
        sources.append(ManifestsSource(settings.manifests, needs_ingress=cluster is None))
    if cluster is not None:
        sources.append(cluster)
    if not sources:
        raise WrongUsage(
            "there is nothing to follow: neither manifests nor a cluster, and this is no pod",
            remedy="Say --manifests PATH, or --kubeconfig FILE, or --context NAME of your kubeconfig",
        )
    return tuple(sources)


def _cluster(settings: Settings) -> Source | None:
    # Whoever follows manifests alone pays nothing for the kubernetes package.
    from hadyn.cluster.place import default_kubeconfig, is_in_pod  # noqa: PLC0415

    kubeconfig = settings.kubeconfig
    if kubeconfig is None and settings.context:
        kubeconfig = default_kubeconfig()
    is_wanted = bool(settings.namespace or settings.ingress_label_selector) or not settings.manifests
    if kubeconfig is None and not (is_wanted and is_in_pod()):
        if settings.namespace or settings.ingress_label_selector:
            raise WrongUsage(
                "--namespace and --ingress-label-selector are about a cluster, and none is named",
                remedy="Say --kubeconfig FILE or --context NAME, too; only in a pod hadyn knows by itself",
            )
        return None
    from hadyn.cluster.login import Login  # noqa: PLC0415
    from hadyn.sources.kubernetes import KubernetesSource  # noqa: PLC0415

    return KubernetesSource(
        Login(kubeconfig, settings.context),
        namespaces=settings.namespace,
        ingress_selector=settings.ingress_label_selector,
    )
