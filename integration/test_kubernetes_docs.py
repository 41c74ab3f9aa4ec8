"""Every command of the Kubernetes docs, as its reader types it, and what deploy/ brings."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.charts import helm, kustomized
from integration.cluster import ControlPlane
from integration.haproxies import RunningHAProxy, find_haproxies
from integration.kubelet import Pod
from integration.reader import ROOT, Reader

pytestmark = pytest.mark.root

DEPLOY = ROOT / "deploy" / "base"
LOOK_AGAIN_SECONDS = 30.0
AWAITED = {"kubectl describe ingress web": "service default/web does not exist"}
"""What a reader looks for in what a command says, and types it again while it is not there."""
EXECUTE = "kubectl --namespace hadyn exec deployment/hadyn --container hadyn -- "
BALANCER_ADDRESS = "10.99.200.1"
BALANCER = """
defaults
  mode tcp
  timeout connect 1s
  timeout client 10s
  timeout server 10s
listen balancer
  bind {balancer}:80
  server pod {pod}:8080
"""

Document = dict[str, Any]


class Cloud:
    """What stands around a cluster: who runs hadyn's pod, and a load balancer for its Service."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self._running = ExitStack()
        self.pod: Pod | None = None

    def runs(self, documents: list[Document]) -> None:
        """Run the pod of what was installed, behind a load balancer that says so in the Service's status."""
        binary = find_haproxies()[0]
        self.pod = self._running.enter_context(Pod(self._cluster, documents, binary.path))
        self.pod.start_all()
        self._running.enter_context(
            RunningHAProxy(binary, BALANCER.format(balancer=BALANCER_ADDRESS, pod=self.pod.address))
        )
        status = {"status": {"loadBalancer": {"ingress": [{"ip": BALANCER_ADDRESS}]}}}
        self._cluster.put("PATCH", "/api/v1/namespaces/hadyn/services/hadyn/status", status)

    def ends(self) -> None:
        self.pod = None
        self._running.close()


class Operator(Reader):
    """A reader whose kubectl and helm know the cluster, and whose hadyn has its own folders."""

    def __init__(self, cluster: ControlPlane, home: Path) -> None:
        (home / ".kube").mkdir()
        (home / ".kube" / "config").symlink_to(cluster.kubeconfig)
        self.cloud = Cloud(cluster)
        super().__init__(
            os.environ
            | {
                "HOME": str(home),
                "PATH": f"{Path(sys.executable).parent}:{helm().parent}:{os.environ['PATH']}",
                # Pods listen on this machine here, so that "all addresses" are taken.
                "HADYN_BIND": "127.0.0.1",
                "HADYN_STATE_DIR": str(home / "state"),
                "KUBECONFIG": str(cluster.kubeconfig),
            }
        )

    def types(self, command: str) -> str:
        if command.endswith("&"):
            return super().types(command)
        if command.startswith(EXECUTE):
            # Nobody can execute anything in a pod of a hollow node.
            assert self.cloud.pod
            return self.cloud.pod.execute("hadyn", *command.removeprefix(EXECUTE).split())
        said = self._runs(command)
        deadline = time.monotonic() + LOOK_AGAIN_SECONDS
        while AWAITED.get(command, "") not in said and time.monotonic() < deadline:
            said = self._runs(command)
        if command.startswith("helm install"):
            self.cloud.runs(documents_of(self._runs("helm get manifest hadyn --namespace hadyn")))
        elif command.startswith("kubectl apply -k"):
            self.cloud.runs(kustomized(ROOT / command.rsplit(maxsplit=1)[-1]))
        elif command.startswith("helm uninstall"):
            self.cloud.ends()
        return said

    def _runs(self, command: str) -> str:
        done = self.done(command)
        return done.stdout + done.stderr


@pytest.fixture
def reader(cluster: ControlPlane, tmp_path: Path) -> Iterator[Operator]:
    # Helm takes over nothing that somebody else has made.
    made_before = [each for each in kustomized(DEPLOY) if each["kind"] != "Namespace"]
    cluster.kubectl("delete", "--ignore-not-found", "-f", "-", said=yaml.safe_dump_all(made_before))
    with Operator(cluster, tmp_path) as reader:
        yield reader
        reader.cloud.ends()
    cluster.kubectl("delete", "ingress,service,deployment", "web", "--ignore-not-found")


def documents_of(text: str) -> list[Document]:
    return [each for each in yaml.safe_load_all(text) if each]


def commands(document: str) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "docs" / document).read_text(), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def test_the_kubernetes_page_leads_to_the_first_request(reader: Operator) -> None:
    said = [(command, reader.types(command)) for command in commands("kubernetes.md")]
    answers = [text for command, text in said if command.startswith("curl")]
    assert ['"host":"shop.example"' in answer for answer in answers] == 3 * [True]
    (slots, status) = (text for command, text in said if command.startswith(EXECUTE))
    assert "default_web_80" in slots
    assert "NEW_BACKEND 1" in status
    assert "service default/web does not exist" in dict(said)["kubectl describe ingress web"]


def test_the_page_on_rights_can_be_followed(reader: Operator) -> None:
    said = [reader.types(command) for command in commands("rbac.md")]
    assert [text.strip() for text in said if text.strip() in ("yes", "no")] == 3 * ["yes"]


def test_the_files_of_deploy_are_all_in_its_kustomization() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    listed = [
        *kustomization["resources"],
        *(name for made in kustomization["configMapGenerator"] for name in made["files"]),
    ]
    assert sorted(listed) == sorted(path.name for path in DEPLOY.glob("*.yaml") if path.name != "kustomization.yaml")
