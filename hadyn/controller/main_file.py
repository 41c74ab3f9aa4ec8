"""The main file, as flags and the operator's ConfigMap want it.

Rule: what HAProxy refuses of the ConfigMap is a problem of the ConfigMap, and the main
file stays as HAProxy accepted it last (at a first start, as without a ConfigMap) until that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hadyn.model.extras import Extra
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.objects import Options
from hadyn.model.ports import Port
from hadyn.model.problems import Problem, Reason
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.files import StateFiles
from hadyn.render.passthrough import FRONTEND
from hadyn.render.ports import listening_in

_FIRSTS = {
    f"frontend {FRONTEND} ": ReloadReason.PASSTHROUGH_BEGAN,
    **{extra.mark: ReloadReason.ROUTING_BEGAN for extra in Extra},
}
"""What tells in the main file that some object was the first to want it."""


@dataclass(slots=True)
class MainFile:
    """Spells the main file, less what HAProxy would refuse.

    ``obstacle`` says why a port cannot be opened, "" where it can, ``closed`` are such with what it
    said. ``refusal`` is HAProxy's word on the options that ``refused`` are.
    """

    inventory: Inventory
    files: StateFiles
    spell: Callable[[MainWish], str]
    refused: Options | None = None
    refusal: str = ""
    obstacle: Callable[[int], str] = lambda _port: ""
    closed: dict[Port, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return the main file as it is wanted, less what HAProxy refuses."""
        wish = self._openable(self.inventory.main_wish)
        if wish.options != self.refused:
            self.refused = None
            return self.spell(wish)
        return self.files.main or self.spell(replace(wish, options=()))

    def put(self) -> tuple[Reload, ...]:
        """Hand it to the files; return the reason to reload if HAProxy has not read it yet."""
        text = self.text()
        self.files.put_main(text)
        if not self.files.has_unjudged_main:
            return ()
        if listening_in(text).keys() != listening_in(self.files.main).keys():
            return (Reload(ReloadReason.PORTS_CHANGED),)
        firsts = (reason for begins, reason in _FIRSTS.items() if begins in text and begins not in self.files.main)
        return (Reload(next(firsts, ReloadReason.GLOBAL_CHANGED)),)

    @property
    def is_refusable(self) -> bool:
        """Whether the ConfigMap changes something that HAProxy has yet to read."""
        options = self.inventory.standing_options
        return bool(options) and options != self.refused and self.files.has_unjudged_main

    def refuse(self, said: str) -> bool:
        """Go on without what the ConfigMap changes; return whether that is another file than HAProxy refused."""
        if not self.is_refusable:
            return False
        self.refused, self.refusal = self.inventory.standing_options, said
        self.put()
        return True

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the ConfigMap in HAProxy's eyes."""
        ref = self.inventory.standing_ref
        closed = tuple(_problem_of(port, said) for port, said in self.closed.items())
        if self.refused is None or ref is None:
            return closed
        said = f"HAProxy does not load these options: {self.refusal}"
        remedy = "Change or remove the last one changed; until then all is as it was"
        return (Problem(ref, "data", Reason.REFUSED_BY_HAPROXY, said, remedy), *closed)

    def _openable(self, wish: MainWish) -> MainWish:
        """Leave out ports that HAProxy could not open: it would refuse every reload because of one."""
        opened = listening_in(self.files.main)
        tried = {port: self.obstacle(port.number) for port in wish.ports if port.number not in opened}
        self.closed = {port: said for port, said in tried.items() if said}
        return replace(wish, ports=tuple(port for port in wish.ports if port not in self.closed))


def _problem_of(port: Port, said: str) -> Problem:
    remedy = "Take another port, or free this one; hadyn tries again with the next change of such an Ingress"
    return Problem(port.owner, port.field, Reason.NOT_ALLOWED, f"HAProxy cannot listen there: {said}", remedy)
