"""What deploy/ comes to: the Helm chart and the kustomize base, rendered.

``integration/helm/build.sh`` makes the helm that HADYN_HELM names (default /opt/hadyn-helm/helm).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
CHART = ROOT / "deploy" / "chart"
BASE = ROOT / "deploy" / "base"
KUBECTL = Path(sys.executable).parent / "kubectl"
DEFAULT_HELM = "/opt/hadyn-helm/helm"
RENDER_SECONDS = 60.0
NAMESPACE = "hadyn"

Document = dict[str, Any]


def helm() -> Path:
    """Return the path of helm; fails where nobody has built it."""
    path = Path(os.environ.get("HADYN_HELM", DEFAULT_HELM))
    assert path.exists(), f"{path} is missing: `integration/helm/build.sh {path}` makes it (Go, 1 minute)"
    return path


def try_to_render(
    values: Document | None = None, *words: str, release: str = "hadyn"
) -> subprocess.CompletedProcess[str]:
    """Have helm render the chart with these values."""
    command = [helm(), "template", release, CHART, "--namespace", NAMESPACE, "--values", "-", *words]
    said = yaml.safe_dump(values or {})
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=RENDER_SECONDS, check=False)


def chart(values: Document | None = None, *words: str, release: str = "hadyn") -> list[Document]:
    """The objects of the chart with these values."""
    done = try_to_render(values, *words, release=release)
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def kustomized(folder: Path) -> list[Document]:
    """The objects of a folder with a kustomization."""
    command = [KUBECTL, "kustomize", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RENDER_SECONDS, check=True)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def of_kind(documents: Iterable[Document], *kinds: str) -> list[Document]:
    return [each for each in documents if each["kind"] in kinds]


def one(documents: Iterable[Document], kind: str) -> Document:
    """The only object of a kind."""
    (found,) = of_kind(documents, kind)
    return found


def rights(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """The rules of each role, by kind and name."""
    roles = of_kind(documents, "Role", "ClusterRole")
    return {f"{role['kind']} {role['metadata']['name']}": role["rules"] for role in roles}
