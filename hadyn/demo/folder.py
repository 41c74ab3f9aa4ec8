"""Write the demo's manifests, as the tools around Kubernetes would put them into a folder.

Rule: a file appears by rename, whole; each call returns the moment just before, by the
monotonic clock, from which on anybody may know of the change.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "shop"
HOST = "shop.example"


@dataclass(frozen=True, slots=True)
class Member:
    """One endpoint of a Service; one that terminates serves on but gets no new requests."""

    pod: str
    ip: str
    is_terminating: bool = False


class Folder:
    """A folder of manifests, all Services on one ``port`` of their pods."""

    def __init__(self, path: Path, port: int) -> None:
        self.path = path
        self.port = port

    def write_service(self, service: str, path: str) -> float:
        """Write a Service with the Ingress that leads ``path`` of the demo's host to it."""
        return self._write(f"{service}.yaml", [_service(service, self.port), _ingress(service, path)])

    def write_endpoints(self, service: str, members: Iterable[Member]) -> float:
        """Write the EndpointSlice of a Service."""
        return self._write(f"{service}-endpoints.yaml", [_endpoint_slice(service, members, self.port)])

    def _write(self, name: str, objects: list[dict[str, Any]]) -> float:
        unfinished = self.path / f".{name}"
        unfinished.write_text(yaml.dump_all(objects, Dumper=yaml.CSafeDumper, sort_keys=False))
        moment = time.monotonic()
        unfinished.rename(self.path / name)
        return moment


def _service(name: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": port}]},
    }


def _ingress(service: str, path: str) -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": service, "namespace": NAMESPACE},
        "spec": {
            "ingressClassName": "hadyn",
            "rules": [
                {"host": HOST, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}},
            ],
        },
    }


def _endpoint_slice(service: str, members: Iterable[Member], port: int) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-1",
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": service},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [member.ip],
                "conditions": {
                    "ready": not member.is_terminating,
                    "serving": True,
                    "terminating": member.is_terminating,
                },
                "targetRef": {"kind": "Pod", "namespace": NAMESPACE, "name": member.pod},
            }
            for member in members
        ],
    }
