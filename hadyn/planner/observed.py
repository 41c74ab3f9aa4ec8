"""What HAProxy says it has: slots, their states, map entries.

Rule: this is read from HAProxy each cycle, never remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.desired import MapKey


class SlotState(StrEnum):
    """What a slot does: takes requests, finishes those it has, or neither."""

    READY = "ready"
    DRAIN = "drain"
    MAINT = "maint"


class ObservedSlot(Struct, frozen=True, gc=False):
    """One server line of HAProxy.

    ``address`` is None where the slot holds the placeholder or no address;
    ``weight`` is 0 to 256; ``sessions`` counts connections in use;
    ``seconds_in_state`` is since HAProxy last changed its state;
    ``is_up`` is false where HAProxy itself holds a ready slot down (a health check).
    ``is_forced`` tells, of a slot with a name, maint by command from maint without address.
    One that ``lacks_checks`` was added with some, or with an agent, which nobody has enabled yet.
    """

    name: str
    address: Address | None = None
    state: SlotState = SlotState.MAINT
    weight: int = 1
    sessions: int = 0
    seconds_in_state: int = 0
    fqdn: str | None = None
    is_up: bool = True
    is_forced: bool = False
    lacks_checks: bool = False


class ObservedBackend(Struct, frozen=True, gc=False):
    """A backend as HAProxy has it, its slots in HAProxy's order; no request reaches one that is not published."""

    name: str
    slots: tuple[ObservedSlot, ...] = ()
    is_published: bool = True


class Serving(Struct, frozen=True, gc=False):
    """Who takes requests in one backend, as words that are cheap to compare.

    ``slots`` counts all, ``seats`` are those out of maint, sorted: slot, "10.0.0.7:8080",
    and the weight or, of one that drains, "drain", which no file says.
    """

    slots: int
    seats: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Observed:
    """The part of HAProxy that a plan is about.

    A backend that was asked for and is not there is missing from ``backends``;
    ``entries`` holds the map entries asked for that are there.
    """

    backends: Mapping[str, ObservedBackend] = field(default_factory=dict)
    entries: Mapping[MapKey, str] = field(default_factory=dict)
