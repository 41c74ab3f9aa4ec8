"""A pod as a kubelet would run it, without images: its containers are processes that share what a pod shares.

They have one network namespace, and each a root of its own with nothing but its image's
files and the volumes that it mounts. The images hadyn and haproxy stand for this checkout
and for a HAProxy at hand. Probes are asked when somebody wants to know.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from integration.charts import ROOT, of_kind
from integration.cluster import HOST, ControlPlane
from integration.container import Container

Document = dict[str, Any]

NUMBERS = itertools.count(1)
ANSWER_SECONDS = 10.0
WAIT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.005
STOP_SIGNALS = {"haproxy": signal.SIGUSR1}
"""What an image asks for (STOPSIGNAL), where that is not SIGTERM."""


@dataclass(slots=True)
class Pod:
    """The pod of the only workload among ``documents``. Entered it has its network and volumes, and no container yet."""

    cluster: ControlPlane
    documents: Sequence[Document]
    haproxy: Path
    place: Path = field(init=False)
    address: str = field(init=False)
    _pause: subprocess.Popen[bytes] = field(init=False)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        self.place = Path(tempfile.mkdtemp(prefix="hadyn-pod-"))
        self._open_network(next(NUMBERS))
        for volume in self.spec["volumes"]:
            self._make_volume(volume)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._running):
            self.kill(name)
        self._pause.kill()
        self._pause.wait()
        print(self.log)
        shutil.rmtree(self.place)

    @property
    def workload(self) -> Document:
        (found,) = of_kind(self.documents, "Deployment", "DaemonSet")
        return found

    @property
    def spec(self) -> Document:
        found: Document = self.workload["spec"]["template"]["spec"]
        return found

    @property
    def log(self) -> str:
        """All that its containers have said."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.place.glob("*.log")))

    def start_all(self) -> None:
        """Start the containers in the kubelet's order: sidecars do not hold up what comes behind them."""
        for container in self.spec["initContainers"]:
            self.start(container["name"])
            if container.get("restartPolicy") != "Always":
                assert self.wait(container["name"]) == 0, self.log
        for container in self.spec["containers"]:
            self.start(container["name"])

    def start(self, name: str) -> None:
        """Start a container, which must not be running."""
        assert name not in self._running, name
        container = self._container(name)
        root = self.place / "roots" / name
        root.mkdir(parents=True, exist_ok=True)
        image = container["image"].rpartition("/")[2].partition(":")[0]
        seen, program = {"hadyn": self._hadyn, "haproxy": self._haproxy}[image](container)
        with (self.place / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                seen.command(*program), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        """End a container as the kernel does when memory is short."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def wait(self, name: str) -> int:
        """Wait for the end of a container; return its exit status."""
        return self._running.pop(name).wait(WAIT_SECONDS)

    def stop(self) -> dict[str, int]:
        """Stop the pod as a kubelet does, sidecars last; return exit statuses, in the order in which containers ended."""
        ended = {}
        for container in (*self.spec["containers"], *reversed(self.spec["initContainers"])):
            name = container["name"]
            if name in self._running:
                before = container.get("lifecycle", {}).get("preStop")
                if before:
                    self.execute(name, *before["exec"]["command"])
                self._running[name].send_signal(STOP_SIGNALS.get(name, signal.SIGTERM))
                ended[name] = self.wait(name)
        return ended

    def execute(self, name: str, *program: str) -> str:
        """Run a program in a container, as ``kubectl exec`` does; return what it says."""
        wrapper = self._running[name].pid
        inside = Path(f"/proc/{wrapper}/task/{wrapper}/children").read_text().split()[0]
        rights = ("--setuid", str(self._user), "--setgid", str(self._user))
        spaces = ("--mount", "--pid", "--net", "--root", "--wd")
        done = subprocess.run(
            ["nsenter", "--target", inside, *spaces, *rights, "--", *program],
            env=self._environment(self._container(name)),
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_ready(self) -> bool:
        """Whether a kubelet that looked now would find all containers running, and their readiness probes good."""
        wanted = [each for each in self._containers() if each in self.spec["containers"] or "restartPolicy" in each]
        return all(self._is_running(each["name"]) and self._passes(each, "readinessProbe") for each in wanted)

    def is_alive(self, name: str) -> bool:
        """Whether a container's liveness probe is good."""
        return self._is_running(name) and self._passes(self._container(name), "livenessProbe")

    def get(self, path: str = "/", host: str = "127.0.0.1", *, port: str = "http") -> tuple[int, str]:
        """Ask one of its ports; return the status and the body."""
        connection = http.client.HTTPConnection(self.address, self._port(port), timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers={"Host": host})
            response = connection.getresponse()
            return response.status, response.read().decode().strip()
        finally:
            connection.close()

    def until(self, is_so: Callable[[], object]) -> None:
        """Return when it is so; fail with the containers' words when that takes too long."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if is_so():
                    return
            assert time.monotonic() < deadline, f"waited {WAIT_SECONDS:g} s in vain: {self.log}"
            time.sleep(LOOK_EVERY_SECONDS)

    def _containers(self) -> list[Document]:
        return [*self.spec["initContainers"], *self.spec["containers"]]

    def _container(self, name: str) -> Document:
        return next(container for container in self._containers() if container["name"] == name)

    def _is_running(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def _passes(self, container: Document, probe: str) -> bool:
        request = container.get(probe, {}).get("httpGet")
        return request is None or self.get(request["path"], port=str(request["port"]))[0] == http.client.OK

    def _port(self, name: str) -> int:
        named = {port["name"]: port["containerPort"] for each in self._containers() for port in each.get("ports", ())}
        return int(named.get(name, name))

    @property
    def _user(self) -> int:
        return int(self.spec["securityContext"]["runAsUser"])

    def _open_network(self, number: int) -> None:
        """Give the pod an address that this machine reaches, and that reaches this machine's."""
        sysctls = self.spec["securityContext"].get("sysctls", ())
        settings = [f"echo {each['value']} > /proc/sys/{each['name'].replace('.', '/')};" for each in sysctls]
        script = " ".join([*settings, "echo; exec sleep infinity"])
        self._pause = subprocess.Popen(["unshare", "--net", "sh", "-c", script], stdout=subprocess.PIPE)
        assert self._pause.stdout
        with self._pause.stdout as said:
            said.readline()
        gateway, self.address, pid = f"10.98.{number}.1", f"10.98.{number}.2", str(self._pause.pid)
        for line in (
            f"ip link add pod{number} type veth peer name eth0 netns {pid}",
            f"ip address add {gateway}/30 dev pod{number}",
            f"ip link set pod{number} up",
            f"nsenter --target {pid} --net ip address add {self.address}/30 dev eth0",
            f"nsenter --target {pid} --net ip link set eth0 up",
            f"nsenter --target {pid} --net ip link set lo up",
            f"nsenter --target {pid} --net ip route add default via {gateway}",
        ):
            subprocess.run(line.split(), check=True)

    def _make_volume(self, volume: Document) -> None:
        folder = self.place / "volumes" / volume["name"]
        folder.mkdir(parents=True)
        if "emptyDir" in volume:
            # The kubelet's: root's, for the group fsGroup, and whatever is made in it is of that group.
            os.chown(folder, 0, int(self.spec["securityContext"]["fsGroup"]))
            folder.chmod(0o2777)
        elif "configMap" in volume:
            name = volume["configMap"]["name"]
            (found,) = (each for each in of_kind(self.documents, "ConfigMap") if each["metadata"]["name"] == name)
            for key, text in found["data"].items():
                (folder / key).write_text(text)
        else:
            for source in volume["projected"]["sources"]:
                for name, text in self._projected(source):
                    (folder / name).write_text(text)

    def _projected(self, source: Document) -> list[tuple[str, str]]:
        namespace = self.workload["metadata"]["namespace"]
        ((kind, wanted),) = source.items()
        if kind == "serviceAccountToken":
            account = self.spec["serviceAccountName"]
            return [(wanted["path"], self.cluster.kubectl("create", "token", account, "-n", namespace).strip())]
        if kind == "configMap":
            content = self.cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{wanted['name']}")["data"]
            return [(item["path"], content[item["key"]]) for item in wanted["items"]]
        return [
            (item["path"], {"metadata.namespace": namespace}[item["fieldRef"]["fieldPath"]]) for item in wanted["items"]
        ]

    def _environment(self, container: Document) -> dict[str, str]:
        server = urlsplit(HOST)
        return {
            # /usr/sbin has a HAProxy, which is not of hadyn's image.
            "PATH": f"{Path(sys.executable).parent}:{self.haproxy.parent}:/usr/bin:/bin",
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port),
            **{each["name"]: each["value"] for each in container.get("env", ())},
        }

    def _hadyn(self, container: Document) -> tuple[Container, list[str]]:
        image = [sys.base_prefix, sys.prefix, str(ROOT / "hadyn"), str(ROOT / "haproxy")]
        return self._seen(container, image), ["hadyn", *container["args"]]

    def _haproxy(self, container: Document) -> tuple[Container, list[str]]:
        return self._seen(container, [str(self.haproxy.parent)]), container["command"]

    def _seen(self, container: Document, image: list[str]) -> Container:
        """What a container of an image of these folders gets to see, and may do."""
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"]["drop"] == ["ALL"]
        volumes = [
            (str(self.place / "volumes" / mount["name"]), mount["mountPath"], mount.get("readOnly", False))
            for mount in container["volumeMounts"]
        ]
        return Container(
            root=str(self.place / "roots" / container["name"]),
            network=self._pause.pid,
            user=self._user,
            mounts=[*((folder, folder, True) for folder in image), *volumes],
            capabilities=rights["capabilities"].get("add", []),
            environment=self._environment(container),
        )
