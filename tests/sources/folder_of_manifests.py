"""A real folder of manifests, watched by a real source."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.model.changes import Changes
from hadyn.sources.manifests import ManifestsSource

DELIVERY_SECONDS = 10.0
"""How long a test waits for a delivery before it fails; one takes a millisecond."""


def slice_text(name: str, *addresses: str, service: str = "web") -> str:
    endpoints = "".join(f"  - addresses: [{address}]\n" for address in addresses)
    return (
        "apiVersion: discovery.k8s.io/v1\n"
        "kind: EndpointSlice\n"
        f"metadata: {{name: {name}, namespace: shop, labels: {{kubernetes.io/service-name: {service}}}}}\n"
        "addressType: IPv4\n"
        "ports: [{name: http, port: 9001}]\n"
        f"endpoints:\n{endpoints}"
    )


def service_text(name: str) -> str:
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{ports: [{{port: 80}}]}}\n"
    )


INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec:
  ingressClassName: hadyn
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


class Watched:
    """A started source and its deliveries, one after the other."""

    def __init__(self, *paths: Path, needs_ingress: bool = False, grace_seconds: float = 0.1) -> None:
        self.deliveries: queue.SimpleQueue[Changes] = queue.SimpleQueue()
        self.source = ManifestsSource(paths, needs_ingress=needs_ingress, grace_seconds=grace_seconds)
        self._door = threading.Lock()

    def __enter__(self) -> Self:
        self.source.start(self._deliver)
        self.first = self.deliveries.get(timeout=DELIVERY_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.stop()

    def next(self) -> Changes:
        return self.deliveries.get(timeout=DELIVERY_SECONDS)

    @contextmanager
    def held(self, by: Path) -> Iterator[None]:
        """Hold the source up in a delivery, of a new Service in ``by``: it sees at once what happens in the meantime."""
        with self._door:
            by.write_text(service_text(by.stem))
            self.next()
            yield

    def until_deleted(self, *names: str) -> list[Changes]:
        """The deliveries until all these objects are deleted."""
        seen: list[Changes] = []
        missing = set(names)
        while missing:
            seen.append(self.next())
            missing -= {ref.name for ref in seen[-1].deletes}
        return seen

    def _deliver(self, changes: Changes) -> None:
        self.deliveries.put(changes)
        with self._door:
            pass


def upserted(changes: Changes) -> list[str]:
    return [f"{upsert.kind} {upsert.title}" for upsert in changes.upserts]


def deleted(changes: Changes) -> list[str]:
    return [str(ref) for ref in changes.deletes]


def addresses(changes: Changes) -> list[str]:
    slices = [upsert for upsert in changes.upserts if upsert.kind == "EndpointSlice"]
    return [endpoint.ip for found in slices for group in found.groups for endpoint in group.endpoints]


def said(changes: Changes) -> list[str]:
    return [f"{problem.reason} {problem.said}" for problem in changes.problems or ()]
