"""Kubernetes objects for tests, as short as a test can say them.

Each goes through the decoder, as a manifest would. ``rule(...)`` and ``endpoint(...)`` make
the parts; what a test does not name has a plain default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hadyn.model.changes import Changes
from hadyn.model.decoding import decode
from hadyn.model.objects import (
    BackendResource,
    ConfigMap,
    Endpoints,
    EndpointSlice,
    Ingress,
    IngressClass,
    KubernetesObject,
    Namespace,
    Node,
    Secret,
    Service,
)
from hadyn.model.problems import ObjectRef, Problem

Json = dict[str, Any]
FOLDER = "manifests"


def decoded(document: Json) -> Any:
    """The object a document describes; it must be one that can be read."""
    found = decode(document)
    assert not isinstance(found, Problem | None), found
    return found


def changes(*upserts: KubernetesObject, deletes: tuple[ObjectRef, ...] = (), **more: Any) -> Changes:
    """A difference delivered by the operator's folder (``is_operators_own=False`` for a cluster)."""
    return Changes(**{"source": FOLDER, "is_operators_own": True, "upserts": upserts, "deletes": deletes, **more})


def ingress(
    namespace: str,
    name: str,
    *,
    host: Any = "a.example",
    path: Any = "/",
    service: str | None = None,
    port: Any = 80,
    path_type: Any = "Prefix",
    rules: list[Json] | None = None,
    default: Json | None = None,
    class_name: Any = "hadyn",
    annotations: Json | None = None,
    created: Any = None,
    tls: Any = None,
) -> Ingress:
    """An Ingress of one rule, or of ``rules``; its Service is called like itself unless ``service`` says otherwise."""
    only = [rule(host, path, service or name, port, path_type)]
    document = ingress_document(namespace, name, only if rules is None else rules, annotations, created)
    document["spec"] |= {"ingressClassName": class_name, "tls": tls} | ({"defaultBackend": default} if default else {})
    return decoded(document)


def ingress_document(
    namespace: str, name: str, rules: Any = None, annotations: Json | None = None, created: Any = None
) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(namespace, name, annotations, created),
        "spec": {"rules": rules},
    }


def rule(
    host: Any = "a.example", path: Any = "/", service: str = "web", port: Any = 80, path_type: Any = "Prefix"
) -> Json:
    return {"host": host, "http": {"paths": [path_of(path, service, port, path_type)]}}


def path_of(path: Any = "/", service: str = "web", port: Any = 80, path_type: Any = "Prefix") -> Json:
    return {"path": path, "pathType": path_type, "backend": backend_of(service, port)}


def backend_of(service: str = "web", port: Any = 80) -> Json:
    """A reference to a Service's port, by number or name."""
    return {"service": {"name": service, "port": {"name" if isinstance(port, str) else "number": port}}}


def resource_of(name: str) -> Json:
    """A reference to a Backend of hadyn."""
    return {"resource": {"apiGroup": "hadyn.io", "kind": "Backend", "name": name}}


def ingress_class(name: str, controller: str = "hadyn.io/ingress", *, is_default: bool = False) -> IngressClass:
    annotations = {"ingressclass.kubernetes.io/is-default-class": str(is_default).lower()}
    return decoded(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"controller": controller},
        }
    )


def namespace(name: str) -> Namespace:
    """A namespace that a source has selected."""
    return decoded({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def node(name: str, ip: str = "", *, ready: str = "True", addresses: Sequence[tuple[str, str]] | None = None) -> Node:
    """A node of one InternalIP, or of addresses as ("ExternalIP", "192.0.2.1")."""
    named = [("InternalIP", ip)] if addresses is None else addresses
    return decoded(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name},
            "status": {
                "addresses": [{"type": sort, "address": address} for sort, address in named],
                "conditions": [{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": ready}],
            },
        }
    )


def service(
    namespace: str,
    name: str,
    port: Any = 80,
    *,
    ports: list[Json] | None = None,
    annotations: Json | None = None,
    created: Any = None,
    **spec: Any,
) -> Service:
    """A Service of one unnamed port, or of ``ports``; further fields of its spec by their own names."""
    only = [{"port": port}]
    return decoded(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(namespace, name, annotations, created),
            "spec": {"ports": only if ports is None else ports, **spec},
        }
    )


def slice_(
    namespace: str,
    service: str,
    *endpoints: Any,
    port: Any = 80,
    ports: list[Json] | None = None,
    name: str = "",
    address_type: Any = "IPv4",
    created: Any = None,
    labels: Json | None = None,
) -> EndpointSlice:
    """An EndpointSlice; an endpoint is an address, which is ready, or what ``endpoint(...)`` makes."""
    only = [{"port": port}]
    metadata = _metadata(namespace, name or f"{service}-1", None, created)
    return decoded(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata | {"labels": {"kubernetes.io/service-name": service} if labels is None else labels},
            "addressType": address_type,
            "endpoints": [endpoint(each) if isinstance(each, str) else each for each in endpoints],
            "ports": only if ports is None else ports,
        }
    )


def endpoint(address: Any, *, pod: str | None = None, uid: str | None = None, **conditions: Any) -> Json:
    """An endpoint with the conditions named (``ready=False, serving=True, terminating=True``)."""
    reference = {"kind": "Pod", "name": pod or "pod", "uid": uid} if pod or uid else None
    return {"addresses": [address], "conditions": conditions, "targetRef": reference}


def endpoints(
    namespace: str, service: str, *addresses: Any, port: Any = 80, not_ready: tuple[Any, ...] = ()
) -> Endpoints:
    subset = {
        "addresses": [{"ip": address} for address in addresses],
        "notReadyAddresses": [{"ip": address} for address in not_ready],
        "ports": [{"port": port}],
    }
    metadata = _metadata(namespace, service, None, None)
    return decoded({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": [subset]})


def backend(
    namespace: str, name: str, *addresses: Any, discovery: Any = "static", annotations: Json | None = None, **spec: Any
) -> BackendResource:
    """A Backend of hadyn; further fields of its spec by their own names."""
    return decoded(
        {
            "apiVersion": "hadyn.io/v1alpha1",
            "kind": "Backend",
            "metadata": _metadata(namespace, name, annotations, None),
            "spec": {"discovery": discovery, "addresses": list(addresses), **spec},
        }
    )


def tls(secret: Any, *hosts: Any) -> Json:
    """An entry of spec.tls."""
    return {"hosts": list(hosts), "secretName": secret}


def secret(namespace: str, name: str, *, of_type: Any = None, data: Any = None, **texts: Any) -> Secret:
    """A Secret of ``texts`` by key (stringData), or with ``data`` as an apiserver spells it."""
    metadata = _metadata(namespace, name, None, None)
    return decoded(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": of_type, "data": data, "stringData": texts}
    )


def config_map(namespace: str, name: str, **texts: Any) -> ConfigMap:
    return decoded(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(namespace, name, None, None), "data": texts}
    )


def _metadata(namespace: str, name: str, annotations: Json | None, created: Any) -> Json:
    return {"namespace": namespace, "name": name, "annotations": annotations, "creationTimestamp": created}
