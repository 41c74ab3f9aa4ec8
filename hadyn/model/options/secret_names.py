"""The names of Secrets in annotations: how they are spelled, which Secret is meant."""

from __future__ import annotations

import re

from hadyn.model.objects import Secret
from hadyn.model.options.parsers import matching
from hadyn.model.problems import ObjectRef

UNREADABLE = ""
"""Stands for what somebody wrote that is the name of no Secret."""
_NAME = r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?"

own_secret_name = matching(re.compile(_NAME))
"""The name of a Secret, without namespace."""
secret_name = matching(re.compile(rf"(?:[a-z0-9](?:[-a-z0-9]{{0,61}}[a-z0-9])?/)?{_NAME}"))
"""The name of a Secret, "name" or "namespace/name"; whose namespace that may be is no question of spelling."""


def secret_of(text: str, namespace: str) -> ObjectRef | None:
    """Return the Secret that an object of this namespace names; None where that is nobody's, or another namespace's."""
    owner, separator, name = text.rpartition("/")
    return ObjectRef(Secret.kind, namespace, name) if name and (not separator or owner == namespace) else None
