"""The spelling of names in HAProxy: backends, slots.

Rule: names are injective. ``_`` cannot occur in a name of Kubernetes, so it separates;
names that begin with ``_`` are hadyn's own.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TARGET = r"[a-z0-9][a-z0-9.-]*(_[0-9]+)?"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
OWN_NAME = re.compile(rf"[a-z0-9][a-z0-9-]*_{_TARGET}(_tcp|_stable|_canary_{_TARGET}|_group_{_LABEL})?")
SLOT_PREFIX = "s"
SPARE_PREFIX = "_spare_"
OF_CONNECTIONS = "_tcp"
"""Ends the name of a backend for connections to a port of its own: the same Service may be asked by HTTP, too."""
PEERS = "_peers"
"""The section of those who keep each other's stick tables."""
DEFAULTS = "hadyn"
"""The named defaults of every section; ``add backend NAME from hadyn`` uses them at run time."""


def backend_name(namespace: str, service: str, port: int) -> str:
    """HAProxy's name for a port of a Service: ``shop_web_80``."""
    return f"{namespace}_{service}_{port}"


def resource_backend_name(namespace: str, name: str) -> str:
    """HAProxy's name for an object of kind Backend (hadyn.io): ``default_api``."""
    return f"{namespace}_{name}"


def name_for_connections(backend: str) -> str:
    """HAProxy's name for what connections to a port of its own lead to: ``shop_db_5432_tcp``."""
    return backend + OF_CONNECTIONS


def is_of_connections(backend: str) -> bool:
    return backend.endswith(OF_CONNECTIONS)


def stable_name(backend: str) -> str:
    """HAProxy's name for a backend without its canaries: ``shop_web_80_stable``."""
    return f"{backend}_stable"


def canary_name(backend: str, canary: str) -> str:
    """HAProxy's name for one canary of a backend alone, of the same namespace: ``shop_web_80_canary_next_80``."""
    return f"{backend}_canary_{canary.partition('_')[2]}"


def group_name(backend: str, value: str) -> str:
    """HAProxy's name for the pods of a backend with this value of a label: ``shop_web_80_group_blue``."""
    return f"{backend}_group_{value}"


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


def is_own(name: str) -> bool:
    """Whether this could be hadyn's name for a backend of somebody's object."""
    return OWN_NAME.fullmatch(name) is not None


def spare_name(number: int) -> str:
    """The name of spare backend number N, from 1: ``_spare_3``."""
    return f"{SPARE_PREFIX}{number}"


def is_spare(name: str) -> bool:
    """Whether a backend is one that waits to take the place of another."""
    return name.startswith(SPARE_PREFIX)
