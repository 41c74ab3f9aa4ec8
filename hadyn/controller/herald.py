"""Tell the announcer what the wheel sees, after each turn."""

from __future__ import annotations

from dataclasses import dataclass

from hadyn.announce.announcer import Announcer
from hadyn.controller.filing import Filing
from hadyn.model.inventory import Inventory
from hadyn.model.objects import Ingress
from hadyn.model.problems import Problem


@dataclass(slots=True)
class Herald:
    """Costs what changed: an Ingress that did, and all problems only when one did."""

    inventory: Inventory
    filing: Filing
    announcer: Announcer
    _problems: frozenset[Problem] = frozenset()

    def look_on(self) -> None:
        for ref in self.inventory.taken_ingresses():
            ingress = self.inventory.object(ref)
            assert isinstance(ingress, Ingress | None)
            said = ingress.published if ingress else None
            self.announcer.saw_ingress(ref, said, is_ours=self.inventory.is_ours(ref))
        problems = self.filing.known_problems
        if problems is not self._problems:
            self._problems = problems
            self.announcer.saw_problems(sorted(problems))
