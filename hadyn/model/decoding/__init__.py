"""From foreign documents to objects: the border where everything is checked, once.

Rules: nothing raises, whatever the document. An unknown kind is nobody's problem; a
structure that cannot be read refuses that object; a wrong leaf is left out alone and
stands in the object's ``faults``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from hadyn.model.decoding.classes import WireIngressClass, WireNamespace, read_ingress_class, read_namespace
from hadyn.model.decoding.ingresses import WireIngress, read_ingress
from hadyn.model.decoding.leaves import Findings, is_dns_label, is_dns_name
from hadyn.model.decoding.metadata import DEFAULT_NAMESPACE, Identity, Wire, identity
from hadyn.model.decoding.nodes import WireNode, read_node
from hadyn.model.decoding.pods import WirePod, read_pod
from hadyn.model.decoding.resources import WireBackendResource, read_backend
from hadyn.model.decoding.secrets import WireConfigMap, WireSecret, read_config_map, read_secret
from hadyn.model.decoding.services import WireService, read_service
from hadyn.model.decoding.slices import WireEndpoints, WireSlice, read_endpoints, read_slice
from hadyn.model.objects import Fault, KubernetesObject
from hadyn.model.problems import ObjectRef, Problem, Reason, shown

UNNAMED = "?"
"""Stands for a name that cannot be told; no object is called so."""


@dataclass(frozen=True, slots=True)
class TypeName:
    """Names a type as a document does: "networking.k8s.io/v1" and "Ingress"."""

    api_version: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Reader:
    wire: type[Any]
    read: Callable[[Any, Identity, Findings], KubernetesObject]


_BETA_INGRESS = _Reader(WireIngress, partial(read_ingress, is_beta=True))
_READERS: dict[TypeName, _Reader] = {
    TypeName("networking.k8s.io/v1", "Ingress"): _Reader(WireIngress, partial(read_ingress, is_beta=False)),
    TypeName("networking.k8s.io/v1beta1", "Ingress"): _BETA_INGRESS,
    TypeName("extensions/v1beta1", "Ingress"): _BETA_INGRESS,
    TypeName("networking.k8s.io/v1", "IngressClass"): _Reader(WireIngressClass, read_ingress_class),
    TypeName("v1", "Namespace"): _Reader(WireNamespace, read_namespace),
    TypeName("v1", "Service"): _Reader(WireService, read_service),
    TypeName("v1", "Endpoints"): _Reader(WireEndpoints, read_endpoints),
    TypeName("v1", "Pod"): _Reader(WirePod, read_pod),
    TypeName("v1", "Node"): _Reader(WireNode, read_node),
    TypeName("v1", "Secret"): _Reader(WireSecret, read_secret),
    TypeName("v1", "ConfigMap"): _Reader(WireConfigMap, read_config_map),
    TypeName("discovery.k8s.io/v1", "EndpointSlice"): _Reader(WireSlice, read_slice),
    TypeName("hadyn.io/v1alpha1", "Backend"): _Reader(WireBackendResource, read_backend),
}
_GROUPS = {(name.api_version.rpartition("/")[0], name.kind) for name in _READERS}
_KINDS = {name.kind for name in _READERS}
_WRONG_TYPE = re.compile(
    r"Expected `(?P<wanted>[^`]*)`(?:, got `(?P<got>[^`]*)`)?(?: - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`)?"
)
_WORDS = {"object": "a mapping", "array": "a list", "null": "nothing", "str": "text", "int": "a number"}


class _Header(Wire):
    api_version: Any = None
    kind: Any = None
    metadata: Any = None


def decode(document: object, assumed: TypeName | None = None) -> KubernetesObject | Problem | None:
    """Decode one document: the bytes of a JSON object, or what a YAML or JSON parser made of one.

    ``assumed`` is the type of a document that names none (items of a list from the
    apiserver). Returns None for an empty document and for kinds that hadyn does not use,
    a Problem where the object cannot be read at all.
    """
    if document is None:
        return None
    header = None
    try:
        header = _typed(document, _Header)
        name = _type_name(header) or assumed
        if name is None:
            return None
        reader = _READERS.get(name)
        if reader is None:
            return _unsupported(name, header)
        wire = _typed(document, reader.wire)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as cause:
        return _unreadable(header, assumed, cause)
    return _read(name.kind, wire, reader)


def _typed(document: object, shape: type[Any]) -> Any:
    if isinstance(document, (bytes, bytearray, memoryview, msgspec.Raw)):
        return msgspec.json.decode(document, type=shape)
    return msgspec.convert(document, shape)


def _type_name(header: _Header) -> TypeName | None:
    if not isinstance(header.kind, str):
        return None
    return TypeName(header.api_version if isinstance(header.api_version, str) else "", header.kind)


def _read(kind: str, wire: Any, reader: _Reader) -> KubernetesObject | Problem:
    findings = Findings()
    named = identity(kind, wire.metadata, findings)
    if isinstance(named, Fault):
        return named.problem_of(_likely_ref(kind, {"name": wire.metadata.name, "namespace": wire.metadata.namespace}))
    return reader.read(wire, named, findings)


def _unsupported(name: TypeName, header: _Header) -> Problem | None:
    """A kind of ours in a version that is not; any other kind is None."""
    group = name.api_version.rpartition("/")[0]
    if (group, name.kind) not in _GROUPS and not (name.api_version == "" and name.kind in _KINDS):
        return None
    versions = ", ".join(sorted(known.api_version for known in _READERS if known.kind == name.kind))
    said = f"{shown(name.api_version)} is not a version that hadyn reads"
    return Problem(_likely_ref(name.kind, header.metadata), "apiVersion", Reason.NOT_SUPPORTED, said, f"Use {versions}")


def _unreadable(header: _Header | None, assumed: TypeName | None, cause: Exception) -> Problem:
    """A document without the structure of its kind; ``header`` is None where it is not even a mapping."""
    name = (_type_name(header) if header else None) or assumed
    kind, metadata = name.kind if name else "Object", header.metadata if header else None
    found = _WRONG_TYPE.fullmatch(str(cause))
    if found is None:
        said = "is nested too deeply" if isinstance(cause, RecursionError) else f"cannot be read: {shown(str(cause))}"
        return Problem(_likely_ref(kind, metadata), "", Reason.UNREADABLE, said, "Write it as kubectl would accept it")
    wanted = " or ".join(_WORDS.get(word, word) for word in found["wanted"].split(" | "))
    said = f"{wanted} is wanted" + (f", not {_WORDS.get(found['got'], found['got'])}" if found["got"] else "")
    remedy = "Nothing of this object is used until then"
    return Problem(_likely_ref(kind, metadata), found["path"] or "", Reason.UNREADABLE, said, remedy)


def _likely_ref(kind: str, metadata: object) -> ObjectRef:
    """Name an object whose metadata may be anything; a name that Kubernetes would refuse is shown escaped."""
    fields = metadata if isinstance(metadata, dict) else {}
    name, namespace = fields.get("name"), fields.get("namespace")
    spelled_name = name if is_dns_name(name) else shown(name) if isinstance(name, str) and name else UNNAMED
    spelled_namespace = namespace if is_dns_label(namespace) else DEFAULT_NAMESPACE
    return ObjectRef(kind, str(spelled_namespace), str(spelled_name))
