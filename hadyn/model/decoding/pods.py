"""Pod: which labels it has."""

from __future__ import annotations

import sys

from hadyn.model.decoding.leaves import Findings
from hadyn.model.decoding.metadata import Identity, Metadata, Wire
from hadyn.model.objects import Pod


class WirePod(Wire):
    metadata: Metadata


def read_pod(wire: WirePod, identity: Identity, findings: Findings) -> Pod:
    """Labels that are no text are left out: the apiserver lets none through."""
    labels = (wire.metadata.labels or {}).items()
    texts = ((sys.intern(name), sys.intern(value)) for name, value in labels if isinstance(value, str))
    return Pod(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        labels=tuple(sorted(texts)),
        faults=findings.faults(),
    )
