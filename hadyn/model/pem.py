"""PEM blocks out of whatever bytes somebody put into a Secret.

Rules: byte order marks, CR, blanks and text between blocks are nothing; blocks may be glued
together. What stands inside is only decoded here, not understood. Errors never quote it,
for it may be a key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

CERTIFICATE = "CERTIFICATE"
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_BLANK = re.compile(rb"\s+")
_HEADER = re.compile(rb"^[A-Za-z-]+:", re.MULTILINE)
_COLUMNS = 64


class Block(NamedTuple):
    """One block: what it says it is ("CERTIFICATE"), and its bytes. ``is_encrypted`` with a pass phrase."""

    label: str
    content: bytes
    is_encrypted: bool = False

    @property
    def is_key(self) -> bool:
        return self.label.endswith("PRIVATE KEY")

    def __repr__(self) -> str:
        """Say what it is, never what is in it."""
        return f"Block({self.label!r})"

    def __str__(self) -> str:
        """Spell the block as PEM, line end included."""
        text = base64.b64encode(self.content).decode("ascii")
        lines = (text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS))
        return "\n".join((f"-----BEGIN {self.label}-----", *lines, f"-----END {self.label}-----\n"))


class NotPem(ValueError):
    """The bytes hold something that looks like a block and cannot be decoded."""


def blocks(content: bytes) -> Iterator[Block]:
    """Yield the blocks in their order; raises NotPem at one whose inside is no base64."""
    for label, inside in _BLOCK.findall(content):
        name = label.decode("ascii")
        if name == "ENCRYPTED PRIVATE KEY" or b"Proc-Type:" in inside:
            yield Block(name, b"", is_encrypted=True)
            continue
        if _HEADER.search(inside):
            raise NotPem("a block has headers")
        try:
            yield Block(name, base64.b64decode(_BLANK.sub(b"", inside), validate=True))
        except binascii.Error as cause:
            raise NotPem("the inside of a block is not base64") from cause
