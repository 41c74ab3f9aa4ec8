"""What is wanted, less what HAProxy refuses, as the files have it.

Rules: a backend that HAProxy would not load is left out until it changes: one that runs
goes on as HAProxy accepted it last, the routes of a new one answer 503. Files that cannot
be written now are written later.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field, replace

from hadyn.controller.drains import Drains
from hadyn.controller.main_file import MainFile
from hadyn.controller.mirror import MapMirror
from hadyn.controller.pace import ReloadPace
from hadyn.controller.shortfalls import refusal, unseated_problem
from hadyn.errors import FileNotWritten
from hadyn.model.desired import (
    FIELD_SEPARATOR,
    UNAVAILABLE,
    Backend,
    MapKey,
    backend_of,
    guard_for,
    guard_of,
    leading_to,
)
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.problems import ObjectRef, Problem
from hadyn.model.route_entries import entries
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.planner.planning import Desired
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.changed_settings import changed_settings
from hadyn.render.config import backend_section, guard_line
from hadyn.render.files import StateFiles

OCCUPIED = re.compile(r"^    server \S+ (\S+) ", re.MULTILINE)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """A backend that HAProxy would not load, as it was then, HAProxy's words, whether an earlier one runs."""

    backend: Backend
    said: str
    is_running: bool


@dataclass(slots=True)
class Filing:
    """Keeps the files equal to what is wanted. ``spell_main`` spells the main file as objects want it.

    ``entries`` are the map entries of the files. ``draining`` are backends with a
    draining endpoint, which a reload makes ready again: the files have no word for drain.
    One that ``is_closed`` takes no requests, whoever is there.
    """

    inventory: Inventory
    files: StateFiles
    pace: ReloadPace
    spell_main: Callable[[MainWish], str]
    place_of: Callable[[ObjectRef], str] = lambda _ref: ""
    entries: MapMirror = field(default_factory=MapMirror)
    refused: dict[str, Refused] = field(default_factory=dict)
    draining: set[str] = field(default_factory=set)
    unseated: dict[str, Problem] = field(default_factory=dict)
    certificate_problems: tuple[Problem, ...] = ()
    credential_problems: tuple[Problem, ...] = ()
    is_closed: Callable[[str], bool] = lambda _backend: False
    main: MainFile = field(init=False)
    drains: Drains = field(init=False)
    _is_unwritten: bool = False
    _causes: tuple[object, ...] = ()
    _known: frozenset[Problem] = frozenset()

    def __post_init__(self) -> None:
        self.main = MainFile(self.inventory, self.files, self.spell_main)
        self.drains = Drains(self.files.folder.drains)

    def load(self) -> None:
        """Take over what the files say; raises FileNotWritten."""
        self.files.load()
        self.drains.load()
        self.entries = MapMirror.of(self.files.entries().items())

    def wanted(self, name: str) -> Backend | None:
        """Return a backend as it is wanted, None if it shall not be there."""
        found = self.inventory.backend(name)
        backend = found and self.drains.applied(found)
        if backend is not None and self.is_closed(name):
            by_name = backend.by_name and replace(backend.by_name, is_refused=True)
            backend = replace(backend, endpoints=(), knows_endpoints=True, by_name=by_name)
        refused = self.refused.get(name)
        if backend is None or refused is None:
            self.refused.pop(name, None)
            return backend
        if _as_loaded(backend) != _as_loaded(refused.backend):
            del self.refused[name]
            # Its routes were filed as leading nowhere, and the reload that loads it reads them from the files.
            self.put_entries(host for host in self.inventory.hosts() if self._leads(host, name))
            return backend
        return backend if refused.is_running else None

    def wanted_entries(self, host: str) -> dict[MapKey, str]:
        """Return the map entries that a host shall have."""
        routed = entries(self.inventory.routes(host))
        if not self.refused:
            return routed
        return {
            key: leading_to(value, UNAVAILABLE) if self._is_left_out(value) else value for key, value in routed.items()
        }

    def awaits_guard(self, value: str) -> bool:
        """Whether an entry leads to a backend whose lines about who may come are not there yet."""
        guard, name = guard_of(value), backend_of(value)
        if not guard or name == UNAVAILABLE:
            return False
        section = self.files.sections.filed(name)
        ingress = value.split(FIELD_SEPARATOR)[1]
        return not any(f"    {guard_line(each)}\n" in section for each in (guard, guard_for(guard, ingress)))

    def put_main(self) -> None:
        """Hand the main file to the files, and want a reload if HAProxy has to read it."""
        self.pace.want("", self.main.put())

    def filed_addresses(self, name: str) -> set[str]:
        """Return the addresses that sit in a backend of the files."""
        return set(OCCUPIED.findall(self.files.sections.of(name) or ""))

    def put_entries(self, hosts: Iterable[str]) -> None:
        """Hand the entries of these hosts to the map files."""
        for host in hosts:
            wanted = self.wanted_entries(host)
            filed = self.entries.of_host(host)
            if wanted != filed:
                self.files.put_maps({**dict.fromkeys(filed), **wanted})
                self.entries.replace(host, wanted)

    def put_backends(self, desired: Desired, plan: Plan, running: Container[str]) -> None:
        """Hand who sits where to the shard files, and note what a plan leaves open; ``running`` are HAProxy's backends."""
        for part in plan.backends:
            backend = desired.backends[part.backend]
            assert backend is not None
            put = self.files.sections.put
            if part.backend in self.refused:
                put = self.files.sections.put_seats
            elif part.backend in running and not (backend.directives or backend.by_name):
                put = self.files.sections.put_accepted
            put(part.backend, backend_section(backend, part.seating))
            self.pace.want(part.backend, part.reloads or self._unjudged(part.backend))
            self._note(backend, part)
        for name, wanted in desired.backends.items():
            if wanted is None:
                self.files.sections.remove(name)
                self.pace.want(name, ())
                self.draining.discard(name)
                self.unseated.pop(name, None)

    def settle(self, names: Iterable[str]) -> None:
        """Drop the reasons to reload about what HAProxy reads when it starts ("" for the main file)."""
        for name in names:
            if not self.files.is_unjudged(name):
                self.pace.want(name, ())

    def restore(self) -> None:
        """Have files that somebody else changed written again, and say so."""
        try:
            changed = self.files.doubt_changed()
        except OSError as failure:
            log.warning("cannot look through the state folder: %s", failure.strerror)
            return
        for path in changed:
            log.warning("somebody else changed %s; hadyn writes it again", path)

    def write_seats(self) -> None:
        """Write the shard files whose seats changed; what cannot be written now is written later."""
        self._write(self.files.write_shards)

    def write_due(self) -> None:
        """Write whatever is due; what cannot be written now is written later."""
        self._write(lambda: self.files.write_all(durable=False))

    def write_certificates(self) -> None:
        """Write certificates and their list; what cannot be written now is written later."""
        self._write(self.files.certificates.write)

    def write_credentials(self) -> None:
        """Write whom HAProxy believes, and as whom it shows itself; what cannot be written now is written later."""
        self._write(self.files.credentials.write)

    def write_all(self) -> bool:
        """Write whatever is due, so that it survives a power cut; return whether that came off."""
        return self._write(self.files.write_all)

    def refuse(self, name: str, said: str, *, is_running: bool) -> None:
        """Leave out what HAProxy does not load of a backend, until that changes."""
        backend = self.inventory.backend(name)
        if backend is None:
            # It went while HAProxy judged.
            return
        self.refused[name] = Refused(backend, said, is_running)
        self.files.sections.forget_unjudged(name)
        self.pace.want(name, ())
        self.put_entries(self.entries.hosts_leading_to(name))

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with objects, as the model and HAProxy see it, and where they are written down."""
        refused = (
            refusal(refused.backend, refused.said, is_running=refused.is_running) for refused in self.refused.values()
        )
        found = {
            *self.inventory.problems(),
            *self.unseated.values(),
            *self.certificate_problems,
            *self.credential_problems,
            *self.main.problems(),
            *refused,
        }
        return tuple(sorted(replace(each, file=each.file or self.place_of(each.object)) for each in found))

    @property
    def known_problems(self) -> frozenset[Problem]:
        """The problems as of the last ``news``; the same object while they are the same."""
        return self._known

    def news(self) -> tuple[Problem, ...]:
        """Return the problems that were not there when this was asked last; costs nothing where nothing changed."""
        others = self.certificate_problems, self.credential_problems, tuple(self.refused.values())
        causes = self.inventory.problems(), tuple(self.unseated.values()), self.main.problems(), *others
        if causes == self._causes:
            return ()
        self._causes = causes
        known, self._known = self._known, frozenset(self.problems())
        return tuple(sorted(self._known - known))

    def _write(self, write: Callable[[], None]) -> bool:
        """Write, and say once that it cannot be, once that it can again."""
        try:
            write()
        except FileNotWritten as failure:
            if not self._is_unwritten:
                log.warning("%s", failure)
            self._is_unwritten = True
            return False
        if self._is_unwritten and not self.files.is_due:
            self._is_unwritten = False
            log.info("all files are written again")
        return True

    def _is_left_out(self, value: str) -> bool:
        """Whether HAProxy refuses the backend, or what guards the way there."""
        refused = self.refused.get(backend_of(value))
        return refused is not None and (not refused.is_running or self.awaits_guard(value))

    def _leads(self, host: str, backend: str) -> bool:
        return backend in map(backend_of, entries(self.inventory.routes(host)).values())

    def _unjudged(self, name: str) -> tuple[Reload, ...]:
        """HAProxy has to read what it has not judged yet; planner and HAProxy cannot see that."""
        if not self.files.is_unjudged(name):
            return ()
        changed = changed_settings(self.files.sections.filed(name), self.files.sections.of(name) or "")
        return (Reload(ReloadReason.BACKEND_CHANGED, name, changed),)

    def _note(self, backend: Backend, part: BackendPlan) -> None:
        if any(endpoint.draining for endpoint in part.seating.seats.values()):
            self.draining.add(backend.name)
        else:
            self.draining.discard(backend.name)
        if part.unseated:
            self.unseated[backend.name] = unseated_problem(backend, part)
        else:
            self.unseated.pop(backend.name, None)


def _as_loaded(backend: Backend) -> tuple[object, ...]:
    """What of a backend HAProxy could refuse: everything but its endpoints."""
    return backend.directives, backend.server_directives, backend.capacity
