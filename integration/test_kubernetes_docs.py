"""Every command of the Kubernetes docs, as its reader types it, and what deploy/ brings."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from integration.cluster import ControlPlane

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy" / "base"
COMMAND_SECONDS = 60


class Reader:
    """Types commands into a shell of its own, where kubectl knows the cluster and hadyn has its own folders."""

    def __init__(self, cluster: ControlPlane, home: Path) -> None:
        (home / ".kube").mkdir()
        (home / ".kube" / "config").symlink_to(cluster.kubeconfig)
        self._environment = os.environ | {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # Pods listen on this machine here, so that "all addresses" are taken.
            "HADYN_BIND": "127.0.0.1",
            "HADYN_STATE_DIR": str(home / "state"),
            "KUBECONFIG": str(cluster.kubeconfig),
        }
        self._background: list[subprocess.Popen[bytes]] = []

    def types(self, command: str) -> str:
        """Run a command; return what it says, or "" for one that goes on in the background."""
        if command.endswith("&"):
            words = ["exec", command.removesuffix("&")]
            self._background.append(subprocess.Popen(["bash", "-c", " ".join(words)], cwd=ROOT, env=self._environment))
            return ""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def leaves(self) -> None:
        for process in self._background:
            process.send_signal(signal.SIGTERM)
            process.wait(COMMAND_SECONDS)


@pytest.fixture
def reader(cluster: ControlPlane, tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(cluster, tmp_path)
    yield reader
    reader.leaves()


def commands(document: str) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", (ROOT / "docs" / document).read_text(), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def test_the_kubernetes_page_leads_to_the_first_request(reader: Reader) -> None:
    said = {command: reader.types(command) for command in commands("kubernetes.md")}
    answer = next(text for command, text in said.items() if command.startswith("curl"))
    assert '"host":"shop.example"' in answer
    assert "service default/web does not exist" in said["kubectl describe ingress web"]


def test_the_page_on_rights_can_be_followed(reader: Reader) -> None:
    said = [reader.types(command) for command in commands("rbac.md")]
    assert [text.strip() for text in said if text.strip() in ("yes", "no")] == ["yes", "yes"]


def test_the_files_of_deploy_are_all_in_its_kustomization() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    listed = [
        *kustomization["resources"],
        *(name for made in kustomization["configMapGenerator"] for name in made["files"]),
    ]
    assert sorted(listed) == sorted(path.name for path in DEPLOY.glob("*.yaml") if path.name != "kustomization.yaml")
