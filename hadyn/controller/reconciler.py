"""Bring what changed in step: the running HAProxy, then its files.

Rules: only what is touched is built, observed, planned, told and written. HAProxy is
told first and the files follow: HAProxy is the truth, the files are what a reload or a
crash starts from. A cycle that fails leaves what it was about touched, for the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from msgspec import structs

from hadyn.controller.filing import Filing
from hadyn.controller.mirror import MapMirror
from hadyn.controller.places import Places
from hadyn.controller.sentences import cycle_sentence, listed
from hadyn.controller.tls import TlsKeepers
from hadyn.model.desired import MapKey, MapName, backend_of, host_of
from hadyn.model.expressed_routes import with_neighbours
from hadyn.model.names import is_own, is_spare, slot_number
from hadyn.model.touched import Touched
from hadyn.observe.metrics import Metrics
from hadyn.planner.observed import Observed, ObservedBackend, SlotState
from hadyn.planner.plan import Plan
from hadyn.planner.planning import Desired, hands_on, make_plan
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.planner.slots import plan_removal
from hadyn.runtime.client import Runtime
from hadyn.runtime.execution import Execution, execute

ROUNDS = 4
"""Plans for one cycle: one, a second where the last serving slot was handed on, and two repairs."""
FEW = 2
"""Of so many backends slots and sessions are asked for at once. haproxy-facts.md#sessions-cost-all-backends"""
PORTION = 500
"""So many backends are built at a time where all are looked at."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turned:
    """What one cycle did: the sentence for the log ("" for nothing), how many commands.

    ``waiting`` is what it left, since somebody else held HAProxy's certificates.
    """

    sentence: str = ""
    commands: int = 0
    waiting: Touched = Touched()


@dataclass(slots=True)
class Reconciler:
    """The wheel's middle: from what is wanted to HAProxy and its files. One thread owns it.

    ``entries`` are the map entries of HAProxy, ``loaded`` the backends it holds, those ``unpublished``
    that somebody took from all requests.
    ``entries_are_doubtful`` after an execution was cut short: some may be set, some not.
    ``is_doubtful`` while HAProxy may hold anything: everything is to be compared first.
    ``strangers`` is what it holds that is not hadyn's, as of then: it is left alone.
    """

    filing: Filing
    runtime: Runtime
    metrics: Metrics
    clock: Callable[[], float]
    drain_seconds: float
    entries: MapMirror = field(default_factory=MapMirror)
    places: Places = field(default_factory=Places)
    loaded: set[str] = field(default_factory=set)
    unpublished: frozenset[str] = frozenset()
    entries_are_doubtful: bool = False
    is_doubtful: bool = False
    strangers: tuple[str, ...] = ()
    tls: TlsKeepers = field(default_factory=TlsKeepers)

    def reconcile(self, touched: Touched, *, received: Mapping[str, float] | None = None) -> Turned:
        """Bring what is touched in step.

        ``received`` tells, by backend, when the source learnt of the change. Raises
        TemporaryError where HAProxy does not answer; the same call may be made again.
        """
        if self.entries_are_doubtful:
            self.read_entries()
        if touched.main_file:
            self.filing.put_main()
        more, waiting = self.tls.keep_credentials(touched)
        touched = replace(touched, backends=touched.backends - waiting.backends)
        self._give_places(touched.backends)
        desired = self.desired(touched)
        services = {name: backend.service for name, backend in desired.backends.items() if backend is not None}
        self.filing.put_entries(touched.hosts)
        plans = []
        for _ in range(ROUNDS):
            before = frozenset(self.loaded.intersection(desired.backends))
            plan, execution = self._round(desired, received or {})
            plans.append(plan)
            desired = self._rest(desired, plan, execution, arrived=self.loaded.intersection(desired.backends) - before)
            if not (desired.backends or desired.entries):
                break
        for name in desired.backends:
            own = self.places.own(name)
            self.filing.pace.want(own, (Reload(ReloadReason.NOT_REPAIRABLE, own),))
        for name in self.places.by_backend.keys() & touched.backends:
            if self.filing.wanted(name) is None:
                self.places.leave(name)
        kept, left = self.tls.keep_certificates(touched)
        sentence = cycle_sentence(plans, services, self.filing.pace.pending, more=[*more, *kept])
        return Turned(sentence, sum(len(plan.commands) - len(plan.remove) for plan in plans), waiting | left)

    def desired(self, touched: Touched) -> Desired:
        """Return what is wanted of what is touched, by the names that HAProxy has for it."""
        entries: dict[MapKey, str | None] = {}
        for host in touched.hosts:
            entries |= dict.fromkeys(self.entries.of_host(host))
            wanted = self.filing.wanted_entries(host)
            entries |= wanted
            waiting = [key for key, value in wanted.items() if self.filing.awaits_guard(value)]
            for key in with_neighbours(waiting, [*wanted, *self.entries.of_host(host)]) if waiting else ():
                # As it is until the reload that brings what it needs.
                del entries[key]
        return self.places.as_running(Desired({name: self.filing.wanted(name) for name in touched.backends}, entries))

    def plan(self, desired: Desired) -> Plan:
        """Plan for what HAProxy says now."""
        # Where backends come by command, one may be there that has no slots yet.
        asks_for_all = self.runtime.capabilities.has_dynamic_backends
        names = [name for name in desired.backends if asks_for_all or name in self.loaded]
        present = {key: value for key in desired.entries if (value := self._present(key)) is not None}
        if 0 < len(names) <= FEW:
            # A second question would take longer than HAProxy needs to look for the sessions of so few.
            return self._make_plan(desired, Observed(self.runtime.observe(names), present))
        observed = Observed(self.runtime.observe_slots(names) if names else {}, present)
        plan = self._make_plan(desired, observed)
        handed_on = hands_on(plan, observed)
        if handed_on:
            # Which of several is given away first depends on their sessions, which are dear for many.
            observed = replace(observed, backends={**observed.backends, **self.runtime.observe(handed_on)})
            plan = self._make_plan(desired, observed)
        return plan

    def everything(self) -> Touched:
        """Return all there is, wanted or only there."""
        inventory, filing = self.filing.inventory, self.filing
        names = inventory.backend_names() | filing.files.sections.names()
        hosts = inventory.hosts() | filing.entries.hosts() | self.entries.hosts()
        return Touched(names, hosts) | self.tls.everything()

    def file(self, touched: Touched) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them.

        What it has not judged stays a reason to reload, all else it will have read.
        """
        if touched.main_file:
            self.filing.put_main()
        self.filing.put_entries(touched.hosts)
        self.places.began(self.filing.files.main)
        self.tls.file()
        for names in portions(touched.backends):
            self._compare({}, names)
            self.filing.settle(names)

    def compare_everything(self) -> Touched:
        """Bring the files in step with HAProxy; return what HAProxy has to be told to be what is wanted.

        Sessions are not looked at: whoever is told anything is observed again, with them.
        """
        self.read_entries()
        wanted = self.everything()
        self.filing.put_entries(wanted.hosts)
        self._find_places()
        self.unpublished = self.runtime.unpublished()
        loaded: set[str] = set()
        suspects: set[str] = set()
        strangers: list[str] = []
        for observed in self.runtime.observe_in_portions():
            loaded.update(observed)
            self.loaded.update(observed)
            named = {self.places.own(name) for name in observed}
            suspects |= self._compare(observed, {name for name in named if name in wanted.backends or is_spare(name)})
            suspects |= self._removable(observed, wanted.backends)
            strangers += strangers_among(observed)
        self.loaded = loaded
        self.tell_of(strangers)
        for names in portions(wanted.backends - loaded - self.places.by_backend.keys()):
            suspects |= self._compare({}, names)
        self.filing.write_seats()
        self.is_doubtful = False
        differing = {host for host in wanted.hosts if self._entries_to_be(host) != self.entries.of_host(host)}
        return Touched(frozenset(suspects), frozenset(differing)) | self.tls.differing()

    def served(self) -> frozenset[str]:
        """Return the own names of the backends that HAProxy has for somebody."""
        return frozenset(self.loaded).difference(self.places.spares) | self.places.by_backend.keys()

    def removable(self, unwanted: Iterable[str]) -> set[str]:
        """Return those of these backends that are hadyn's, and that HAProxy can be rid of by now."""
        if not self.runtime.capabilities.has_dynamic_backends:
            return set()
        return self._removable(self.runtime.observe_slots(filter(is_own, unwanted)), ())

    def after_reload(self, reasons: Iterable[str] = ()) -> Touched:
        """Note that HAProxy holds what the files say; return what has to be looked at again.

        Those are the backends in ``reasons``, all with a draining endpoint, and those that came
        too late for the files.
        """
        self.places.began(self.filing.files.main)
        self.loaded = {*self.filing.files.sections.filed_names(), *self.places.spares}
        self.tls.after_reload()
        if self.tls.certificates is None:
            self.filing.files.certificates.clear()
        self.entries = self.filing.entries.copy()
        self.entries_are_doubtful = False
        absent = self.filing.inventory.backend_names() - self.loaded
        return Touched(frozenset(self.filing.draining) | absent | frozenset(reasons), frozenset())

    def read_entries(self) -> None:
        """Read the running map entries anew, all of them."""
        present = (((name, key), value) for name in MapName for key, value in self.runtime.read_map(name).items())
        self.entries = MapMirror.of(present, like=self.filing.entries)
        self.entries_are_doubtful = False

    def _round(self, desired: Desired, received: Mapping[str, float]) -> tuple[Plan, Execution]:
        plan = self.plan(desired)
        self.entries_are_doubtful = bool(plan.entries)
        execution = execute(plan, self.runtime, clock=self.clock)
        self.entries_are_doubtful = bool(execution.entries_to_repair)
        for outcome in execution.failed:
            log.warning("HAProxy did not take a command: %s", outcome)
        for command in plan.entries:
            self.entries.tell(command)
        for slot in execution.proven:
            if self.places.own(slot.backend) in received:
                self.metrics.became_ready(execution.proven_at - received[self.places.own(slot.backend)])
        # An "|=" with keys would copy the set, which is as long as there are backends.
        self.loaded.update(execution.backends)
        removed = {command.backend for command in plan.remove}
        # One that HAProxy would not be rid of is there still, without requests.
        self.unpublished = self.unpublished - execution.backends.keys() | (removed & execution.backends.keys())
        for name in removed - execution.backends.keys():
            self.loaded.discard(name)
            self.filing.files.sections.forget_removed(name)
            log.info("HAProxy was rid of the backend %s", name)
        self._file(desired, plan)
        self.filing.write_seats()
        return plan, execution

    def _rest(self, desired: Desired, plan: Plan, execution: Execution, *, arrived: Collection[str]) -> Desired:
        """Return what needs another plan: what is not as planned, plans in two steps, routes to those that ``arrived``."""
        if self.entries_are_doubtful:
            self.read_entries()
        names = execution.backends_to_repair | {part.backend for part in plan.backends if part.is_unfinished}
        hosts = (
            {host_of(key) for key, value in desired.entries.items() if value and backend_of(value) in arrived}
            if arrived
            else set()
        )
        keys = execution.entries_to_repair | {key for key in desired.entries if hosts and host_of(key) in hosts}
        return Desired(
            {name: desired.backends[name] for name in sorted(names)},
            {key: desired.entries[key] for key in sorted(keys)},
        )

    def _compare(self, observed: Mapping[str, ObservedBackend], names: Collection[str]) -> set[str]:
        """File these backends as they should be; return those that HAProxy has to be told about."""
        desired = self.places.as_running(Desired({name: self.filing.wanted(name) for name in names}))
        plan = self._make_plan(desired, Observed(observed))
        self._file(desired, plan)
        told = {part.backend for part in plan.backends if part.prepare or part.activate}
        return {self.places.own(name) for name in told | {command.backend for command in plan.retire}}

    def _file(self, desired: Desired, plan: Plan) -> None:
        """Hand to the files what was planned, under the names by which they have it."""
        desired, plan = self.places.as_filed(desired, plan)
        running = {name for name in desired.backends if name in self.loaded or name in self.places.by_backend}
        self.filing.put_backends(desired, plan, running)

    def _give_places(self, names: Iterable[str]) -> None:
        """Let backends that HAProxy does not have run in spare ones."""
        if self.places.has_free:
            absent = sorted(name for name in names if name not in self.loaded)
            self.places.take(backend for name in absent if (backend := self.filing.wanted(name)) is not None)

    def _find_places(self) -> None:
        """Ask HAProxy who runs in which spare backend."""
        self.places.began(self.filing.files.main)
        if not self.places.spares:
            return
        serving = {
            name: {str(slot.address) for slot in backend.slots if slot.state is not SlotState.MAINT}
            for name, backend in self.runtime.observe_slots(self.places.spares).items()
        }

        def holds(place: str, name: str) -> bool:
            backend = self.filing.wanted(name)
            own = {str(endpoint.address) for endpoint in backend.endpoints} if backend else set()
            return serving.get(place, {""}) <= own | self.filing.filed_addresses(name)

        self.places.find(
            self.entries,
            self.filing.entries,
            loaded=frozenset(self.runtime.backend_names()),
            holds=holds,
            is_free=lambda place: serving.get(place) == set(),
        )

    def _entries_to_be(self, host: str) -> Mapping[MapKey, str | None]:
        """Return the entries that a host shall have in HAProxy."""
        return self.places.entries_as_running(self.filing.wanted_entries(host))

    def _removable(self, observed: Mapping[str, ObservedBackend], wanted: Container[str]) -> set[str]:
        """Return backends of hadyn's that nobody wants any more, and that HAProxy can be rid of by now."""
        return {
            name
            for name, backend in observed.items()
            if name not in wanted and is_own(name) and plan_removal(backend, self.runtime.capabilities)
        }

    def tell_of(self, strangers: Iterable[str]) -> None:
        """Log what HAProxy holds besides, when it is not what it was the last time."""
        found = tuple(sorted(strangers))
        if found and found != self.strangers:
            log.warning("HAProxy holds what is not hadyn's and is left alone: %s", listed(found))
        self.strangers = found

    def _make_plan(self, desired: Desired, observed: Observed) -> Plan:
        hidden = {name: backend for name in self.unpublished if (backend := observed.backends.get(name))}
        for name, backend in hidden.items():
            hidden[name] = structs.replace(backend, is_published=False)
        return make_plan(
            desired,
            replace(observed, backends={**observed.backends, **hidden}) if hidden else observed,
            loaded=self.loaded,
            drain_seconds=self.drain_seconds,
            capabilities=self.runtime.capabilities,
        )

    def _present(self, key: MapKey) -> str | None:
        return self.entries.of_host(host_of(key)).get(key)


def portions(names: Iterable[str], size: int = PORTION) -> Iterator[list[str]]:
    """Cut many names into parts, so that what they stand for is never in memory all at once."""
    rest = iter(names)
    while portion := list(islice(rest, size)):
        yield portion


def strangers_among(observed: Mapping[str, ObservedBackend]) -> Iterator[str]:
    """Yield what hadyn has not made: backends, and servers in its own backends."""
    for name, backend in observed.items():
        if not (is_own(name) or is_spare(name)):
            yield f"backend {name}"
        else:
            yield from (f"server {name}/{slot.name}" for slot in backend.slots if slot_number(slot.name) is None)
