"""Pods of one Service that come and go as in a cluster, with the manifests that tell of them.

Rule: pods have addresses of their own in 127.0.0.0/8, never 127.0.0.1, where HAProxy's free
slots point: a slot that lost its address reaches no pod.
"""

from __future__ import annotations

import itertools

from hadyn.demo.pods import Pod, Pods
from integration.haproxies import free_port
from integration.manifests import ingress, service, slice_
from integration.running import Ground

NETWORKS = itertools.cycle(range(81, 250))
STOPPING_SECONDS = 2.0


class Deployment:
    """Pods ``name-1``, ``name-2``, … of one Service, behind ``path`` of the host shop.example."""

    def __init__(self, ground: Ground, pods: Pods, name: str, *, path: str = "/", delay_seconds: float = 0.0) -> None:
        self.name = name
        self.port = free_port()
        self._path = path
        self._ground = ground
        self._pods = pods
        self._delay_seconds = delay_seconds
        self._network = next(NETWORKS)
        self._numbers = itertools.count(1)
        self._running: dict[str, Pod] = {}
        self._leaving: list[str] = []

    @property
    def backend(self) -> str:
        """HAProxy's name for it."""
        return f"shop_{self.name}_80"

    @property
    def names(self) -> list[str]:
        """The pods that shall take requests, the oldest first."""
        return [name for name in self._running if name not in self._leaving]

    @property
    def addresses(self) -> list[str]:
        """Where those pods listen."""
        return self.addresses_of(self.names)

    def addresses_of(self, names: list[str]) -> list[str]:
        return [str(self._running[name].address) for name in names]

    def publish(self, **annotations: str) -> None:
        """Write the Service, with annotations, and the Ingress that leads to it."""
        self._ground.write(f"{self.name}.yaml", service(self.name, **annotations), ingress(self.name, self._path))

    def launch(self, count: int) -> list[str]:
        """Start pods of which no manifest tells yet; return their names."""
        names = [f"{self.name}-{number}" for number in itertools.islice(self._numbers, count)]
        for name in names:
            number = int(name.rpartition("-")[2])
            ip = f"127.{self._network}.{number // 250}.{number % 250 + 1}"
            self._running[name] = self._pods.start(name, ip, self.port, delay_seconds=self._delay_seconds)
        return names

    def start(self, count: int) -> list[str]:
        """Start pods and tell of them, all at once; return their names."""
        names = self.launch(count)
        self.tell()
        return names

    def terminate(self, names: list[str]) -> None:
        """Tell that pods terminate; they serve on."""
        self._leaving += names
        self.tell()

    def remove(self, names: list[str], *, is_told: bool = True) -> list[Pod]:
        """Take pods out, and tell so; return them: they listen still."""
        self._leaving = [name for name in self._leaving if name not in names]
        removed = [self._running.pop(name) for name in names]
        if is_told:
            self.tell()
        return removed

    def replace(self, count: int = 1) -> list[Pod]:
        """Let so many pods, the oldest, be replaced by others in one change; return those that left: they listen still."""
        leavers = self.names[:count]
        self.launch(count)
        return self.remove(leavers)

    def retire(self, names: list[str]) -> None:
        """Take pods out, then end them, after their last requests."""
        for pod in self.remove(names):
            pod.stop(STOPPING_SECONDS)

    def tell(self) -> float:
        """Write the EndpointSlice; return the moment just before."""
        ips = [self._running[name].address.ip for name in self.names]
        leaving = tuple(self._running[name].address.ip for name in self._leaving)
        return self._ground.write(
            f"{self.name}-endpoints.yaml", slice_(self.name, *ips, port=self.port, leaving=leaving)
        )

    def serves(self, addresses: list[str] | None = None) -> bool:
        """Whether exactly these pods, by default all that shall, have a slot that is ready."""
        ready = self._ground.ready(self.backend).values()
        return sorted(ready) == sorted(self.addresses if addresses is None else addresses)

    def is_filed(self) -> bool:
        """Whether exactly the pods that shall take requests stand in the files."""
        return sorted(self._ground.filed(self.backend).values()) == sorted(self.addresses)


def started(
    ground: Ground,
    pods: Pods,
    name: str,
    count: int,
    *,
    path: str | None = None,
    delay_seconds: float = 0.0,
    **annotations: str,
) -> Deployment:
    """Start pods of a Service, behind a path called like it unless one is given, and publish both."""
    deployment = Deployment(ground, pods, name, path=path or f"/{name}", delay_seconds=delay_seconds)
    deployment.publish(**annotations)
    deployment.start(count)
    return deployment
