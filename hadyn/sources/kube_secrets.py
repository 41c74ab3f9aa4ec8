"""Follow the Secrets that are referred to, and no others.

Rules: there is a watch for a name or a namespace (``kube_reach``), never for a whole
cluster, and threads do not grow with the number of names (``kube_rota``). Each wanted
Secret is answered for: it is there, it is not, or it may not be read.
A missing right, or an apiserver that is away, takes nothing away.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Collection, Sequence
from functools import partial

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import NotAllowed
from hadyn.cluster.requests import Resource
from hadyn.errors import HadynError
from hadyn.model.changes import Changes
from hadyn.model.objects import KubernetesObject, Secret
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.sources import Emit, nowhere
from hadyn.sources.kube_reach import Reach, reach_for
from hadyn.sources.kube_rota import Rota
from hadyn.sources.outages import Outages
from hadyn.sources.reflector import Place, Reflector

SECRETS = Resource("", "v1", "secrets", "Secret")
NO_RELEASES = "type!=helm.sh/release.v1"
"""What Helm keeps of itself in Secrets is a megabyte each, and nothing that anybody refers to."""

MOST_WATCHES = 64
"""So many names are watched at a time, each with a thread and a connection; further ones are asked for now and then."""
POLL_SECONDS = 30.0

Watched = tuple[str, str]
"""A namespace, and the name of a Secret in it, "" for the namespace as a whole."""


class SecretsFollower:
    """The Secrets of one cluster, as one part of its source.

    ``want`` may be called from any thread; what comes is emitted from those of the watches.
    """

    name = "kubernetes/secrets"

    def __init__(self, api: KubeApi, outages: Outages, *, namespaces: Collection[str] = ()) -> None:
        """``namespaces`` are all there are where none is given: elsewhere no Secret is looked for."""
        self._api = api
        self._outages = outages
        self._namespaces = frozenset(namespaces)
        self._emit: Emit = nowhere
        self._lock = threading.Lock()
        self._starting: queue.SimpleQueue[Reflector | None] = queue.SimpleQueue()
        self._starter = threading.Thread(target=self._start_watches, name=self.name, daemon=True)
        self._wanted: dict[str, frozenset[str]] = {}
        self._reaches: dict[str, Reach] = {}
        self._reflectors: dict[Watched, Reflector] = {}
        self._problems: dict[ObjectRef, Problem] = {}
        self._only_by_name: set[str] = set()
        self._watched_names: set[Watched] = set()
        self._rota = Rota()
        self._is_stopped = False

    def start(self, emit: Emit) -> None:
        """Say where to deliver; nothing is asked for before something is wanted."""
        self._emit = emit
        self._starter.start()

    def want(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """Take which Secrets began and ceased to be referred to."""
        with self._lock:
            elsewhere = tuple(ref for ref in added if not self._is_ours(ref))
            gone = tuple(ref for ref in dropped if self._is_ours(ref))
            for ref in gone:
                self._wanted[ref.namespace] = self._wanted.get(ref.namespace, frozenset()) - {ref.name}
            for ref in set(added).difference(elsewhere):
                self._wanted[ref.namespace] = self._wanted.get(ref.namespace, frozenset()) | {ref.name}
            for namespace in {ref.namespace for ref in (*added, *gone)}:
                self._settle(namespace)
            self._promote()
            forgotten = [self._problems.pop(ref, None) for ref in gone]
            if elsewhere or gone:
                self._say(deletes=elsewhere + gone, has_news=any(forgotten))

    def stop(self) -> None:
        """End all watches; nothing is emitted afterwards."""
        with self._lock:
            self._is_stopped = True
            self._starting.put(None)
            self._rota.stop()
            for reflector in self._reflectors.values():
                reflector.stop()

    def join(self, seconds: float) -> None:
        """Wait for their end, behind ``stop``."""
        if self._starter.is_alive():
            self._starter.join(seconds)
        self._rota.join(seconds)
        for reflector in tuple(self._reflectors.values()):
            reflector.join(seconds / max(1, len(self._reflectors)))

    def is_needed(self) -> bool:
        """Whether any Secret is wanted."""
        return bool(self._reflectors)

    def staleness_seconds(self, now: float) -> float:
        """For how long some Secret has not been seen; one that may not be read is a problem of its own."""
        with self._lock:
            followed = [each for (namespace, name), each in self._reflectors.items() if self._may_read(namespace, name)]
        return max((reflector.staleness_seconds(now) for reflector in followed), default=0.0)

    def failed(self, reflector: Reflector, failure: HadynError) -> None:
        """Take note of what a reflector meets; called by it."""
        place = reflector.place
        with self._lock:
            if self._reflectors.get(_watched(place)) is not reflector:
                return
            if isinstance(failure, NotAllowed) and not place.object_name:
                # Who may not see all may still be allowed to see each.
                self._only_by_name.add(place.namespace)
                self._settle(place.namespace)
                return
            self._outages.began(reflector.name, failure)
            if not isinstance(failure, NotAllowed):
                return
            ref = ObjectRef(Secret.kind, place.namespace, place.object_name)
            refusal = Problem(ref, "", Reason.NOT_ALLOWED, failure.happened, failure.remedy)
            if self._problems.get(ref) != refusal:
                self._problems[ref] = refusal
                self._say(has_news=True)

    def came_in_touch(self, reflector: Reflector) -> None:
        """Take note that a reflector knows everything; called by it."""
        self._outages.ended(reflector.name)
        with self._lock:
            ref = ObjectRef(Secret.kind, reflector.place.namespace, reflector.place.object_name)
            known = self._problems.get(ref)
            if known is not None and known.reason is Reason.NOT_ALLOWED:
                del self._problems[ref]
                self._say(has_news=True)

    def _is_ours(self, ref: ObjectRef) -> bool:
        return not self._namespaces or ref.namespace in self._namespaces

    def _may_read(self, namespace: str, name: str) -> bool:
        known = self._problems.get(ObjectRef(Secret.kind, namespace, name))
        return known is None or known.reason is not Reason.NOT_ALLOWED

    def _settle(self, namespace: str) -> None:
        """Start and stop watches of a namespace until they reach what is wanted."""
        wanted = self._wanted.get(namespace, frozenset())
        present = self._reaches.pop(namespace, Reach())
        reach = Reach(by_name=wanted) if namespace in self._only_by_name else reach_for(wanted, present)
        if reach:
            self._reaches[namespace] = reach
        else:
            self._wanted.pop(namespace, None)
        for name in present.by_name - reach.by_name:
            self._end((namespace, name))
        if not reach.as_whole or not reach.as_whole <= present.as_whole:
            self._end((namespace, ""))
        if reach.as_whole and (namespace, "") not in self._reflectors:
            self._begin(Place(SECRETS, namespace, fields=NO_RELEASES, keeps=self._is_wanted))
        for name in reach.by_name - present.by_name:
            self._begin(Place(SECRETS, namespace, object_name=name))

    def _begin(self, place: Place) -> None:
        if self._is_stopped:
            return
        is_polled = bool(place.object_name) and len(self._watched_names) >= MOST_WATCHES
        if place.object_name and not is_polled:
            self._watched_names.add(_watched(place))
        reflector = Reflector(self._api, place, self, poll_seconds=POLL_SECONDS * is_polled)
        self._reflectors[_watched(place)] = reflector
        self._starting.put(reflector)

    def _promote(self) -> None:
        """Watch what was only asked for now and then, as far as there is room by now."""
        room = MOST_WATCHES - len(self._watched_names)
        if room <= 0 or len(self._reflectors) <= len(self._watched_names):
            return
        polled = [reflector for reflector in self._reflectors.values() if reflector.is_polled]
        for reflector in polled[:room]:
            reflector.stop()
            self._begin(reflector.place)

    def _start_watches(self) -> None:
        """Start what is to be started, apart from whoever wants it: a thousand threads take seconds."""
        while (reflector := self._starting.get()) is not None:
            deliver = partial(self._deliver, reflector)
            if reflector.is_polled:
                reflector.begin(deliver)
                self._rota.add(reflector)
            else:
                reflector.start(deliver)

    def _end(self, watched: Watched) -> None:
        self._watched_names.discard(watched)
        reflector = self._reflectors.pop(watched, None)
        if reflector is not None:
            reflector.stop()
            self._outages.ended(reflector.name)

    def _is_wanted(self, ref: ObjectRef) -> bool:
        return ref.name in self._wanted.get(ref.namespace, ())

    def _deliver(self, reflector: Reflector, changes: Changes) -> None:
        """Hand on what a watch says about the names it is there for."""
        place = reflector.place
        with self._lock:
            if self._reflectors.get(_watched(place)) is not reflector:
                return
            reach = self._reaches.get(place.namespace, Reach())
            names = {place.object_name} if place.object_name else reach.as_whole
            refs = {ObjectRef(Secret.kind, place.namespace, name) for name in names}
            upserts = tuple(each for each in changes.upserts if each.ref in refs)
            unreadable = {each.object: each for each in changes.problems or () if each.object in refs}
            told = {each.ref for each in upserts} | unreadable.keys()
            deletes = refs - told if changes.is_complete else refs.intersection(changes.deletes)
            has_news = changes.problems is not None and self._has_other_problems(refs, unreadable)
            self._say(upserts=upserts, deletes=tuple(deletes), has_news=has_news, received=changes.received)

    def _has_other_problems(self, refs: Collection[ObjectRef], found: dict[ObjectRef, Problem]) -> bool:
        before = {ref: self._problems.pop(ref) for ref in refs if ref in self._problems}
        self._problems.update(found)
        return before != found

    def _say(
        self,
        *,
        upserts: Sequence[KubernetesObject] = (),
        deletes: Sequence[ObjectRef] = (),
        has_news: bool = False,
        received: float = 0.0,
    ) -> None:
        if self._is_stopped or not (upserts or deletes or has_news):
            return
        problems = tuple(self._problems.values()) if has_news else None
        self._emit(Changes(self.name, tuple(upserts), tuple(deletes), problems, received=received))


def _watched(place: Place) -> Watched:
    return place.namespace, place.object_name
