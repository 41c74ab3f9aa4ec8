"""Everything HAProxy can be told at run time, as values.

Rule: a command is a value until ``runtime/wire.py`` spells it; ``str()`` is for people
(``hadyn plan``, the log, tests) and happens to read like HAProxy's own words.
"""

from __future__ import annotations

from dataclasses import dataclass

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.planner.observed import SlotState


@dataclass(frozen=True, slots=True)
class SetAddress:
    """Give a slot another address; the slot is in maint."""

    backend: str
    slot: str
    address: Address

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} addr {self.address.ip} port {self.address.port}"


@dataclass(frozen=True, slots=True)
class SetState:
    """Switch a slot to ready, drain or maint."""

    backend: str
    slot: str
    state: SlotState

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} state {self.state}"


@dataclass(frozen=True, slots=True)
class SetWeight:
    """Give a slot another weight, 0 to 256."""

    backend: str
    slot: str
    weight: int

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} weight {self.weight}"


@dataclass(frozen=True, slots=True)
class AddMapEntry:
    """Add an entry to a map that does not have the key."""

    map: MapName
    key: str
    value: str

    def __str__(self) -> str:
        return f"add map {self.map}.map {self.key} {self.value}"


@dataclass(frozen=True, slots=True)
class SetMapEntry:
    """Change the value of an entry that the map has."""

    map: MapName
    key: str
    value: str

    def __str__(self) -> str:
        return f"set map {self.map}.map {self.key} {self.value}"


@dataclass(frozen=True, slots=True)
class DeleteMapEntry:
    """Remove an entry from a map."""

    map: MapName
    key: str

    def __str__(self) -> str:
        return f"del map {self.map}.map {self.key}"


SlotCommand = SetAddress | SetState | SetWeight
MapCommand = AddMapEntry | SetMapEntry | DeleteMapEntry
Command = SlotCommand | MapCommand
