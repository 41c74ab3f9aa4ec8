"""Problems: what is wrong in a user's object, where, and what to do about it.

Rule: problems are collected and shown, never raised; a wrong object harms only itself.
A value taken from an object is shown escaped and cut, so that neither a terminal nor a
log can be steered by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

SHOWN_CHARACTERS = 80


class Reason(StrEnum):
    """Why an object, or a part of it, is not used; the same word in log, metric and CLI."""

    UNREADABLE = "Unreadable"
    INVALID_VALUE = "InvalidValue"
    UNKNOWN_ANNOTATION = "UnknownAnnotation"
    NOT_SUPPORTED = "NotSupported"
    NOT_FOUND = "NotFound"
    NOT_RESOLVED = "NotResolved"
    NOT_ALLOWED = "NotAllowed"
    FORBIDDEN_ADDRESS = "ForbiddenAddress"
    CLAIMED = "Claimed"
    DUPLICATE = "Duplicate"
    TOO_MANY = "TooMany"
    REFUSED_BY_HAPROXY = "RefusedByHAProxy"


class ObjectRef(Struct, frozen=True, gc=False, order=True):
    """Names one object: kind ("Ingress"), namespace ("" for cluster-wide kinds) and name."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def titled(cls, kind: str, title: str) -> ObjectRef:
        """Name the object of this kind that people call "namespace/name"; "" is nobody's title."""
        namespace, _, name = title.partition("/")
        return cls(kind, namespace, name)

    def __str__(self) -> str:
        """As people write it: ``ingress shop/web``."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind.lower()} {place}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one object.

    ``field`` is a path in the object ("spec.rules[0].http.paths[2].path", "" for all of
    it); ``said`` tells what is wrong with it, ``remedy`` what the user can do.
    ``file`` is "name.yaml:12" where the object came from a file.
    """

    object: ObjectRef
    field: str
    reason: Reason
    said: str
    remedy: str
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.object}: {self.field}" if self.field else f"{self.object}"
        head = f"{self.file}: {place}" if self.file else place
        return f"{head}: {self.said}; {self.remedy}"


def annotation_field(annotation: str) -> str:
    """Return where an annotation stands in an object: ``metadata.annotations[hadyn.io/slots]``."""
    return f"metadata.annotations[{annotation}]"


def shown(value: object) -> str:
    """Spell a foreign value for people: quoted, escaped to ASCII, cut at 80 characters."""
    text = value if isinstance(value, str) else repr(value)
    spelled = ascii(text[: SHOWN_CHARACTERS + 1])
    return spelled if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]!a}..."
