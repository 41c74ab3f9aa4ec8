"""Which of its kinds hadyn finds in an apiserver, and in which version.

Rule: an apiserver that does not say (RBAC without system:discovery) is taken for a
present-day one: the first request to each kind will tell.
"""

from __future__ import annotations

import msgspec

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import AnswerNotUnderstood, NotAllowed, NotKubernetes, NotServed
from hadyn.cluster.requests import ApiRequest, Resource

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
SERVICES = Resource("", "v1", "services", "Service")
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints")
SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
INGRESSES = Resource("networking.k8s.io", "v1", "ingresses", "Ingress")
CLASSES = Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", is_cluster_wide=True)
_OLDER_INGRESSES = (
    Resource("networking.k8s.io", "v1beta1", "ingresses", "Ingress"),
    Resource("extensions", "v1beta1", "ingresses", "Ingress"),
)


class _Version(msgspec.Struct, gc=False):
    version: str


class _Group(msgspec.Struct, gc=False):
    versions: list[_Version]


def discover(api: KubeApi, *, needs_endpoints: bool = True) -> tuple[Resource, ...]:
    """Return what to follow, in the order in which to take it in: what routes lead to before the routes.

    Endpoints only where there are no EndpointSlices: else their copies are among those;
    neither where they are not needed. Raises NotServed where there are no Ingresses,
    NotKubernetes, and what ``KubeApi.get`` does.
    """
    ingresses, classes = _ingresses(api)
    if not needs_endpoints:
        return (*classes, SERVICES, ingresses)
    endpoints = SLICES if _is_served(api, SLICES) else ENDPOINTS
    return (*classes, SERVICES, endpoints, ingresses)


def _ingresses(api: KubeApi) -> tuple[Resource, tuple[Resource, ...]]:
    if _is_served(api, INGRESSES):
        return INGRESSES, (CLASSES,)
    for older in _OLDER_INGRESSES:
        if _is_served(api, older):
            return older, ()
    raise NotServed(ApiRequest("list", str(INGRESSES), INGRESSES.path()))


def _is_served(api: KubeApi, resource: Resource) -> bool:
    path = f"/apis/{resource.group}"
    request = ApiRequest("get", path, path)
    try:
        group = msgspec.json.decode(api.get(request), type=_Group)
    except NotServed:
        return False
    except NotAllowed:
        return True
    except (msgspec.MsgspecError, UnicodeDecodeError, AnswerNotUnderstood) as cause:
        raise NotKubernetes(api.host, f"{path} is not what Kubernetes answers") from cause
    return any(each.version == resource.version for each in group.versions)
