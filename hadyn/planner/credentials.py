"""What is said to HAProxy about the files that its server lines name: values in, values out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Verb(StrEnum):
    """What becomes of a file; the value is HAProxy's word."""

    NEW = "new"
    SET = "set"
    COMMIT = "commit"
    ABORT = "abort"
    DELETE = "del"


class CredentialCommand(Struct, frozen=True, gc=False):
    """Have HAProxy know a file by name, read another content of it, use that, forget it, forget the file.

    ``pem`` is the content, with the key where there is one.
    """

    verb: Verb
    file: str
    pem: str = ""

    @property
    def kind(self) -> str:
        """HAProxy's word for such a file."""
        return "ca-file" if self.file.endswith(".ca") else "cert"

    def __str__(self) -> str:
        return f"{self.verb} ssl {self.kind} {self.file}"

    def __repr__(self) -> str:
        """Never show the key."""
        return str(self)
