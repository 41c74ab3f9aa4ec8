"""What one cycle does, as values: commands, reload reasons, seats.

Rules: every prefix of a plan leaves HAProxy safe; a plan for what HAProxy has become is
empty. ``planning.py`` makes plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hadyn.model.desired import Endpoint
from hadyn.planner.commands import BackendCommand, Command, MapCommand, SlotCommand
from hadyn.planner.reasons import Reload


@dataclass(frozen=True, slots=True)
class Seating:
    """How one backend stands in the files: its number of slots and who sits in which.

    ``seats`` maps a slot's name to its endpoint, in slot order; slots not in it are free.
    """

    slots: int
    seats: Mapping[str, Endpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendPlan:
    """What to tell HAProxy about one backend.

    ``prepare`` is safe to send at once. ``activate`` comes after a barrier and a
    read-back, and only for slots proven to hold the address they should.
    ``unseated`` are endpoints for which there is no slot even after a reload.
    ``is_unfinished`` asks for another plan right after this one is carried out: the last
    slot that serves is handed on only when another one does.
    """

    backend: str
    seating: Seating
    prepare: tuple[SlotCommand | BackendCommand, ...] = ()
    activate: tuple[SlotCommand, ...] = ()
    reloads: tuple[Reload, ...] = ()
    unseated: tuple[Endpoint, ...] = ()
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one cycle does. ``str()`` of its parts is what ``hadyn plan`` shows.

    ``retire`` takes backends that nobody wants any more out of service, once no route
    leads to them; ``remove`` takes them away, where HAProxy agrees.
    """

    backends: tuple[BackendPlan, ...] = ()
    entries: tuple[MapCommand, ...] = ()
    retire: tuple[SlotCommand, ...] = ()
    remove: tuple[SlotCommand | BackendCommand, ...] = ()

    @property
    def reloads(self) -> tuple[Reload, ...]:
        return tuple(reload for backend in self.backends for reload in backend.reloads)

    @property
    def commands(self) -> tuple[Command, ...]:
        """Every command, in the order in which it is sent."""
        prepare = tuple(command for backend in self.backends for command in backend.prepare)
        activate = tuple(command for backend in self.backends for command in backend.activate)
        return prepare + activate + self.entries + self.retire + self.remove
