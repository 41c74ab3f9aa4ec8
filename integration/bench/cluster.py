"""hadyn on a real control plane: ``integration/controlplane/ns.sh python -m integration.bench.cluster HAPROXY SERVICES [storm|additions|cold]``.

Prints its figures as JSON. All processes, the apiserver's too, share the machine's processors.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from integration.bench.knocker import EVERY_SECONDS as KNOCK_SECONDS
from integration.bench.knocker import first_answer
from integration.cluster import ClusterGround, ControlPlane, Namespace
from integration.running import RunningHadyn

ENDPOINTS = 5
MANY_ENDPOINTS = 10
MOVES = 100
MOVE_EVERY_SECONDS = 0.1
STORM_SECONDS = 60
STORM_RATE = 100
WRITERS = 4
SWITCH_SECONDS = 0.0005
START_SECONDS = 180.0
COLD_PORT = 9000
"""Nobody listens there."""
POD_PORT = 9001
PODS = f"""\
defaults
    mode http
    timeout client 10s
frontend pods
    bind 0.0.0.0:{POD_PORT}
    http-request return status 200 content-type text/plain lf-string %[dst]
"""


class Measured:
    """A namespace of Services with endpoints that nobody listens on, but for the one that moves."""

    def __init__(self, shop: Namespace, services: int, port: int, endpoints: int = ENDPOINTS) -> None:
        self.shop = shop
        self.services = services
        self.port = port
        self.endpoints = endpoints

    def create(self) -> None:
        with ThreadPoolExecutor(2 * WRITERS) as writers:
            list(writers.map(self._create, range(self.services)))

    def write(self, number: int, *addresses: str) -> None:
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.shop.name}/endpointslices/s{number}-1"
        self.shop.cluster.put("PATCH", path, self.shop.slice(f"s{number}", *addresses, port=self.port))

    def addresses(self, number: int, dice: random.Random | None = None) -> list[str]:
        """Addresses of no pod: 10.100.0.0 on."""
        last = dice.sample(range(1, 250), self.endpoints) if dice else range(1, self.endpoints + 1)
        return [f"10.{100 + number // 250}.{number % 250}.{each}" for each in last]

    def create_more(self, name: str, address: str) -> None:
        """One more Ingress with a Service of its own."""
        put, namespace = self.shop.cluster.put, self.shop.name
        put("POST", f"/api/v1/namespaces/{namespace}/services", self.shop.bare_service(name))
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        put("POST", slices, self.shop.slice(name, address, port=self.port))
        self.create_ingress(name, name)

    def create_ingress(self, name: str, service: str) -> None:
        document = self.shop.ingress(service, f"{name}.example")
        document["metadata"]["name"] = name
        path = f"/apis/networking.k8s.io/v1/namespaces/{self.shop.name}/ingresses"
        self.shop.cluster.put("POST", path, document)

    def _create(self, number: int) -> None:
        name, put, namespace = f"s{number}", self.shop.cluster.put, self.shop.name
        put("POST", f"/api/v1/namespaces/{namespace}/services", self.shop.bare_service(name))
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        put("POST", slices, self.shop.slice(name, *self.addresses(number), port=self.port))
        self.create_ingress(name, name)


def measured(haproxy: Path, services: int, words: Collection[str]) -> dict[str, Any]:
    """Measure with so many Services, of as many Ingresses and slices of 5 endpoints: moves, or ``additions``, or all with ``storm``."""
    with everywhere(haproxy) as port, ControlPlane() as cluster, Namespace(cluster, "bench") as shop:
        world = Measured(shop, services, port)
        world.create()
        with ClusterGround(haproxy, kubeconfig=cluster.kubeconfig) as ground:
            began = time.monotonic()
            hadyn = ground.start("--log-level", "warning")
            ground.until(lambda: ground.healthz()[1] == 200, START_SECONDS)
            figures: dict[str, Any] = {"start": time.monotonic() - began}
            if "additions" in words:
                return figures | additions(world, ground)
            figures |= moves(world, ground, hadyn)
            if "storm" not in words:
                return figures
            figures |= storm(world, ground, hadyn)
            figures |= additions(world, ground)
            figures |= {"memory": memory(hadyn.pid), "worker": memory(ground.worker())}
            figures["idle"] = idle(hadyn)
            return figures


def cold(haproxy: Path, services: int) -> dict[str, Any]:
    """Start over a full cluster: so many Services, each with a slice of MANY_ENDPOINTS and an Ingress."""
    with ControlPlane() as cluster, Namespace(cluster, "bench") as shop:
        Measured(shop, services, COLD_PORT, MANY_ENDPOINTS).create()
        with ClusterGround(haproxy, kubeconfig=cluster.kubeconfig) as ground:
            began = time.monotonic()
            hadyn = ground.start("--log-level", "warning")
            ground.until(lambda: ground.healthz()[1] == 200, START_SECONDS)
            figures = {"start": time.monotonic() - began, "cpu": hadyn.cpu_seconds()}
            ground.until(lambda: ground.get(host=f"s{services - 1}.example")[0] == 503)
            return figures | {"memory": memory(hadyn.pid), "worker": memory(ground.worker())} | {"idle": idle(hadyn)}


@contextlib.contextmanager
def everywhere(haproxy: Path) -> Iterator[int]:
    """A pod at every address of this namespace, as quick as pods get; yields its port."""
    with tempfile.TemporaryDirectory(prefix="hadyn-pods-") as folder:
        configuration = Path(folder) / "pods.cfg"
        configuration.write_text(PODS)
        with subprocess.Popen([haproxy, "-q", "-db", "-f", configuration]) as pods:
            first_answer(POD_PORT, "pods", "127.0.0.1")
            yield POD_PORT
            pods.terminate()


def moves(world: Measured, ground: ClusterGround, hadyn: RunningHadyn) -> dict[str, Any]:
    """Move one endpoint again and again: from the apiserver's answer to the first answer of the new place."""
    seconds = []
    dice = random.Random(7)
    command = [sys.executable, "-m", "integration.bench.knocker", str(ground.http_port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as knocker:
        assert knocker.stdin
        assert knocker.stdout
        used, before = hadyn.cpu_seconds(), buckets(ground)
        for number in range(MOVES):
            address = f"10.99.{100 + number % 100}.{number // 100 + 1}"
            knocker.stdin.write(f"s0.example {address}\n")
            knocker.stdin.flush()
            # Writes fall anywhere between two knocks.
            time.sleep(MOVE_EVERY_SECONDS + dice.uniform(0.0, KNOCK_SECONDS))
            world.write(0, address)
            written = time.monotonic()
            seconds.append(float(knocker.stdout.readline()) - written)
        used = hadyn.cpu_seconds() - used
        knocker.stdin.close()
    own = {limit: count - before.get(limit, 0.0) for limit, count in buckets(ground).items()}
    return {"moves": seconds, "move_cpu": used / MOVES, "own": own}


def storm(world: Measured, ground: ClusterGround, hadyn: RunningHadyn) -> dict[str, Any]:
    """Write slices at a steady rate; what hadyn needs for each, from the event to the slot proven ready."""
    dice = random.Random(7)
    orders = [(number, dice.randrange(1, world.services)) for number in range(STORM_SECONDS * STORM_RATE)]
    before, used, began = buckets(ground), hadyn.cpu_seconds(), time.monotonic()

    def write(order: tuple[int, int]) -> None:
        turn, number = order
        time.sleep(max(0.0, began + turn / STORM_RATE - time.monotonic()))
        world.write(number, *world.addresses(number, dice))

    with ThreadPoolExecutor(WRITERS) as writers:
        list(writers.map(write, orders))
    time.sleep(1.0)
    after = buckets(ground)
    return {
        "storm": {limit: count - before[limit] for limit, count in after.items()},
        "storm_cpu": (hadyn.cpu_seconds() - used) / len(orders),
        "reloads": ground.reloads(),
    }


def additions(world: Measured, ground: ClusterGround) -> dict[str, Any]:
    """From the last write to the first answer."""
    address = "10.99.99.1"
    world.create_more("more", address)
    began = time.monotonic()
    ground.until(lambda: ground.get(host="more.example") == (200, address))
    service = time.monotonic() - began
    world.create_ingress("known", "more")
    began = time.monotonic()
    ground.until(lambda: ground.get(host="known.example") == (200, address))
    return {"new_service": service, "known_service": time.monotonic() - began}


def buckets(ground: ClusterGround) -> dict[str, float]:
    """The histogram of change_to_ready_seconds: how many within each limit."""
    return ground.histogram("hadyn_change_to_ready_seconds_bucket")


def memory(pid: int) -> int:
    """Resident memory in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def idle(hadyn: RunningHadyn) -> float:
    """The share of a processor that hadyn takes while nothing happens."""
    used, began = hadyn.cpu_seconds(), time.monotonic()
    time.sleep(10.0)
    return (hadyn.cpu_seconds() - used) / (time.monotonic() - began)


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_SECONDS)
    binary, count, words = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    figures = cold(binary, count) if "cold" in words else measured(binary, count, words)
    print(json.dumps(figures))
