"""Bring what changed in step: the running HAProxy, then its files.

Rules: only what is touched is built, observed, planned, told and written. HAProxy is
told first and the files follow: HAProxy is the truth, the files are what a reload or a
crash starts from. A cycle that fails leaves what it was about touched, for the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from hadyn.controller.mirror import MapMirror
from hadyn.controller.pace import ReloadPace
from hadyn.controller.sentences import cycle_sentence
from hadyn.controller.shortfalls import refusal, unseated_problem
from hadyn.errors import FileNotWritten
from hadyn.model.desired import UNAVAILABLE, Backend, MapKey, MapName, host_of
from hadyn.model.inventory import Inventory, Touched
from hadyn.model.problems import Problem
from hadyn.model.routes import entries
from hadyn.observe.metrics import Metrics
from hadyn.planner.observed import Observed, ObservedBackend
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.planner.planning import Desired, make_plan
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.config import backend_section
from hadyn.render.files import StateFiles
from hadyn.runtime.client import Runtime
from hadyn.runtime.execution import Execution, execute

ROUNDS = 4
"""Plans for one cycle: one, a second where the last serving slot was handed on, and two repairs."""

PORTION = 500
"""So many backends are built at a time where all are looked at."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """A backend that HAProxy would not load, as it was then, and HAProxy's words."""

    backend: Backend
    said: str


@dataclass(frozen=True, slots=True)
class Turned:
    """What one cycle did: the sentence for the log ("" for nothing), how many commands."""

    sentence: str = ""
    commands: int = 0


@dataclass(slots=True)
class Reconciler:
    """The wheel's middle: from what is wanted to HAProxy and its files. One thread owns it.

    ``running`` and ``filed`` are the map entries of HAProxy and of the files, ``loaded``
    the backends HAProxy holds, ``refused`` those it would not load, as they were then.
    ``draining`` are backends with a draining endpoint, which a reload makes ready again.
    """

    inventory: Inventory
    runtime: Runtime
    files: StateFiles
    pace: ReloadPace
    metrics: Metrics
    clock: Callable[[], float]
    drain_seconds: float
    running: MapMirror = field(default_factory=MapMirror)
    filed: MapMirror = field(default_factory=MapMirror)
    loaded: set[str] = field(default_factory=set)
    refused: dict[str, Refused] = field(default_factory=dict)
    draining: set[str] = field(default_factory=set)
    unseated: dict[str, Problem] = field(default_factory=dict)

    def reconcile(self, touched: Touched, *, received: Mapping[str, float] | None = None) -> Turned:
        """Bring what is touched in step.

        ``received`` tells, by backend, when the source learnt of the change. Raises
        TemporaryError where HAProxy does not answer; the same call may be made again.
        """
        desired = self.desired(touched)
        services = {name: backend.service for name, backend in desired.backends.items() if backend is not None}
        self._file_entries(touched.hosts)
        plans = []
        for _ in range(ROUNDS):
            plan, execution = self._round(desired, received or {})
            plans.append(plan)
            desired = self._rest(desired, plan, execution)
            if not (desired.backends or desired.entries):
                break
        for name in desired.backends:
            self.pace.want(name, (Reload(ReloadReason.NOT_REPAIRABLE, name),))
        return Turned(
            cycle_sentence(plans, services, self.pace.pending),
            commands=sum(len(plan.commands) for plan in plans),
        )

    def desired(self, touched: Touched) -> Desired:
        """Return what is wanted of what is touched."""
        return Desired({name: self._wanted(name) for name in touched.backends}, self._wanted_entries(touched.hosts))

    def file_everything(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start."""
        everything = self.everything()
        self._file_entries(everything.hosts)
        for names in _portions(everything.backends):
            self._compare({}, names)

    def compare_everything(self) -> Touched:
        """Bring the files in step with HAProxy; return what HAProxy has to be told to be what is wanted.

        Sessions are not looked at: whoever is told anything is observed again, with them.
        """
        self.read_maps()
        wanted = self.everything()
        self._file_entries(wanted.hosts)
        loaded: set[str] = set()
        suspects: set[str] = set()
        for observed in self.runtime.observe_in_portions():
            loaded |= observed.keys()
            suspects |= self._compare(observed, observed.keys() & wanted.backends)
        self.loaded = loaded
        for names in _portions(wanted.backends - loaded):
            suspects |= self._compare({}, names)
        hosts = {host for host in wanted.hosts if self._host_entries(host) != self.running.of_host(host)}
        return Touched(frozenset(suspects), frozenset(hosts))

    def everything(self) -> Touched:
        """Return all there is, wanted or only filed."""
        names = frozenset(self.inventory.backend_names()) | self.files.backend_names()
        hosts = frozenset(self.inventory.hosts()) | self.filed.hosts() | self.running.hosts()
        return Touched(names, hosts)

    def after_reload(self, reasons: Iterable[str] = ()) -> Touched:
        """Note that HAProxy holds what the files say; return what has to be looked at again.

        Those are the backends in ``reasons`` and all with a draining endpoint: the files
        have no word for drain.
        """
        self.loaded = set(self.files.backend_names())
        self.running = self.filed.copy()
        return Touched(frozenset(self.draining) | frozenset(reasons), frozenset())

    def refuse(self, name: str, said: str) -> None:
        """Leave out what HAProxy does not load of a backend, until that changes.

        One that runs goes on as HAProxy accepted it last; the routes of a new one answer 503.
        """
        backend = self.inventory.backend(name)
        assert backend is not None, name
        self.refused[name] = Refused(backend, said)
        self.files.forget_unjudged(name)
        self.pace.want(name, ())
        self._file_entries(self.filed.hosts_leading_to(name))

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with objects, as the model and HAProxy see it."""
        refused = (refusal(refused.backend, refused.said) for refused in self.refused.values())
        return tuple(sorted({*self.inventory.problems(), *self.unseated.values(), *refused}))

    def read_maps(self) -> None:
        """Read the running map entries anew, all of them."""
        self.running = MapMirror.of(
            ((name, key), value) for name in MapName for key, value in self.runtime.read_map(name).items()
        )

    def _round(self, desired: Desired, received: Mapping[str, float]) -> tuple[Plan, Execution]:
        plan = self.plan(desired)
        execution = execute(plan, self.runtime, clock=self.clock)
        for outcome in execution.failed:
            log.warning("HAProxy did not take a command: %s", outcome)
        for command in plan.entries:
            if (command.map, command.key) not in execution.entries_to_repair:
                self.running.tell(command)
        for slot in execution.proven:
            if slot.backend in received:
                self.metrics.became_ready(execution.proven_at - received[slot.backend])
        self._file_backends(desired, plan)
        self.write_seats()
        return plan, execution

    def _rest(self, desired: Desired, plan: Plan, execution: Execution) -> Desired:
        """Return what needs another plan: what is not as planned, and plans in two steps."""
        if execution.entries_to_repair:
            self.read_maps()
        names = execution.backends_to_repair | {part.backend for part in plan.backends if part.is_unfinished}
        return Desired(
            {name: desired.backends[name] for name in sorted(names)},
            {key: desired.entries[key] for key in sorted(execution.entries_to_repair)},
        )

    def plan(self, desired: Desired) -> Plan:
        """Plan for what HAProxy says now."""
        names = [name for name in desired.backends if name in self.loaded]
        backends = self.runtime.observe(names) if names else {}
        present = {key: value for key in desired.entries if (value := self._running_value(key)) is not None}
        return make_plan(desired, Observed(backends, present), loaded=self.loaded, drain_seconds=self.drain_seconds)

    def _wanted(self, name: str) -> Backend | None:
        backend = self.inventory.backend(name)
        refused = self.refused.get(name)
        if backend is None or refused is None:
            self.refused.pop(name, None)
            return backend
        if _as_loaded(backend) != _as_loaded(refused.backend):
            del self.refused[name]
            return backend
        return backend if name in self.loaded else None

    def _wanted_entries(self, hosts: frozenset[str]) -> dict[MapKey, str | None]:
        """What the running maps shall hold for these hosts; None where an entry shall go."""
        wanted: dict[MapKey, str | None] = {}
        for host in hosts:
            wanted |= dict.fromkeys(self.running.of_host(host))
            wanted |= self._host_entries(host)
        return wanted

    def _host_entries(self, host: str) -> dict[MapKey, str]:
        routed = entries(self.inventory.routes(host))
        left_out = self.refused.keys() - self.loaded
        return {key: UNAVAILABLE if value in left_out else value for key, value in routed.items()}

    def _running_value(self, key: MapKey) -> str | None:
        return self.running.of_host(host_of(key)).get(key)

    def _file_entries(self, hosts: frozenset[str]) -> None:
        """Hand the entries of these hosts to the map files."""
        for host in hosts:
            wanted = self._host_entries(host)
            filed = self.filed.of_host(host)
            if wanted != filed:
                self.files.put_maps({**dict.fromkeys(filed), **wanted})
                self.filed.replace(host, wanted)

    def _compare(self, observed: Mapping[str, ObservedBackend], names: Collection[str]) -> set[str]:
        """File these backends as they should be; return those that HAProxy has to be told about."""
        desired = Desired({name: self._wanted(name) for name in names})
        plan = make_plan(desired, Observed(observed), loaded=self.loaded, drain_seconds=self.drain_seconds)
        self._file_backends(desired, plan)
        told = {part.backend for part in plan.backends if part.prepare or part.activate}
        return told | {command.backend for command in plan.retire}

    def _file_backends(self, desired: Desired, plan: Plan) -> None:
        for part in plan.backends:
            backend = desired.backends[part.backend]
            assert backend is not None
            section = backend_section(backend, part.seating)
            if part.backend in self.refused:
                self.files.put_seats(part.backend, section)
            else:
                self.files.put_backend(part.backend, section)
            self.pace.want(part.backend, part.reloads or self._unjudged(part.backend))
            self._note(backend, part)
        for name, wanted in desired.backends.items():
            if wanted is None:
                self.files.remove_backend(name)
                self.pace.want(name, ())
                self.draining.discard(name)
                self.unseated.pop(name, None)

    def write_seats(self) -> None:
        """Write the files of backends whose seats changed; what cannot be written now is written later."""
        try:
            self.files.write_shards()
        except FileNotWritten as failure:
            log.warning("%s", failure)

    def _unjudged(self, name: str) -> tuple[Reload, ...]:
        """HAProxy has to read what it has not judged yet; planner and HAProxy cannot see that."""
        return (Reload(ReloadReason.BACKEND_CHANGED, name),) if self.files.is_unjudged(name) else ()

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


def _portions(names: Iterable[str]) -> Iterator[list[str]]:
    """Cut many names into parts, so that what they stand for is never in memory all at once."""
    rest = iter(names)
    while portion := list(islice(rest, PORTION)):
        yield portion
