"""Which backend runs in a spare one, until a reload brings its own.

HAProxy before 3.4 reads backends from its files only. With ``--spare-backends`` it has some
with free slots and no name of a Service: a new Service takes one, its map entries lead
there, and there is no reload while a spare one is left. The files never speak of it: they
hold the backend under its own name, so any reload or crash brings that, and all spare ones
are free again (docs/decisions/0012-spare-backends.md).

Rule: who runs where is what HAProxy's map entries and slots say. It is kept here as they
are (docs/decisions/0003-map-entries-are-mirrored.md), and found again by a restarted hadyn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace

from hadyn.controller.mirror import MapMirror
from hadyn.model.desired import Backend, MapKey, backend_of, host_of, leading_to
from hadyn.planner.dynamic import has_settings
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.planner.planning import Desired

SPARE_SECTION = re.compile(r"^backend (_spare_[0-9]+) .*\n(?: +#.*\n)* +server-template s 1-([0-9]+) ", re.MULTILINE)


class Places:
    """Backends by their own names, and the spare ones they run in; one thread owns it.

    ``spares`` are those that HAProxy has, with their number of slots when it started.
    ``by_backend`` is replaced and never changed, so that other threads may read it.
    """

    def __init__(self) -> None:
        self.spares: Mapping[str, int] = {}
        self.by_backend: Mapping[str, str] = {}

    def began(self, main: str) -> None:
        """Note that HAProxy began with this main file: every backend has its own place."""
        self.spares = {name: int(slots) for name, slots in SPARE_SECTION.findall(main)}
        self.by_backend = {}

    def find(
        self,
        running: MapMirror,
        wanted: MapMirror,
        *,
        loaded: Container[str],
        holds: Callable[[str, str], bool],
        is_free: Callable[[str], bool],
    ) -> None:
        """Find out who runs where: ``holds(place, backend)`` tells whether all that serves there is that backend's.

        A backend that is not found takes another place, which costs some commands and no
        request. A place where somebody serves (it is not ``is_free``) and nobody was found
        is given to nobody.
        """
        found: dict[str, str] = {}
        for key, value in running.items():
            place, name = backend_of(value), backend_of(wanted.of_host(host_of(key)).get(key, ""))
            is_new = name not in found and name not in loaded and place not in found.values()
            if place in self.spares and name and is_new and holds(place, name):
                found[name] = place
        self.by_backend = found
        self.spares = {
            place: slots for place, slots in self.spares.items() if place in found.values() or is_free(place)
        }

    def take(self, newcomers: Iterable[Backend]) -> None:
        """Give spare ones to backends that HAProxy does not have, as long as there are any."""
        taken = set(self.by_backend.values())
        free = [name for name in self.spares if name not in taken]
        for backend in newcomers:
            fits = free and not has_settings(backend) and backend.capacity.maximum >= self.spares[free[0]]
            if fits and backend.name not in self.by_backend:
                self.by_backend = {**self.by_backend, backend.name: free.pop(0)}

    def leave(self, name: str) -> None:
        """Let the place of a backend that nobody wants any more be free."""
        self.by_backend = {backend: place for backend, place in self.by_backend.items() if backend != name}

    @property
    def has_free(self) -> bool:
        return len(self.by_backend) < len(self.spares)

    def of(self, name: str) -> str:
        """Return the name by which HAProxy has a backend."""
        return self.by_backend.get(name, name)

    def own(self, name: str) -> str:
        """Return the own name of what HAProxy has by this one."""
        return self.by_place().get(name, name) if self.by_backend else name

    def by_place(self) -> dict[str, str]:
        """Return the backends by the spare ones they run in."""
        return {place: backend for backend, place in self.by_backend.items()}

    def as_running(self, desired: Desired) -> Desired:
        """Return what is wanted of HAProxy, by the names it has for it."""
        if not self.by_backend:
            return desired
        return Desired(
            {
                self.of(name): backend and replace(backend, name=self.of(name))
                for name, backend in desired.backends.items()
            },
            self.entries_as_running(desired.entries),
        )

    def values_as_running(self, entries: Mapping[str, str]) -> Mapping[str, str]:
        """Return the entries of one map as they lead to where backends run."""
        return {key: self._as_running(value) for key, value in entries.items()} if self.by_backend else entries

    def entries_as_running(self, entries: Mapping[MapKey, str | None]) -> dict[MapKey, str | None]:
        """Return map entries as they lead to where backends run."""
        return {key: value and self._as_running(value) for key, value in entries.items()}

    def _as_running(self, value: str) -> str:
        return leading_to(value, self.of(backend_of(value)))

    def as_filed(self, desired: Desired, plan: Plan) -> tuple[Desired, Plan]:
        """Return what was wanted and planned by the backends' own names, as the files have them."""
        own = self.by_place()
        if not own:
            return desired, plan
        backends = {own.get(name, name): backend for name, backend in desired.backends.items()}
        renamed = {name: backend and replace(backend, name=name) for name, backend in backends.items()}
        parts = tuple(_renamed(part, own[part.backend]) if part.backend in own else part for part in plan.backends)
        return Desired(renamed, desired.entries), replace(plan, backends=parts)


def _renamed(part: BackendPlan, name: str) -> BackendPlan:
    reloads = tuple(replace(reload, backend=name) for reload in part.reloads)
    return replace(part, backend=name, reloads=reloads)
