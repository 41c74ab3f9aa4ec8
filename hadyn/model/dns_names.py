"""Names that may be asked of a DNS server, checked once at the border.

Rule: a name that passes holds no character that a configuration, a command or a log could
trip over; it is lower case, so that equal names are equal texts.
"""

from __future__ import annotations

import re

MAX_NAME = 253
MAX_LABEL = 63
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+)*\.?")


def checked_dns_name(value: object) -> str:
    """Return the name in lower case, its final dot kept; raise ValueError with the reason."""
    if not isinstance(value, str) or not value.isascii():
        hint = " (letters beyond ASCII are spelled xn--…)" if isinstance(value, str) else ""
        raise ValueError(f"is not a DNS name{hint}")
    name = value.lower()
    labels = name.removesuffix(".").split(".")
    if len(name.removesuffix(".")) > MAX_NAME:
        raise ValueError(f"is longer than a DNS name can be ({MAX_NAME} characters)")
    if any(len(label) > MAX_LABEL for label in labels):
        raise ValueError(f"has a label of more than {MAX_LABEL} characters")
    if not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("is not a DNS name")
    if _ADDRESS.fullmatch(name):
        raise ValueError("is an address, not a name")
    return name
