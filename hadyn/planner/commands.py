"""Everything HAProxy can be told at run time, as values.

Rule: a command is a value until ``runtime/wire.py`` spells it; ``str()`` is for people
(``hadyn plan``, the log, tests) and happens to read like HAProxy's own words.
"""

from __future__ import annotations

from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.planner.observed import SlotState


class SetAddress(Struct, frozen=True, gc=False):
    """Give a slot another address; the slot is in maint."""

    backend: str
    slot: str
    address: Address

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} addr {self.address.ip} port {self.address.port}"


class SetState(Struct, frozen=True, gc=False):
    """Switch a slot to ready, drain or maint."""

    backend: str
    slot: str
    state: SlotState

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} state {self.state}"


class SetWeight(Struct, frozen=True, gc=False):
    """Give a slot another weight, 0 to 256."""

    backend: str
    slot: str
    weight: int

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} weight {self.weight}"


class AddMapEntry(Struct, frozen=True, gc=False):
    """Add an entry to a map that does not have the key."""

    map: MapName
    key: str
    value: str

    def __str__(self) -> str:
        return f"add map {self.map}.map {self.key} {self.value}"


class SetMapEntry(Struct, frozen=True, gc=False):
    """Change the value of an entry that the map has."""

    map: MapName
    key: str
    value: str

    def __str__(self) -> str:
        return f"set map {self.map}.map {self.key} {self.value}"


class DeleteMapEntry(Struct, frozen=True, gc=False):
    """Remove an entry from a map."""

    map: MapName
    key: str

    def __str__(self) -> str:
        return f"del map {self.map}.map {self.key}"


SlotCommand = SetAddress | SetState | SetWeight
MapCommand = AddMapEntry | SetMapEntry | DeleteMapEntry
Command = SlotCommand | MapCommand
