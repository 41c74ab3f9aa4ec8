"""Secrets, ConfigMaps: values by key, which no problem ever quotes.

Rules: a value that cannot be read is left out alone, and only its key is named. What is in
``stringData`` counts over ``data``, as in the apiserver.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from hadyn.model.decoding.leaves import Findings, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire
from hadyn.model.objects import ConfigMap, Secret
from hadyn.model.problems import Reason
from hadyn.model.sealed import Sealed

MAX_BYTES = 1_048_576
"""What an apiserver takes as the values of one Secret or ConfigMap."""
OPAQUE = "Opaque"
MAX_TYPE = 253
_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")
_LINE_ENDS = str.maketrans("", "", "\r\n")


class WireSecret(Wire):
    metadata: Metadata
    type: Any = None
    data: dict[str, Any] | None = None
    string_data: dict[str, Any] | None = None


class WireConfigMap(Wire):
    metadata: Metadata
    data: dict[str, Any] | None = None


def read_secret(wire: WireSecret, identity: Identity, findings: Findings) -> Secret:
    values: dict[str, bytes] = {}
    for key, value in _usable(wire.data, "data", findings):
        decoded = _from_base64(value)
        if decoded is None:
            findings.add(f"data[{key}]", "is not base64", "Encode it, or put the text under stringData")
        else:
            values[key] = decoded
    for key, text in _usable(wire.string_data, "stringData", findings):
        values[key] = text.encode(errors="replace")
    if sum(map(len, values.values())) > MAX_BYTES:
        findings.add("data", f"is more than {MAX_BYTES:,} bytes", "None of it is used until then", Reason.TOO_MANY)
        values = {}
    return Secret(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        type=_type(wire.type, findings),
        values=Sealed(values),
        faults=findings.faults(),
    )


def read_config_map(wire: WireConfigMap, identity: Identity, findings: Findings) -> ConfigMap:
    values = tuple(sorted(_usable(wire.data, "data", findings)))
    if sum(len(key) + len(text) for key, text in values) > MAX_BYTES:
        findings.add("data", f"is more than {MAX_BYTES:,} bytes", "None of it is used until then", Reason.TOO_MANY)
        values = ()
    return ConfigMap(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        values=values,
        faults=findings.faults(),
    )


def _usable(values: Mapping[str, Any] | None, field: str, findings: Findings) -> list[tuple[str, str]]:
    """The entries that are text under a key as Kubernetes allows it; null is an empty text, as there."""
    usable: list[tuple[str, str]] = []
    for key, value in (values or {}).items():
        if not _KEY.fullmatch(key):
            findings.add(field, f"{spelled(key)} is not a key", "Use letters, digits, '-', '_' and '.'")
        elif not isinstance(value, str | None):
            findings.add(f"{field}[{key}]", "is not text", "Put it in quotes")
        else:
            usable.append((key, value or ""))
    return usable


def _from_base64(text: str) -> bytes | None:
    """Decode as Go does, which passes over the ends of lines; None where it is no base64."""
    try:
        return base64.b64decode(text.translate(_LINE_ENDS), validate=True)
    except (binascii.Error, ValueError):
        return None


def _type(value: object, findings: Findings) -> str:
    if value in (None, ""):
        return OPAQUE
    if isinstance(value, str) and len(value) <= MAX_TYPE and value.isprintable():
        return value
    findings.add("type", f"{spelled(value)} is not a type", f"It counts as {OPAQUE}")
    return OPAQUE
