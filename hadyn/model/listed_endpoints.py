"""Endpoints as slices list them, packed: they are there by the hundred thousand.

Rule: values are made of them only while somebody looks; 100,000 values would take 25 MB.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct


class Readiness(IntEnum):
    """What the conditions of an endpoint amount to, best first."""

    READY = 0
    SERVING = 1
    NOT_SERVING = 2


_READINESS = {str(int(readiness)): readiness for readiness in Readiness}


class ListedEndpoint(Struct, frozen=True, gc=False):
    """An endpoint as a slice lists it: ``ip`` canonical (loopback included), ``pod`` "namespace/name" or None.

    ``identity`` is equal for the same pod, and for nothing else; None where no pod is named.
    """

    ip: str
    readiness: Readiness
    pod: str | None
    identity: int | None


class EndpointGroup(Struct, frozen=True, gc=False):
    """Endpoints that listen on the same ports: ``ports`` are pairs of port name ("") and number.

    They are kept as one text, a line each.
    """

    ports: tuple[tuple[str, int], ...]
    lines: str
    field: str = ""

    @classmethod
    def of(
        cls, ports: tuple[tuple[str, int], ...], endpoints: Iterable[ListedEndpoint], field: str = ""
    ) -> EndpointGroup:
        """Pack endpoints; no value of theirs holds a blank."""
        lines = (f"{each.ip} {each.readiness:d} {each.pod or ''} {_spelled(each.identity)}" for each in endpoints)
        return cls(ports, "\n".join(lines), field)

    @property
    def endpoints(self) -> tuple[ListedEndpoint, ...]:
        """The endpoints, unpacked."""
        return tuple(map(_listed, self.lines.split("\n"))) if self.lines else ()


def _spelled(identity: int | None) -> str:
    return "" if identity is None else str(identity)


def _listed(line: str) -> ListedEndpoint:
    ip, readiness, pod, identity = line.split(" ")
    return ListedEndpoint(ip, _READINESS[readiness], pod or None, int(identity) if identity else None)
