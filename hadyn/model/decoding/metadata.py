"""The metadata of an object: how it is named, how old it is, which annotations concern us."""

from __future__ import annotations

import re
import sys
from typing import Any

import msgspec

from hadyn.model.decoding.leaves import Findings, is_dns_label, is_dns_name, spelled
from hadyn.model.objects import NEVER, Fault, Options
from hadyn.model.options.annotations import read_options
from hadyn.model.options.option import Scope
from hadyn.model.problems import Reason

DEFAULT_NAMESPACE = "default"
CLUSTER_WIDE = {"IngressClass", "Namespace", "Node"}
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|\+00:00)", re.ASCII)


class Wire(msgspec.Struct, gc=False, rename="camel"):
    """Base of the shapes objects have on the wire: unknown fields pass, leaves are judged later."""


class Metadata(Wire):
    """As it comes: only annotations and labels must be mappings."""

    name: Any = None
    namespace: Any = None
    creation_timestamp: Any = None
    annotations: dict[str, Any] | None = None
    labels: dict[str, Any] | None = None


class Identity(msgspec.Struct, frozen=True, gc=False):
    """The checked name of an object, "" as namespace for a cluster-wide kind."""

    namespace: str
    name: str
    created: str


def identity(kind: str, metadata: Metadata, findings: Findings) -> Identity | Fault:
    """Return the name under which the object is kept, or why it has none."""
    is_name = is_dns_label if kind == "Service" else is_dns_name
    if not is_name(metadata.name):
        return Fault(
            "metadata.name",
            Reason.INVALID_VALUE,
            f"{spelled(metadata.name)} is not a DNS-1123 name",
            "Use lower-case letters, digits and '-'",
        )
    namespace = metadata.namespace if metadata.namespace not in (None, "") else DEFAULT_NAMESPACE
    if kind in CLUSTER_WIDE:
        namespace = ""
    elif not is_dns_label(namespace):
        return Fault(
            "metadata.namespace",
            Reason.INVALID_VALUE,
            f"{spelled(namespace)} is not a DNS-1123 label",
            "Use at most 63 lower-case letters, digits and '-'",
        )
    return Identity(sys.intern(namespace), sys.intern(metadata.name), _created(metadata.creation_timestamp, findings))


def _created(value: object, findings: Findings) -> str:
    """Canonical creationTimestamp: whole seconds, as Kubernetes writes it, so that text sorts by time."""
    if value is None:
        return NEVER
    found = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        findings.add(
            "metadata.creationTimestamp",
            f"{spelled(value)} is not a time as in 2026-11-22T10:00:00Z",
            "Without it the object counts as the youngest",
        )
        return NEVER
    # What is applied together was created in the same second.
    return sys.intern(found[1] + "Z")


def options_of(metadata: Metadata, scope: Scope, findings: Findings) -> Options:
    """The annotations that are options of hadyn, typed; what is wrong with them is found."""
    options, faults = read_options(metadata.annotations or {}, scope, metadata.namespace or DEFAULT_NAMESPACE)
    for fault in faults:
        findings.add(fault.field, fault.said, fault.remedy, fault.reason)
    return options
