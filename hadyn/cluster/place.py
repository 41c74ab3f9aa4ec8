"""Where a cluster may be found: the pod hadyn runs in, or kubectl's own kubeconfig."""

from __future__ import annotations

import os
from pathlib import Path

ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token and the CA; ``kubernetes.config`` reads it there."""


def is_in_pod() -> bool:
    """Whether this process runs in a pod that has a ServiceAccount."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (ACCOUNT_FOLDER / "token").exists()


def default_kubeconfigs() -> tuple[Path, ...]:
    """Where kubectl would look: the files of KUBECONFIG, else ~/.kube/config."""
    named = [path for path in os.environ.get("KUBECONFIG", "").split(":") if path]
    return tuple(Path(path).expanduser() for path in named or ["~/.kube/config"])
