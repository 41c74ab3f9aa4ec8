"""Look through all of HAProxy for what somebody else changed, step by step.

Rules: a step asks for a portion, so that a change waits for some milliseconds at most;
what takes requests is compared as text with the files, which are what is wanted. Only
where they differ is anything built, planned or told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hadyn.controller.reconciler import Reconciler, portions, strangers_among
from hadyn.model.desired import UNAVAILABLE, MapName, host_of
from hadyn.model.names import is_own, is_spare
from hadyn.model.touched import Touched
from hadyn.render.config import serving_in

PORTION = 100
"""So many backends are asked for in one line."""


@dataclass(slots=True)
class Sweeps:
    """When HAProxy is looked through, and how far that is; ``interval`` is seconds, all times are monotonic.

    ``due_at`` is when the next sweep begins.
    """

    interval: float
    due_at: float = 0.0
    _steps: Iterator[Touched] | None = None
    _is_thorough: bool = False

    @property
    def is_under_way(self) -> bool:
        return self._steps is not None

    @property
    def next_at(self) -> float:
        """When the next step is due: that of a sweep under way at once."""
        return 0.0 if self.is_under_way else self.due_at

    def put_off(self, now: float) -> None:
        """Let the next sweep begin an interval from now."""
        self.due_at = now + self.interval

    def hasten(self, at: float) -> None:
        """Let it begin by then."""
        self.due_at = min(self.due_at, at)

    def want_thorough(self, now: float) -> None:
        """Let it begin now, and build everything anew."""
        self.due_at, self._is_thorough = now, True

    def step(self, reconciler: Reconciler) -> Touched | None:
        """Begin, or go on; return what differs, None when all was looked at. Raises what Runtime does."""
        if self._steps is None:
            self._steps = sweep(reconciler, thorough=self._is_thorough)
            self._is_thorough = False
        differing = next(self._steps, None)
        if differing is None:
            self._steps = None
        return differing

    def give_up(self) -> None:
        """Leave off; the next sweep begins anew."""
        self._steps = None


def sweep(reconciler: Reconciler, *, thorough: bool = False) -> Iterator[Touched]:
    """Yield what differs, at least once; raises what Runtime does.

    A ``thorough`` one builds everything anew and compares the files, too.
    """
    runtime, filing, places = reconciler.runtime, reconciler.filing, reconciler.places
    listed = frozenset(runtime.backend_names())
    wanted = filing.inventory.backend_names() | filing.files.sections.names()
    if thorough or not reconciler.loaded <= listed or not listed & wanted <= reconciler.loaded:
        # Where it holds other backends than it was given, who knows what else.
        yield reconciler.compare_everything()
        return
    reconciler.unpublished = runtime.unpublished()
    suspects = reconciler.removable(listed - wanted) | reconciler.unpublished & wanted
    yield Touched(frozenset(suspects), _differing_hosts(reconciler))
    others = runtime.observe_slots(name for name in listed - wanted if name != UNAVAILABLE and not is_own(name))
    strangers = list(strangers_among({name: backend for name, backend in others.items() if backend.slots}))
    running = {places.of(name) for name in wanted} | set(filter(is_spare, listed))
    for names in portions(sorted(listed & running), PORTION):
        differing = _differing_backends(reconciler, names)
        strangers += strangers_among(runtime.observe_slots(differing))
        yield Touched(frozenset(map(places.own, differing)))
    reconciler.tell_of(strangers)
    yield from reconciler.tls.compare()


def _differing_backends(reconciler: Reconciler, names: Sequence[str]) -> list[str]:
    """Return those of HAProxy's backends that do not serve as the files say. A free spare one serves nobody."""
    files, places = reconciler.filing.files, reconciler.places
    differing = []
    for name, serving in reconciler.runtime.observe_serving(names).items():
        section = files.sections.of(places.own(name))
        if is_spare(name):
            is_right = serving.seats == (serving_in(section).seats if section else [])
        else:
            is_right = section is not None and serving == serving_in(section)
        if not is_right:
            differing.append(name)
    return differing


def _differing_hosts(reconciler: Reconciler) -> frozenset[str]:
    """Return the hosts whose map entries are not those of the files; what HAProxy has is read anew then."""
    differing = set()
    for name in MapName:
        present = reconciler.runtime.read_map(name)
        filed = reconciler.places.values_as_running(reconciler.filing.files.map_entries(name))
        if present != filed:
            keys = present.keys() | filed.keys()
            differing |= {host_of((name, key)) for key in keys if present.get(key) != filed.get(key)}
    reconciler.entries_are_doubtful |= bool(differing)
    return frozenset(differing)
