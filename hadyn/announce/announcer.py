"""Say in the cluster what hadyn did: the one thread that writes statuses and Events.

Rules: only the holder of the lease writes, all others know what there would be to write.
A write that cannot be is put last, and said once; nothing here ever holds up the wheel.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hadyn.announce.events import (
    EVENTS,
    LISTED,
    RESOURCES,
    Known,
    Reporter,
    Troubles,
    count_patch,
    event_document,
    event_name,
    event_namespace,
    known_of,
)
from hadyn.announce.leadership import Leadership
from hadyn.announce.statuses import Addresses, Due, Statuses, read_published, status_patch
from hadyn.announce.whereabouts import Whereabouts
from hadyn.cluster.api import METADATA_LIST, KubeApi
from hadyn.cluster.errors import AlreadyThere, NamespaceGoes, NotServed
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError, PermanentError
from hadyn.model.objects import Ingress
from hadyn.model.problems import ObjectRef, Problem

LOOK_SECONDS = 1.0
"""How often it is looked whether this hadyn holds the lease now."""
WHERE_SECONDS = 10.0
"""How often the published Service, or the pods, are looked at."""
RETRY_SECONDS = 1.0
JOIN_SECONDS = 5.0
LONGEST_WRITER = 128
"""Characters of a name under which an apiserver notes who wrote what."""
MERGE_PATCH = "application/merge-patch+json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publish:
    """What to publish: fixed addresses, or those that the cluster knows; neither: no statuses.

    ``writer`` is the name under which the apiserver notes that it was us; ``ingresses`` says
    which Ingresses this cluster serves.
    """

    addresses: Addresses = ()
    where: Whereabouts | None = None
    writer: str = "hadyn"
    ingresses: Callable[[], Resource] = lambda: RESOURCES["Ingress"]


class _Saw(NamedTuple):
    ingress: ObjectRef
    said: Addresses | None
    is_ours: bool


class _Problems(NamedTuple):
    problems: tuple[Problem, ...]


class Announcer:
    """Takes what the wheel sees, from its thread, and writes what follows from it."""

    def __init__(self, api: KubeApi, leadership: Leadership, publish: Publish, *, controller: str) -> None:
        self._api = api
        self._leadership = leadership
        self._publish = publish
        self._reporter = Reporter(controller, leadership.identity)
        self._inbox: queue.SimpleQueue[_Saw | _Problems | None] = queue.SimpleQueue()
        self._statuses = Statuses()
        self._troubles = Troubles()
        self._where_at = 0.0
        self._rest_until = 0.0
        self._complaints: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        if publish.addresses:
            self._statuses.publish(publish.addresses)

    def start(self) -> None:
        self._leadership.start()
        self._thread.start()

    def stop(self) -> None:
        """End, and give the lease back."""
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)
        self._leadership.stop()

    def saw_ingress(self, ingress: ObjectRef, said: Addresses | None, *, is_ours: bool) -> None:
        """Take an Ingress: the addresses its status says (None: it is gone), and whether it is ours; any thread."""
        self._inbox.put(_Saw(ingress, said, is_ours))

    def saw_problems(self, problems: Iterable[Problem]) -> None:
        """Take all problems there are now; any thread."""
        self._inbox.put(_Problems(tuple(problems)))

    def _run(self) -> None:
        while self._has_taken_all():
            now = time.monotonic()
            if now >= self._rest_until and self._leadership.leads():
                self._write_one(now)

    def _has_taken_all(self) -> bool:
        """Take in what waits, or wait until something is due; say False at the end."""
        seconds = self._seconds_to_wait()
        try:
            message = self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait()
            while message is not None:
                self._take(message)
                message = self._inbox.get_nowait()
        except queue.Empty:
            return True
        return False

    def _take(self, message: _Saw | _Problems) -> None:
        if isinstance(message, _Problems):
            self._troubles.replace(message.problems)
        else:
            self._statuses.saw(message.ingress, message.said, is_ours=message.is_ours)

    def _seconds_to_wait(self) -> float:
        now = time.monotonic()
        if now < self._rest_until:
            return self._rest_until - now
        if not self._is_busy(now):
            return WHERE_SECONDS
        return 0.0 if self._leadership.leads() else LOOK_SECONDS

    def _is_busy(self, now: float) -> bool:
        return (
            self._statuses.next_due() is not None
            or self._troubles.next_due(now) is not None
            or (self._publish.where is not None and now >= self._where_at)
        )

    def _write_one(self, now: float) -> None:
        """Write one status and tell one problem, where there are any."""
        where = self._publish.where
        if where is not None and now >= self._where_at:
            self._where_at = now + WHERE_SECONDS
            self._try(lambda: self._look_up(where, now))
        due = self._statuses.next_due()
        if due is not None and not self._try(lambda: self._write_status(due)):
            self._statuses.later(due)
        problem = self._troubles.next_due(now)
        if problem is not None:
            # One that cannot be told now comes last, and in half an hour.
            self._troubles.told(problem, now)
            self._try(lambda: self._tell(problem))

    def _try(self, act: Callable[[], None]) -> bool:
        """Do it; where it fails say so once, rest, and return False."""
        try:
            act()
        except HadynError as failure:
            sentence = str(failure)
            if sentence not in self._complaints:
                self._complaints.add(sentence)
                say = log.warning if isinstance(failure, PermanentError) else log.debug
                say("not said in the cluster: %s", sentence)
            self._rest_until = time.monotonic() + RETRY_SECONDS
            return False
        except msgspec.MsgspecError as cause:
            log.debug("an answer cannot be read: %s", cause)
            self._rest_until = time.monotonic() + RETRY_SECONDS
            return False
        return True

    def _look_up(self, where: Whereabouts, now: float) -> None:
        found = where.addresses(self._api, now)
        # Addresses that are gone for a moment are no reason to tell everybody.
        if found:
            self._statuses.publish(found)

    def _write_status(self, due: Due) -> None:
        ref, ingresses = due.ingress, self._publish.ingresses()
        writer = self._publish.writer[:LONGEST_WRITER]
        try:
            found = read_published(self._api.get(_request("get", ingresses, ref.namespace, ref.name)))
        except NotServed:
            self._statuses.done(due)
            return
        says = found.addresses
        may_write = due.instead in (None, says) and (not due.needs_proof or found.was_written_by(writer))
        if says != due.addresses and may_write:
            request = _request("patch", ingresses, ref.namespace, ref.name, part="status", fieldManager=writer)
            patch = status_patch(due.addresses, found.metadata.resource_version)
            self._api.send("PATCH", request, patch, content_type=MERGE_PATCH)
        self._statuses.done(due)

    def _tell(self, problem: Problem) -> None:
        """Create the Event of a problem, or count it up where it is there already."""
        namespace = event_namespace(problem)
        try:
            known = self._known(problem.object)
        except NotServed:
            return
        if known is None:
            return
        event = event_document(problem, known, self._reporter, datetime.now(UTC))
        try:
            self._api.send("POST", _request("create", EVENTS, namespace), event)
        except AlreadyThere:
            self._count_up(namespace, event_name(problem))
        except NamespaceGoes:
            return

    def _known(self, ref: ObjectRef) -> Known | None:
        resource = self._publish.ingresses() if ref.kind == Ingress.kind else RESOURCES[ref.kind]
        namespace = "" if resource.is_cluster_wide else ref.namespace
        if ref.kind in LISTED:
            one = _request("list", resource, namespace, fieldSelector=f"metadata.name={ref.name}")
            return known_of(ref.kind, self._api.get(one, accept=METADATA_LIST))
        return known_of(ref.kind, self._api.get(_request("get", resource, namespace, ref.name)))

    def _count_up(self, namespace: str, name: str) -> None:
        known = msgspec.json.decode(self._api.get(_request("get", EVENTS, namespace, name)), type=Known)
        patch = count_patch(known.count + 1, datetime.now(UTC))
        self._api.send("PATCH", _request("patch", EVENTS, namespace, name), patch, content_type=MERGE_PATCH)


def _request(
    verb: str, resource: Resource, namespace: str, name: str = "", *, part: str = "", **query: str
) -> ApiRequest:
    what = f"{resource.plural}/{part}.{resource.group}" if part else str(resource)
    path = resource.path(namespace, name) + (f"/{part}" if part else "")
    return ApiRequest(verb, what, path, namespace, query)
