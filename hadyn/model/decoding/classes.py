"""IngressClass, Namespace: which Ingresses may be ours."""

from __future__ import annotations

import sys
from typing import Any

from hadyn.model.decoding.leaves import Findings, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire
from hadyn.model.objects import IngressClass, Namespace
from hadyn.model.problems import annotation_field

DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
MAX_CONTROLLER = 250


class WireIngressClassSpec(Wire):
    controller: Any = None


class WireIngressClass(Wire):
    metadata: Metadata
    spec: WireIngressClassSpec | None = None


class WireNamespace(Wire):
    metadata: Metadata


def read_namespace(_wire: WireNamespace, identity: Identity, findings: Findings) -> Namespace:
    return Namespace(
        namespace=identity.namespace, name=identity.name, created=identity.created, faults=findings.faults()
    )


def read_ingress_class(wire: WireIngressClass, identity: Identity, findings: Findings) -> IngressClass:
    controller = wire.spec.controller if wire.spec else None
    if not isinstance(controller, str) or not controller or len(controller) > MAX_CONTROLLER:
        findings.add("spec.controller", f"{spelled(controller)} is not a controller", 'For example "hadyn.io/ingress"')
        controller = ""
    default = (wire.metadata.annotations or {}).get(DEFAULT_CLASS_ANNOTATION)
    if default not in (None, "true", "false"):
        place = annotation_field(DEFAULT_CLASS_ANNOTATION)
        findings.add(place, f'{spelled(default)} is not "true" or "false"', "It counts as false")
    return IngressClass(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        controller=sys.intern(controller),
        is_default=default == "true",
        faults=findings.faults(),
    )
