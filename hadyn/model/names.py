"""The spelling of names in HAProxy: backends, slots.

Rule: names are injective. ``_`` cannot occur in a name of Kubernetes, so it separates;
names that begin with ``_`` are hadyn's own.
"""

from __future__ import annotations

from functools import lru_cache

SLOT_PREFIX = "s"


def backend_name(namespace: str, service: str, port: int) -> str:
    """HAProxy's name for a port of a Service: ``shop_web_80``."""
    return f"{namespace}_{service}_{port}"


def resource_backend_name(namespace: str, name: str) -> str:
    """HAProxy's name for an object of kind Backend (hadyn.io): ``default_api``."""
    return f"{namespace}_{name}"


def slot_name(number: int) -> str:
    """The name of slot number N of any backend, from 1: ``s3``."""
    return f"{SLOT_PREFIX}{number}"


@lru_cache(maxsize=2048)
def slot_number(name: str) -> int | None:
    """The number in a slot's name, or None where hadyn did not name it."""
    digits = name.removeprefix(SLOT_PREFIX)
    if digits == name or not (digits.isascii() and digits.isdigit()) or digits.startswith("0"):
        return None
    return int(digits)
