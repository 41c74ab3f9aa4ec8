"""What others may know of the controller, from any thread.

Rules: HAProxy is asked over a connection of the asker's own; what only the owner of all
state knows is asked as a question, in small portions, so that a curious reader never
holds up the wheel for long.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import TypeVar, cast

import hadyn
from hadyn.controller.certificate_view import certificates_document, described, expiries, planned, serving
from hadyn.controller.draining import drain
from hadyn.controller.events import Question
from hadyn.controller.names import Use, name_document, questions_of, reports
from hadyn.controller.wheel import Wheel
from hadyn.errors import HadynError
from hadyn.model.desired import Backend, Discovery
from hadyn.model.explain import explain
from hadyn.model.problems import Problem
from hadyn.observe.documents import FREE, SLOT_STATES, Document, backend_document, plan_document, slots_document
from hadyn.observe.explanation import explain_document, host_and_path
from hadyn.observe.log import LogWriter
from hadyn.observe.status import HadynStatus, HAProxyStatus, Reloads, SourceStatus, Status, status_document
from hadyn.planner.map_entries import PATHS
from hadyn.planner.observed import ObservedBackend
from hadyn.resolver.resolver import Resolver
from hadyn.runtime.client import Runtime
from hadyn.runtime.counts import SlotCounts
from hadyn.runtime.inspect import Inspection
from hadyn.sources import Part, Source

PORTION = 200
"""So many backends are asked for in one question."""
COUNTED_PORTION = 1000
"""So many where nothing is built for them."""
ALIVE_SECONDS = 60.0

Answer = TypeVar("Answer")
Heading = tuple[str, Discovery]


@dataclass(frozen=True, slots=True)
class ControllerView:
    """Keeps the protocols ``View`` (HTTP) and ``Sight`` (metrics). ``runtime`` is for reading only."""

    wheel: Wheel
    runtime: Runtime
    runtime_socket: str
    sources: Sequence[Source]
    resolver: Resolver
    log: LogWriter
    since: datetime
    clock: Callable[[], float]
    wall_clock: Callable[[], datetime]

    def is_alive(self) -> bool:
        """The wheel is not stuck in a turn."""
        return self.wheel.is_waiting or self.clock() - self.wheel.turned_at < ALIVE_SECONDS

    def is_ready(self) -> bool:
        return (self.wheel.is_synced or self.wheel.serves_last_good) and self.wheel.supervisor.is_up

    def backend_names(self) -> Sequence[str]:
        return sorted(self._known())

    def counts(self) -> list[Document]:
        return self._placed(backend_document(*found) for found in sorted(self._counted(), key=itemgetter(0)))

    def slots(self, backends: Collection[str]) -> list[Document]:
        observed, known = self._observed(backends), self._known()
        ours = {name: backend for name, backend in observed.items() if name in known}
        return self._placed(slots_document(self._desired(ours), ours, self.wall_clock()))

    def status(self) -> Document:
        return status_document(replace(self._ask(self._status), haproxy=self._haproxy_status()))

    def plan(self) -> Document:
        reconciler = self.wheel.reconciler
        document = plan_document(self._ask(lambda: reconciler.plan(reconciler.desired(reconciler.everything()))))
        keeper, credentials = reconciler.tls.certificates, reconciler.tls.credentials
        more = list(map(str, self._ask(lambda: list(credentials.planned())))) if credentials else []
        more += [str(command) for command in self._ask(lambda: planned(keeper))] if keeper else []
        return {**document, "commands": [*cast("list[str]", document["commands"]), *more]}

    def explain(self, url: str) -> Document:
        host, path = host_and_path(url)
        explanation = self._ask(lambda: explain(self.wheel.inventory, host, path))
        name = explanation.route.backend if explanation.route else None
        document = self.slots([name])[0] if name in self._known() and name else {}
        slots = cast("list[Document]", document.get("entries", []))
        taken = [slot for slot in slots if slot["state"] != FREE]
        return explain_document(
            url,
            explanation,
            service=cast("str | None", document.get("service")),
            slots=taken,
            certificates=self._ask(lambda: self._certificates(explanation.host)),
        )

    def resolve(self, names: Sequence[str], record_type: str | None) -> list[Document]:
        questions = [each for name in names for each in questions_of(name, record_type, self.resolver.address_types)]
        inventory = self.wheel.inventory
        used = self._ask(lambda: [inventory.name_users(question) for question in questions])
        uses = [[Use(*user) for user in users] for _, users in used]
        backends = {use.backend for each in uses for use in each} & self.wheel.reconciler.loaded
        observed = self.runtime.observe(backends) if backends else {}
        found = reports(self.resolver, [question for question, _ in used])
        return [name_document(report, each, observed) for report, each in zip(found, uses, strict=True)]

    def drain(self, backend: str, who: Sequence[str], *, undo: bool) -> Document:
        return self._ask(lambda: drain(self.wheel, backend, who, undo=undo))

    def exposition(self) -> bytes:
        return self.wheel.metrics.exposition()

    def slot_counts(self) -> Mapping[str, Mapping[str, int]]:
        return {name: counts for name, heading, counts, _ in self._counted() if heading}

    def problems(self) -> Iterable[Problem]:
        return self._ask(self.wheel.reconciler.filing.problems)

    def stale_seconds(self) -> Mapping[str, float]:
        now = self.clock()
        return {part.name: part.staleness_seconds(now) for part in self._parts()}

    def certificate_expiries(self) -> Mapping[str, float]:
        keeper = self.wheel.reconciler.tls.certificates
        return self._ask(lambda: expiries(keeper.book)) if keeper else {}

    def dropped_lines(self) -> int:
        return self.log.dropped

    def _parts(self) -> list[Part]:
        parts: list[Part] = [part for source in self.sources for part in source.parts()]
        return [*parts, self.resolver] if self.resolver.names else parts

    def _status(self) -> Status:
        """What only the owner knows; the part about HAProxy is filled in by the asker."""
        wheel, now = self.wheel, self.clock()
        reloader, inventory = wheel.reloader, wheel.inventory
        return Status(
            hadyn=HadynStatus(hadyn.__version__, os.getpid(), self.since),
            haproxy=HAProxyStatus(str(self.wheel.supervisor.process.capabilities), wheel.supervisor.is_up),
            sources=tuple(
                SourceStatus(
                    part.name,
                    part.staleness_seconds(now),
                    self.resolver.names if part is self.resolver else inventory.object_count(part.name),
                )
                for part in self._parts()
            ),
            last_cycle=wheel.last_cycle,
            cycles=wheel.cycles,
            reloads=Reloads(
                total=reloader.past.total,
                by_reason=dict(reloader.past.by_reason),
                pending=tuple(dict.fromkeys(str(reload.reason) for reload in reloader.pace.pending)),
                last=reloader.past.last,
            ),
            backends=len(wheel.reconciler.served()),
            certificates=certificates_document(wheel.reconciler.tls.certificates.book)
            if wheel.reconciler.tls.certificates
            else None,
            routes=sum(1 for key, _ in wheel.reconciler.filing.entries.items() if key[0] in PATHS),
            problems=wheel.reconciler.filing.problems(),
        )

    def _haproxy_status(self) -> HAProxyStatus:
        version = str(self.wheel.supervisor.process.capabilities)
        try:
            figures = Inspection(self.runtime_socket).process()
        except HadynError:
            return HAProxyStatus(version, running=False)
        processes = None
        with contextlib.suppress(HadynError):
            # The socket of the master may be gone while its worker serves.
            processes = self.wheel.supervisor.process.processes()
        return HAProxyStatus(
            version=version,
            running=True,
            pid=processes.master if processes else None,
            workers=len(processes.workers) if processes else 1,
            old_workers=processes.old_workers if processes else 0,
            uptime_seconds=figures.uptime_seconds,
            connections=figures.connections,
            max_connections=figures.max_connections,
            requests=figures.requests,
            strangers=self.wheel.reconciler.strangers,
        )

    def _desired(self, observed: Mapping[str, ObservedBackend]) -> dict[str, Backend]:
        inventory = self.wheel.inventory
        names = list(observed)
        desired: dict[str, Backend] = {}
        for start in range(0, len(names), PORTION):
            portion = names[start : start + PORTION]
            wanted = self._ask(partial(lambda names: [inventory.backend(name) for name in names], portion))
            desired |= {backend.name: backend for backend in wanted if backend is not None}
        return desired

    def _counted(self) -> Iterator[tuple[str, Heading | None, dict[str, int], int]]:
        """Yield each backend with its heading, its slots by state, its sessions."""
        counted, known, own = self.runtime.count(), self._known(), self.wheel.reconciler.places.by_place()
        counted = {own.get(name, name): counts for name, counts in counted.items()}
        names = [name for name in counted if name in known]
        # Only those slots are not free that somebody left and that may still have sessions.
        unclear = [name for name in names if counted[name].left and counted[name].sessions]
        observed = self._observed(unclear) if unclear else {}
        for start in range(0, len(names), COUNTED_PORTION):
            portion = names[start : start + COUNTED_PORTION]
            occupied = {name: counted[name].left for name in portion}
            headings = self._ask(partial(self._headings, occupied))
            for name in portion:
                slots = observed[name].slots if name in observed else ()
                kept = headings[name][1] | {slot.name for slot in slots if slot.sessions}
                yield name, headings[name][0], _by_state(counted[name], kept), counted[name].sessions

    def _headings(self, left: Mapping[str, Collection[str]]) -> dict[str, tuple[Heading | None, set[str]]]:
        """Return what people call each backend, and the slots among those given that the files say are somebody's."""
        inventory, files = self.wheel.inventory, self.wheel.reconciler.filing.files
        found: dict[str, tuple[Heading | None, set[str]]] = {}
        for name, slots in left.items():
            section = (files.sections.of(name) or "") if slots else ""
            found[name] = inventory.heading(name), {slot for slot in slots if f"    server {slot} " in section}
        return found

    def _known(self) -> set[str]:
        """The own names of all backends that HAProxy has, as hadyn knows; spare ones that are free have but theirs."""
        reconciler = self.wheel.reconciler
        own = reconciler.places.by_place()
        return set(reconciler.loaded).difference(own) | set(own.values())

    def _observed(self, names: Collection[str]) -> dict[str, ObservedBackend]:
        """Read backends, each wherever it runs."""
        places = self.wheel.reconciler.places
        own = places.by_place()
        observed = self.runtime.observe([places.of(name) for name in names])
        return {own.get(name, name): backend for name, backend in observed.items()}

    def _placed(self, documents: Iterable[Document]) -> list[Document]:
        """Say in which spare backend one runs, null for its own."""
        places = self.wheel.reconciler.places.by_backend
        return [{**document, "runs_in": places.get(cast("str", document["backend"]))} for document in documents]

    def _certificates(self, host: str) -> list[Document]:
        keeper = self.wheel.reconciler.tls.certificates
        return described(keeper.book, serving(host, keeper.files.names_of)) if keeper else []

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        question = Question(ask)
        self.wheel.events.put(question)
        return cast("Answer", question.wait())


def _by_state(counts: SlotCounts, kept: Collection[str]) -> dict[str, int]:
    """Return the slots by the state that people see; ``kept`` are those in maint that are not free."""
    in_maint = sum(slot in kept for slot in counts.left)
    free = counts.blank + len(counts.left) - in_maint
    return dict(zip(SLOT_STATES, (counts.ready, counts.drain, in_maint, free), strict=True))
