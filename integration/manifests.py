"""Manifests for tests, as short as a test can say them, in namespace shop unless it says otherwise."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

HOST = "shop.example"
PORT = 80


def service(name: str, *, target: int = 8080, namespace: str = "shop", **annotations: str) -> Document:
    """A Service; an annotation ``slots_max="5"`` is hadyn.io/slots-max."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(name, namespace, annotations),
        "spec": {"ports": [{"port": PORT, "targetPort": target}]},
    }


def ingress(
    name: str,
    path: str = "/",
    *,
    to: str | None = None,
    host: str = HOST,
    namespace: str = "shop",
    **annotations: str,
) -> Document:
    """An Ingress of one path that leads to a Service, by default the one called like itself."""
    backend = {"service": {"name": to or name, "port": {"number": PORT}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": _metadata(name, namespace, annotations),
        "spec": {
            "ingressClassName": "hadyn",
            "rules": [{"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}],
        },
    }


def operators(**options: str) -> Document:
    """The operator's ConfigMap; an option ``log_target="stdout"`` is log-target."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "options", "namespace": "hadyn"},
        "data": {name.replace("_", "-"): value for name, value in options.items()},
    }


def slice_(
    name: str, *addresses: str, port: int, namespace: str = "shop", leaving: tuple[str, ...] = (), number: int = 1
) -> Document:
    """An EndpointSlice of a Service, the first or another ``number``; those ``leaving`` terminate and still serve."""
    conditions = [(address, True) for address in addresses] + [(address, False) for address in leaving]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": _metadata(f"{name}-{number}", namespace, {}) | {"labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": port}],
        "endpoints": [
            {
                "addresses": [address],
                "conditions": {"ready": ready, "serving": True, "terminating": not ready},
                "targetRef": {"kind": "Pod", "namespace": namespace, "name": f"{name}-{address.replace('.', '-')}"},
            }
            for address, ready in conditions
        ],
    }


def _metadata(name: str, namespace: str, annotations: dict[str, str]) -> Document:
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {"name": name, "namespace": namespace, "annotations": spelled}
