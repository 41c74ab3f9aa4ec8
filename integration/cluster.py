"""A real Kubernetes control plane, and hadyn following it.

``integration/controlplane`` holds it: build.sh makes the binary that HADYN_CONTROLPLANE
names (default /opt/hadyn-controlplane/controlplane). Needs root or a network namespace in
which 10.99.0.0/16 is local.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from hadyn.cluster.api import KubeApi
from hadyn.cluster.login import Login
from hadyn.cluster.requests import ApiRequest
from integration.running import Ground, get

SCRIPTS = Path(__file__).parent / "controlplane"
DEFAULT_BINARY = "/opt/hadyn-controlplane/controlplane"
HOST = "https://10.99.255.100:6443"
KUBECTL_SECONDS = 60.0
STOP_SECONDS = 30.0
FOLLOWERS = ("kube-controller-manager", "hollow-node", "coredns")

Document = dict[str, Any]


@dataclass(slots=True)
class ControlPlane:
    """etcd, kube-apiserver, controllers, nodes and DNS, in the present network namespace.

    Leave it as a context manager and it is gone.
    """

    api_flags: str = ""
    folder: Path = field(init=False)
    _lifeline: tuple[int, int] = field(init=False)
    api: KubeApi = field(init=False)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="hadyn-cluster-"))
        self._lifeline = os.pipe()
        try:
            self.up()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.api = KubeApi(Login(self.kubeconfig))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in (self.folder / "pid").glob("*"):
            # In no order and at once: nobody needs what they hold any more.
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(part.read_text()), signal.SIGKILL)
        for descriptor in self._lifeline:
            os.close(descriptor)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def up(self, *parts: str) -> None:
        """Start all of it, or some parts again; return when they are ready."""
        reading, _ = self._lifeline
        environment = os.environ | {"API_FLAGS": self.api_flags, "LIFELINE": str(reading)}
        command = [SCRIPTS / "up.sh", binary(), self.folder, *parts]
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            pass_fds=[reading],
            timeout=2 * KUBECTL_SECONDS,
        )

    def down(self, *parts: str) -> None:
        """End all of it, or some parts."""
        subprocess.run([SCRIPTS / "down.sh", self.folder, *parts], check=True, timeout=STOP_SECONDS)

    def kill(self, *parts: str) -> None:
        """End some parts as a crash does; return when they are gone."""
        for part in parts:
            process = os.pidfd_open(int((self.folder / "pid" / part).read_text()))
            try:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                select.select([process], [], [], STOP_SECONDS)
            finally:
                os.close(process)

    def renew_followers(self) -> None:
        """Start anew what follows the apiserver, so that it is in step whatever the apiserver has been through.

        Each failure doubles the pause of client-go's watches, up to a minute: some begin again that long
        after the apiserver did, and until then a StatefulSet, for one, gets no pods.
        """
        self.kill(*FOLLOWERS)
        self.up(*FOLLOWERS)

    def signal(self, part: str, number: signal.Signals) -> None:
        os.kill(int((self.folder / "pid" / part).read_text()), number)

    def kubectl(self, *words: str, said: str = "") -> str:
        """Run kubectl as its user would; return what it prints."""
        command = [Path(sys.executable).parent / "kubectl", "--kubeconfig", self.kubeconfig, *words]
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=KUBECTL_SECONDS)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, *documents: Mapping[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", said=yaml.safe_dump_all(documents))

    def put(self, method: str, path: str, document: Mapping[str, Any]) -> float:
        """Write one object straight to the API; return the moment just before, of the monotonic clock."""
        request = ApiRequest("write", path, path)
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        body = json.dumps(document).encode()
        moment = time.monotonic()
        self.api.send(method, request, body, content_type=content_type)
        return moment

    def get(self, path: str) -> Any:
        return json.loads(self.api.get(ApiRequest("get", path, path)))

    def kubeconfig_of(self, account: str, namespace: str, folder: Path) -> Path:
        """Write a kubeconfig for a ServiceAccount."""
        token = self.kubectl("create", "token", account, "-n", namespace).strip()
        content = yaml.safe_load(self.kubeconfig.read_text())
        content["users"] = [{"name": "u", "user": {"token": token}}]
        path = folder / f"{account}.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        return path


def path_of_binary() -> Path:
    """Where the control plane's binary is, if somebody has built it."""
    return Path(os.environ.get("HADYN_CONTROLPLANE", DEFAULT_BINARY))


def binary() -> Path:
    """Return the control plane's binary; fails where nobody has built it."""
    path = path_of_binary()
    assert path.exists(), f"{path} is missing: `{SCRIPTS / 'build.sh'} {path}` makes it (Go, 6 minutes)"
    return path


@dataclass(slots=True)
class ClusterGround(Ground):
    """Ground on which hadyn follows a cluster, by ``kubeconfig``, instead of a folder."""

    kubeconfig: Path | None = None

    def command(self, *flags: str) -> list[str]:
        words = Ground.command(self, *flags)
        at = words.index("--manifests")
        return [*words[:at], "--kubeconfig", str(self.kubeconfig), *words[at + 2 :]]

    def histogram(self, name: str) -> dict[str, float]:
        """How many observations of a metric, over all its labels, are within each limit ("0.005", "+Inf")."""
        found: dict[str, float] = {}
        for line in get(self.status_port, "/metrics")[1].splitlines():
            if line.startswith(f"{name}{{"):
                limit = line.partition('le="')[2].partition('"')[0]
                found[limit] = found.get(limit, 0.0) + float(line.rpartition(" ")[2])
        return found

    def healthz(self) -> tuple[int, int]:
        """The statuses of /healthz and /readyz."""
        return get(self.status_port, "/healthz")[0], get(self.status_port, "/readyz")[0]


class Namespace:
    """A namespace of a test's own; leave it as a context manager and it goes."""

    def __init__(self, cluster: ControlPlane, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def __enter__(self) -> Self:
        self.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kubectl("delete", "namespace", self.name, "--wait=false")

    def kubectl(self, *words: str, said: str = "") -> str:
        return self.cluster.kubectl("-n", self.name, *words, said=said)

    def deployment(self, name: str, replicas: int, *, drain: str = "3s", start: str = "0s") -> Document:
        """Echo pods; they say ready after ``start`` and serve for ``drain`` after they were told to go."""
        labels = {"app": name}
        annotations = {"echo/drain": drain, "echo/start": start}
        container = {"name": "echo", "image": "any", "ports": [{"containerPort": 8080}]}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": self.name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                "template": {
                    "metadata": {"labels": labels, "annotations": annotations},
                    "spec": {"containers": [container]},
                },
            },
        }

    def service(self, name: str, **annotations: str) -> Document:
        """A Service of the Deployment of the same name."""
        spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": self.name, "annotations": spelled},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
        }

    def bare_service(self, name: str, **annotations: str) -> Document:
        """A Service whose endpoints are whatever somebody writes."""
        service = self.service(name, **annotations)
        del service["spec"]["selector"]
        return service

    def slice(self, service: str, *addresses: str, port: int, number: int = 1) -> Document:
        """One EndpointSlice of a Service."""
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-{number}",
                "namespace": self.name,
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": "IPv4",
            "ports": [{"name": "", "port": port, "protocol": "TCP"}],
            "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        }

    def ingress(
        self, name: str, host: str, *, class_name: str = "hadyn", labels: Mapping[str, str] | None = None
    ) -> Document:
        """An Ingress that leads everything of a host to the Service of the same name."""
        backend = {"service": {"name": name, "port": {"number": 80}}}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": name, "namespace": self.name, "labels": dict(labels or {})},
            "spec": {
                "ingressClassName": class_name,
                "rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
            },
        }

    def pods(self, app: str) -> list[str]:
        """The pods of a Deployment that are not on their way out."""
        items = self.cluster.get(f"/api/v1/namespaces/{self.name}/pods?labelSelector=app%3D{app}")["items"]
        return sorted(pod["metadata"]["name"] for pod in items if "deletionTimestamp" not in pod["metadata"])
