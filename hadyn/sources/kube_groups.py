"""Follow whole groups of objects that a Service asks for: the pods of its namespace, the nodes.

Rules: nothing is watched that no Service asks for, and of pods a namespace, never a whole
cluster. What is wanted is a reference without a name; it is answered for by the first
list, or by why there is none. A missing right takes no object away.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import NotAllowed
from hadyn.cluster.requests import Resource
from hadyn.errors import HadynError
from hadyn.model.changes import Changes
from hadyn.model.objects import Node, Pod
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.sources import Emit, nowhere
from hadyn.sources.outages import Outages
from hadyn.sources.reflector import Place, Reflector

PODS = Resource("", "v1", "pods", Pod.kind)
NODES = Resource("", "v1", "nodes", Node.kind, is_cluster_wide=True)


class GroupsFollower:
    """Pods of some namespaces of one cluster, and its nodes, as a listener of their reflectors.

    ``want`` may be called from any thread; what comes is emitted from those of the watches.
    """

    def __init__(self, api: KubeApi, outages: Outages, *, namespaces: Collection[str] = ()) -> None:
        """``namespaces`` are all there are where none is given: elsewhere nothing is looked for."""
        self._api = api
        self._outages = outages
        self._namespaces = frozenset(namespaces)
        self._emit: Emit = nowhere
        self._lock = threading.Lock()
        self._reflectors: dict[str, Reflector] = {}
        self._refused: set[str] = set()
        self._is_stopped = False

    def start(self, emit: Emit) -> None:
        """Say where to deliver; nothing is asked for before something is wanted."""
        self._emit = emit

    def want(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """Take in which groups began and ceased to count; each reference is one without a name."""
        with self._lock:
            for ref in dropped:
                self._end(ref.namespace)
            for ref in added:
                if self._namespaces and ref.namespace and ref.namespace not in self._namespaces:
                    self._emit(Changes(_place(ref.namespace).name, deletes=(ref,)))
                elif not self._is_stopped:
                    reflector = Reflector(self._api, _place(ref.namespace), self)
                    self._reflectors[ref.namespace] = reflector
                    reflector.start(partial(self._deliver, reflector))

    def reflectors(self) -> tuple[Reflector, ...]:
        """Those that may read, as parts of the source; one that may not is a problem of its own."""
        with self._lock:
            return tuple(each for namespace, each in self._reflectors.items() if namespace not in self._refused)

    def stop(self) -> None:
        """End all watches; nothing is emitted afterwards."""
        with self._lock:
            self._is_stopped = True
            for reflector in self._reflectors.values():
                reflector.stop()

    def join(self, seconds: float) -> None:
        """Wait for their end, behind ``stop``."""
        for reflector in tuple(self._reflectors.values()):
            reflector.join(seconds / max(1, len(self._reflectors)))

    def failed(self, reflector: Reflector, failure: HadynError) -> None:
        """Take note of what a reflector meets; called by it."""
        namespace = reflector.place.namespace
        with self._lock:
            if self._reflectors.get(namespace) is not reflector:
                return
            self._outages.began(reflector.name, failure)
            if isinstance(failure, NotAllowed):
                self._refused.add(namespace)
                refusal = Problem(_whole(namespace), "", Reason.NOT_ALLOWED, failure.happened, failure.remedy)
                self._emit(Changes(_place(namespace).name, problems=(refusal,)))

    def came_in_touch(self, reflector: Reflector) -> None:
        """Take note that a reflector knows everything; called by it."""
        self._outages.ended(reflector.name)
        with self._lock:
            namespace = reflector.place.namespace
            if namespace in self._refused:
                self._refused.discard(namespace)
                self._emit(Changes(_place(namespace).name, problems=()))

    def _end(self, namespace: str) -> None:
        reflector = self._reflectors.pop(namespace, None)
        self._refused.discard(namespace)
        if reflector is not None:
            reflector.stop()
            self._outages.ended(reflector.name)
            # What nobody looks at any more is forgotten.
            self._emit(Changes(_place(namespace).name, problems=(), is_complete=True))

    def _deliver(self, reflector: Reflector, changes: Changes) -> None:
        """Hand on what a watch says; a list answers for the group, too."""
        namespace = reflector.place.namespace
        with self._lock:
            if self._reflectors.get(namespace) is not reflector or self._is_stopped:
                return
            answer = (_whole(namespace),) if changes.is_complete else ()
            self._emit(replace(changes, deletes=(*changes.deletes, *answer)))


def _place(namespace: str) -> Place:
    """Return where a group is read; "" stands for the nodes, which are in no namespace."""
    return Place(PODS, namespace) if namespace else Place(NODES)


def _whole(namespace: str) -> ObjectRef:
    return ObjectRef(Pod.kind if namespace else Node.kind, namespace, "")
