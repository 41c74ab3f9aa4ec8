"""Very many slots filled like on a conveyor: some are told while others are read back.

Phase by phase, hadyn would wait while HAProxy takes addresses, and HAProxy while hadyn reads
tables. Here each line holds some of everything: addresses, a look at backends that were told
a while ago, ``ready`` for those that were looked at. Rules:

1. Nothing about one backend is sooner or less than without: its addresses, a read-back on a
   later connection, ``ready`` for what that proves, a second read-back.
2. What a look shows too soon, since an address may be late (haproxy-facts.md#addr-is-asynchronous),
   is left to barriers at the end.

docs/decisions/0027-read-back-while-others-are-told.md
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hadyn.planner.commands import Command, SlotCommand
from hadyn.planner.observed import ObservedBackend
from hadyn.planner.plan import BackendPlan
from hadyn.runtime.client import Runtime
from hadyn.runtime.proof import ProvenSlot, divided, is_as_told, lags, proven_slots
from hadyn.runtime.wire import Outcome, Verdict


@dataclass(slots=True)
class Told:
    """What was told so far.

    ``failed`` are commands whose reply is not a known success; ``observed`` are backends
    as they were read last. Of what comes behind the barrier, ``unsent`` may be sent and was not
    yet, ``withheld`` may not. ``finished`` are backends about which nothing more is to be said or
    read: ``proven`` are their slots, ``astray`` those that are not as told.
    """

    failed: list[Outcome] = field(default_factory=list)
    observed: dict[str, ObservedBackend] = field(default_factory=dict)
    unsent: list[SlotCommand] = field(default_factory=list)
    withheld: list[SlotCommand] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)
    proven: list[ProvenSlot] = field(default_factory=list)
    astray: set[str] = field(default_factory=set)

    def heard(self, outcomes: Iterable[Outcome]) -> None:
        """Take in what was answered."""
        self.failed += (outcome for outcome in outcomes if outcome.verdict is not Verdict.DONE)

    def saw(self, observed: Mapping[str, ObservedBackend], asked: Iterable[str]) -> None:
        """Take in a look at backends; one that was asked for and is not there is gone."""
        for name in asked:
            if name in observed:
                self.observed[name] = observed[name]
            else:
                self.observed.pop(name, None)

    def release(self, parts: Sequence[BackendPlan], prompt: Sequence[SlotCommand] = ()) -> list[SlotCommand]:
        """Return what the last look at these backends proves that it may be sent, note what it does not prove."""
        released, withheld = divided(parts, prompt, self.observed)
        self.withheld += withheld
        return released

    def finish(self, part: BackendPlan, released: Iterable[SlotCommand]) -> None:
        """Note what the last look proves, behind all that was said."""
        self.finished.add(part.backend)
        self.proven += proven_slots((part,), released, self.observed)
        if not is_as_told((*part.prepare, *part.activate), self.observed.get(part.backend)):
            self.astray.add(part.backend)


def carried(parts: Sequence[BackendPlan], runtime: Runtime, *, lead: int) -> tuple[Told, list[BackendPlan]]:
    """Carry parts of a plan as far as they come without a barrier; return what was told, and parts that were not seen as told.

    So many commands, ``lead``, are told between a backend's addresses and the look at it.
    """
    conveyor = _Conveyor(parts, lead)
    for answer in runtime.exchange(conveyor.course()):
        if isinstance(answer, Outcome):
            conveyor.told.failed.append(answer)
        else:
            conveyor.look(*answer)
    return conveyor.told, conveyor.left_over()


class _Conveyor:
    """Where each backend is: told, asked about, proven."""

    def __init__(self, parts: Sequence[BackendPlan], lead: int) -> None:
        self.told = Told()
        self._parts = parts
        self._lead = lead
        self._unread: deque[tuple[int, BackendPlan]] = deque()
        self._awaited: deque[tuple[BackendPlan, Sequence[SlotCommand] | None]] = deque()
        self._safe: deque[tuple[BackendPlan, Sequence[SlotCommand]]] = deque()
        self._lagging: list[BackendPlan] = []

    def left_over(self) -> list[BackendPlan]:
        """Note what is proven and was not sent; return the parts that were not seen as told."""
        self.told.unsent += (command for _, commands in self._safe for command in commands)
        return [*self._lagging, *(part for _, part in self._unread)]

    def course(self) -> Iterator[Command | str]:
        """Yield commands and names of backends to look at, as far as answers allow when they are asked for."""
        said = 0
        for part in self._parts:
            yield from part.prepare
            said += len(part.prepare)
            if part.prepare:
                self._unread.append((said, part))
            else:
                self._prove(part)
            while self._unread and said - self._unread[0][0] >= self._lead:
                _, earlier = self._unread.popleft()
                self._awaited.append((earlier, None))
                yield earlier.backend
            while self._safe:
                earlier, commands = self._safe.popleft()
                yield from commands
                self._awaited.append((earlier, commands))
                yield earlier.backend

    def look(self, name: str, backend: ObservedBackend | None) -> None:
        """Take in what the look shows that was asked for first."""
        part, switched = self._awaited.popleft()
        self.told.saw({name: backend} if backend else {}, (name,))
        if switched is not None:
            self.told.finish(part, switched)
        elif lags(part, backend):
            self._lagging.append(part)
        else:
            self._prove(part)

    def _prove(self, part: BackendPlan) -> None:
        released = self.told.release((part,))
        if released:
            self._safe.append((part, released))
        else:
            self.told.finish(part, ())
