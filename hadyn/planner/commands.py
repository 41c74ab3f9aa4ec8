"""Everything HAProxy can be told at run time, as values.

Rule: a command is a value until ``runtime/wire.py`` spells it; ``str()`` is for people
(``hadyn plan``, the log, tests) and happens to read like HAProxy's own words.
"""

from __future__ import annotations

from msgspec import Struct

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.model.names import DEFAULTS
from hadyn.planner.observed import SlotState


class SetAddress(Struct, frozen=True, gc=False):
    """Give a slot another address; the slot is in maint."""

    backend: str
    slot: str
    address: Address

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} addr {self.address.ip} port {self.address.port}"


class SetFqdn(Struct, frozen=True, gc=False):
    """Give a slot that HAProxy fills another name; what sits there stays until that one is resolved."""

    backend: str
    slot: str
    host: str

    def __str__(self) -> str:
        return f"set server {self.backend}/{self.slot} fqdn {self.host}"


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


class EnableChecks(Struct, frozen=True, gc=False):
    """Have a slot that was added checked as those of the files are; the words of its line say how."""

    backend: str
    slot: str

    def __str__(self) -> str:
        return f"enable health {self.backend}/{self.slot}"


class EnableAgent(Struct, frozen=True, gc=False):
    """Have the agent of a slot that was added asked as those of the files are."""

    backend: str
    slot: str

    def __str__(self) -> str:
        return f"enable agent {self.backend}/{self.slot}"


class AddSlot(Struct, frozen=True, gc=False):
    """Give a backend one more slot, in maint. It inherits nothing, so ``words`` say what its file says of all slots."""

    backend: str
    slot: str
    address: Address
    weight: int = 1
    words: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(
            (f"add server {self.backend}/{self.slot} {self.address} weight {self.weight}", *self.words),
        )


class DeleteSlot(Struct, frozen=True, gc=False):
    """Take a slot away that is in maint; HAProxy refuses while it has connections."""

    backend: str
    slot: str

    def __str__(self) -> str:
        return f"del server {self.backend}/{self.slot}"


class AddBackend(Struct, frozen=True, gc=False):
    """Add a backend without slots, which no request reaches before it is published."""

    backend: str

    def __str__(self) -> str:
        return f"add backend {self.backend} from {DEFAULTS}"


class PublishBackend(Struct, frozen=True, gc=False):
    """Let requests reach a backend that was added."""

    backend: str

    def __str__(self) -> str:
        return f"publish backend {self.backend}"


class UnpublishBackend(Struct, frozen=True, gc=False):
    """Let no request reach a backend any more."""

    backend: str

    def __str__(self) -> str:
        return f"unpublish backend {self.backend}"


class DeleteBackend(Struct, frozen=True, gc=False):
    """Take a backend away that is not published and has no slots."""

    backend: str

    def __str__(self) -> str:
        return f"del backend {self.backend}"


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


SlotCommand = SetAddress | SetFqdn | SetState | SetWeight | EnableChecks | EnableAgent | AddSlot | DeleteSlot
BackendCommand = AddBackend | PublishBackend | UnpublishBackend | DeleteBackend
MapCommand = AddMapEntry | SetMapEntry | DeleteMapEntry
Command = SlotCommand | BackendCommand | MapCommand
