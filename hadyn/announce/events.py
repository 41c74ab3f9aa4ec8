"""Problems as Events on the objects that are wrong.

Rules: one Event for one problem, named after it, so that whoever says it again counts it
up. A problem that lasts is counted up now and then, or the apiserver would forget it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice

import msgspec

from hadyn.announce.times import micro_time
from hadyn.cluster.requests import Resource
from hadyn.model.problems import ObjectRef, Problem

EVENTS = Resource("events.k8s.io", "v1", "events", "Event")
REMIND_SECONDS = 1800.0
"""An apiserver keeps an Event for an hour."""
MOST_EVENTS = 1000
MOST_OF_A_NAMESPACE = 100
MOST_OF_AN_OBJECT = 10
"""So many problems are told at most, so that nobody drowns out the others; `hadyn status` knows all."""
LONGEST_NOTE = 1024
LONGEST_NAME = 230
CLUSTER_NAMESPACE = "default"
"""Where Events on objects without a namespace are."""

RESOURCES = {
    "Ingress": Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
    "IngressClass": Resource("networking.k8s.io", "v1", "ingressclasses", "IngressClass", is_cluster_wide=True),
    "Service": Resource("", "v1", "services", "Service"),
    "EndpointSlice": Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    "Endpoints": Resource("", "v1", "endpoints", "Endpoints"),
    "Secret": Resource("", "v1", "secrets", "Secret"),
    "ConfigMap": Resource("", "v1", "configmaps", "ConfigMap"),
}
"""The kinds that live in a cluster."""
LISTED = ("Secret", "ConfigMap")
"""What hadyn may only list: a right to get would be one more, to what is secret."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: the controller's name, and which of several hadyns."""

    controller: str
    instance: str


class Troubles:
    """Which problems have to be told; one thread owns it. ``now`` is monotonic seconds."""

    def __init__(self) -> None:
        self._told_at: dict[Problem, float | None] = {}

    def replace(self, problems: Iterable[Problem]) -> None:
        """Take note of all problems there are; those in files are no objects of a cluster."""
        present = islice(_fairly(problems), MOST_EVENTS)
        self._told_at = {each: self._told_at.get(each) for each in present}

    def next_due(self, now: float) -> Problem | None:
        """Return one problem to tell, for the first time or again."""
        for problem, told_at in self._told_at.items():
            if told_at is None or now - told_at >= REMIND_SECONDS:
                return problem
        return None

    def told(self, problem: Problem, now: float) -> None:
        """Take note that a problem is told now."""
        if problem in self._told_at:
            # The one told last comes last.
            del self._told_at[problem]
            self._told_at[problem] = now


def _fairly(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems of objects in a cluster, not too many of one object or of one namespace."""
    of_object: Counter[ObjectRef] = Counter()
    of_namespace: Counter[str] = Counter()
    for each in problems:
        ref = each.object
        is_told = not each.file and ref.kind in RESOURCES
        if is_told and of_object[ref] < MOST_OF_AN_OBJECT and of_namespace[ref.namespace] < MOST_OF_A_NAMESPACE:
            of_object[ref] += 1
            of_namespace[ref.namespace] += 1
            yield each


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str | None = None
    resource_version: str = ""


class _Series(msgspec.Struct):
    count: int = 1


class Known(msgspec.Struct, rename="camel", frozen=True):
    """An object that has a uid, or an Event that may have a count."""

    metadata: _Metadata
    api_version: str = ""
    series: _Series | None = None

    @property
    def count(self) -> int:
        """How often an Event was told."""
        return self.series.count if self.series else 1


class _List(msgspec.Struct):
    items: list[Known] = []


def known_of(kind: str, answer: bytes) -> Known | None:
    """Read the one object of this kind that an apiserver was asked for, None where there is none.

    Raises msgspec.MsgspecError.
    """
    if kind not in LISTED:
        return msgspec.json.decode(answer, type=Known)
    found = msgspec.json.decode(answer, type=_List).items
    return msgspec.structs.replace(found[0], api_version=RESOURCES[kind].api_version) if found else None


def event_namespace(problem: Problem) -> str:
    """Return the namespace an Event on this object belongs to."""
    return problem.object.namespace or CLUSTER_NAMESPACE


def event_name(problem: Problem) -> str:
    """Return the name of the Event of this problem, whoever tells it."""
    spelled = f"{problem.object.kind}\n{problem.field}\n{problem.reason}\n{problem.said}"
    digest = blake2b(spelled.encode(), digest_size=8).hexdigest()
    return f"{problem.object.name[:LONGEST_NAME].rstrip('.-')}.{digest}"


def event_document(problem: Problem, known: Known, reporter: Reporter, now: datetime) -> bytes:
    """Return the Event that tells a problem of a known object for the first time; ``now`` is UTC."""
    regarding = {
        "apiVersion": known.api_version,
        "kind": problem.object.kind,
        "namespace": problem.object.namespace,
        "name": problem.object.name,
        "uid": known.metadata.uid,
        "fieldPath": problem.field,
    }
    place = f"{problem.field}: " if problem.field else ""
    return msgspec.json.encode(
        {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": event_name(problem), "namespace": event_namespace(problem)},
            "eventTime": micro_time(now),
            "reportingController": reporter.controller,
            "reportingInstance": reporter.instance,
            "action": "Judge",
            "reason": str(problem.reason),
            "type": "Warning",
            "note": _cut(f"{place}{problem.said}; {problem.remedy}"),
            "regarding": {name: value for name, value in regarding.items() if value},
        }
    )


def count_patch(count: int, now: datetime) -> bytes:
    """Return the merge patch that says how often an Event was told."""
    return msgspec.json.encode({"series": {"count": count, "lastObservedTime": micro_time(now)}})


def _cut(note: str) -> str:
    """Cut a text at the bytes that an Event takes."""
    return note.encode()[:LONGEST_NOTE].decode(errors="ignore")
