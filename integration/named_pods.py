"""Pods that are known by DNS alone: a Backend of hadyn, its Ingress, and records for those that serve."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from hadyn.demo.pods import Pod, Pods
from hadyn.model.addresses import Address
from integration.abreast import with_every_haproxy
from integration.haproxies import free_port
from integration.knot import Knot
from integration.manifests import HOST
from integration.running import Ground

BACKEND = "shop_web"


class NamedPods:
    """Pods at 10.99.7.N, in a network namespace where those addresses are ours.

    ``tell`` is called with the records of those that shall be known, whenever they change.
    """

    def __init__(self, ground: Ground, pods: Pods, tell: Callable[[list[str]], object]) -> None:
        self.port = free_port()
        self._ground = ground
        self._pods = pods
        self._tell = tell
        self._running: dict[int, Pod] = {}

    @property
    def numbers(self) -> list[int]:
        return sorted(self._running)

    @property
    def addresses(self) -> list[str]:
        return [f"{ip(number)}:{self.port}" for number in self.numbers]

    def publish(self, host: str = "web.example.", **annotations: str) -> None:
        """Write the Backend and the Ingress that leads to it."""
        self._ground.write("web.yaml", backend(host, self.port, **annotations), ingress())

    def start(self, *numbers: int) -> None:
        """Start pods and tell of them."""
        self.launch(*numbers)
        self.tell()

    def launch(self, *numbers: int) -> None:
        """Start pods that nobody is told of."""
        for number in numbers:
            self._running[number] = self._pods.start(f"web-{number}", ip(number), self.port, delay_seconds=0.002)

    def tell(self, numbers: Iterable[int] | None = None) -> None:
        self._tell([f"web A {ip(number)}" for number in (self.numbers if numbers is None else numbers)])

    def stop(self, *numbers: int) -> None:
        """End pods of which nobody tells any more."""
        for number in numbers:
            self._running.pop(number).stop()

    def serves(self, addresses: Iterable[str] | None = None) -> bool:
        """Whether exactly these, by default all that run, have a slot that is ready."""
        wanted = self.addresses if addresses is None else addresses
        return sorted(self._ground.ready(BACKEND).values()) == sorted(wanted)


@dataclass(slots=True)
class NamedGround(Ground):
    """A ``Ground`` with a DNS server of its own, looked at as rarely as names change."""

    look_every_seconds: float = 0.05
    knot: Knot = field(default_factory=Knot)

    def __enter__(self) -> Self:
        self.knot.__enter__()
        return Ground.__enter__(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            Ground.__exit__(self, kind, error, trace)
        finally:
            self.knot.__exit__(kind, error, trace)

    def named(self, pods: Pods, **annotations: str) -> NamedPods:
        """Publish pods that this server knows."""
        made = NamedPods(self, pods, lambda records: self.knot.publish(*records))
        made.publish(**annotations)
        return made


side_by_side = functools.partial(with_every_haproxy, kind=NamedGround)
"""A test that gets a ``NamedGround`` as ``ground``, with each HAProxy."""


def ip(number: int) -> str:
    return f"10.99.{7 + number // 250}.{number % 250 + 1}"


def backend(
    host: str, port: int, *, name: str = "web", record_type: str = "A", discovery: str = "dns", **annotations: str
) -> dict[str, Any]:
    """A Backend of hadyn; an annotation ``slots_max="5"`` is hadyn.io/slots-max."""
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    spec = {"discovery": discovery, "host": host, "type": record_type} | ({"port": port} if record_type == "A" else {})
    metadata = {"name": name, "namespace": "shop", "annotations": spelled}
    return {"apiVersion": "hadyn.io/v1alpha1", "kind": "Backend", "metadata": metadata, "spec": spec}


def ingress(name: str = "web", *, host: str = HOST) -> dict[str, Any]:
    """An Ingress that leads to a Backend."""
    target = {"resource": {"apiGroup": "hadyn.io", "kind": "Backend", "name": name}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "ingressClassName": "hadyn",
            "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": target}]}}],
        },
    }


def dns_flags(server: Address, *more: str) -> tuple[str, ...]:
    """How hadyn is told of a DNS server."""
    return ("--dns-server", str(server), *more)
