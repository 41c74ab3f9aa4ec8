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
    RESOURCES,
    Known,
    Reporter,
    Troubles,
    count_patch,
    event_document,
    event_name,
    event_namespace,
)
from hadyn.announce.leadership import Leadership
from hadyn.announce.statuses import Addresses, Due, Statuses, read_published, status_patch
from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import AlreadyThere, NamespaceGoes, NotServed
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError, PermanentError
from hadyn.model.problems import ObjectRef, Problem

LOOK_SECONDS = 1.0
"""How often it is looked whether this hadyn holds the lease now."""
SERVICE_SECONDS = 10.0
"""How often the published Service is looked at."""
RETRY_SECONDS = 1.0
JOIN_SECONDS = 5.0
MERGE_PATCH = "application/merge-patch+json"
INGRESSES = RESOURCES["Ingress"]
SERVICES = RESOURCES["Service"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Publish:
    """What to publish: fixed addresses, or those of a Service ("namespace", "name"); neither: no statuses."""

    addresses: Addresses = ()
    service: tuple[str, str] | None = None


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
        self._service_at = 0.0
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
            return SERVICE_SECONDS
        return 0.0 if self._leadership.leads() else LOOK_SECONDS

    def _is_busy(self, now: float) -> bool:
        return (
            self._statuses.next_due() is not None
            or self._troubles.next_due(now) is not None
            or (self._publish.service is not None and now >= self._service_at)
        )

    def _write_one(self, now: float) -> None:
        """Write one status and tell one problem, where there are any."""
        if self._publish.service is not None and now >= self._service_at:
            self._service_at = now + SERVICE_SECONDS
            self._try(self._look_at_service)
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

    def _look_at_service(self) -> None:
        assert self._publish.service is not None
        namespace, name = self._publish.service
        found = read_published(self._api.get(_request("get", SERVICES, namespace, name))).service_addresses
        # Addresses that are gone for a moment are no reason to tell everybody.
        if found:
            self._statuses.publish(found)

    def _write_status(self, due: Due) -> None:
        ref = due.ingress
        try:
            found = read_published(self._api.get(_request("get", INGRESSES, ref.namespace, ref.name)))
        except NotServed:
            self._statuses.done(due)
            return
        says = found.addresses
        if says != due.addresses and due.instead in (None, says):
            request = _request("patch", INGRESSES, ref.namespace, ref.name, part="status")
            patch = status_patch(due.addresses, found.metadata.resource_version)
            self._api.send("PATCH", request, patch, content_type=MERGE_PATCH)
        self._statuses.done(due)

    def _tell(self, problem: Problem) -> None:
        """Create the Event of a problem, or count it up where it is there already."""
        resource, namespace = RESOURCES[problem.object.kind], event_namespace(problem)
        object_namespace = "" if resource.is_cluster_wide else problem.object.namespace
        try:
            body = self._api.get(_request("get", resource, object_namespace, problem.object.name))
        except NotServed:
            return
        uid = msgspec.json.decode(body, type=Known).metadata.uid
        event = event_document(problem, uid, self._reporter, datetime.now(UTC))
        try:
            self._api.send("POST", _request("create", EVENTS, namespace), event)
        except AlreadyThere:
            self._count_up(namespace, event_name(problem))
        except NamespaceGoes:
            return

    def _count_up(self, namespace: str, name: str) -> None:
        known = msgspec.json.decode(self._api.get(_request("get", EVENTS, namespace, name)), type=Known)
        patch = count_patch(known.count + 1, datetime.now(UTC))
        self._api.send("PATCH", _request("patch", EVENTS, namespace, name), patch, content_type=MERGE_PATCH)


def _request(verb: str, resource: Resource, namespace: str, name: str = "", *, part: str = "") -> ApiRequest:
    what = f"{resource.plural}/{part}.{resource.group}" if part else str(resource)
    path = resource.path(namespace, name) + (f"/{part}" if part else "")
    return ApiRequest(verb, what, path, namespace)
