"""Where a cluster may be found: the pod hadyn runs in, or kubectl's own kubeconfig."""

from __future__ import annotations

import os
from pathlib import Path

ACCOUNT_FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token and the CA; ``kubernetes.config`` reads it there."""


def is_in_pod() -> bool:
    """Whether this process runs in a pod that has a ServiceAccount."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and (ACCOUNT_FOLDER / "token").exists()


def default_kubeconfig() -> Path:
    """Where kubectl would look: the first file of KUBECONFIG, else ~/.kube/config."""
    first = os.environ.get("KUBECONFIG", "").split(":")[0]
    return Path(first or "~/.kube/config").expanduser()
