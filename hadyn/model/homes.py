"""Which slot the pods of a StatefulSet call their own: web-0 the first, web-1 the second."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec.structs import replace

from hadyn.model.desired import Endpoint
from hadyn.model.names import slot_name

_ORDINAL = re.compile(r"(?=[^a-z]*[a-z])[a-z0-9-]*-(0|[1-9][0-9]{0,3})")
"""Without a letter it is an address as CoreDNS spells it, 10-0-0-1: that pod has no name."""


def at_home(endpoints: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Return the endpoints, each with its home where its name ends in an ordinal; the first of a name has it."""
    taken: set[str] = set()
    found: list[Endpoint] = []
    for endpoint in endpoints:
        home = home_of(endpoint.name or "")
        is_first = home is not None and home not in taken
        found.append(replace(endpoint, home=home) if is_first else endpoint)
        taken.add(home or "")
    return tuple(found)


def home_of(name: str) -> str | None:
    """Return the slot for a pod ("shop/web-0") or its host ("web-0.web.shop.svc"), None without an ordinal."""
    label = name.rpartition("/")[2].partition(".")[0]
    ordinal = _ORDINAL.fullmatch(label)
    return slot_name(int(ordinal[1]) + 1) if ordinal else None
