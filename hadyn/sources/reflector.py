"""Follow the objects of one kind in an apiserver: list, watch, resume, list again.

Rules: one thread at a time, which alone changes what stands here. What was delivered stands
until something newer is known: neither a failure nor a list under way takes anything away.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hadyn.cluster.api import KubeApi, Watch
from hadyn.cluster.errors import AnswerNotUnderstood, VersionGone
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError
from hadyn.model.changes import Changes
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem
from hadyn.sources import Emit, nowhere
from hadyn.sources.kube_answers import Events, Keeps, everything, read_events, read_page
from hadyn.sources.kube_lines import Lines, LineTooLong
from hadyn.sources.kube_progress import SUSPICIOUS_COUNT, ListPage, Progress, WatchFrom

WATCH_SECONDS = (290, 590)
"""The server is asked to end a watch after a time between these, so that not all come back together."""
BOOKMARK_SECONDS = 60.0
"""An apiserver sends a bookmark at least so often."""
SILENCE_SECONDS = 75.0
"""A watch without a word for so long is dead, though its connection may not be."""

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Told by reflectors how they fare, from their threads."""

    def failed(self, reflector: Reflector, failure: HadynError) -> None:
        """A request failed; it will be repeated."""

    def came_in_touch(self, reflector: Reflector) -> None:
        """For the first time, or after a failure, everything is known and each change will be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which objects a reflector follows: of one namespace ("": all), with these labels ("": any).

    Or the one of this name. ``fields`` is a field selector ("": any); of what the apiserver
    sends, only what ``keeps`` says yes to is delivered.
    """

    resource: Resource
    namespace: str = ""
    selector: str = ""
    object_name: str = ""
    fields: str = ""
    keeps: Keeps = everything

    @property
    def name(self) -> str:
        """Name of the source: "kubernetes/ingresses", "kubernetes/shop/ingresses", "kubernetes/shop/secrets/web"."""
        parts = ("kubernetes", self.namespace, self.resource.plural, self.object_name)
        return "/".join(part for part in parts if part)

    def request(self, verb: str, query: dict[str, str]) -> ApiRequest:
        selected = {"labelSelector": self.selector} if self.selector else {}
        fields = f"metadata.name={self.object_name}" if self.object_name else self.fields
        selected |= {"fieldSelector": fields} if fields else {}
        path = self.resource.path(self.namespace)
        return ApiRequest(verb, str(self.resource), path, self.namespace, {**query, **selected})


class Reflector:
    """The objects of one place, delivered as they are and as they change.

    It is a source of its own: its first delivery, and each one after a new list, is complete.
    """

    def __init__(  # noqa: PLR0913 - half of them by name
        self,
        api: KubeApi,
        place: Place,
        listener: Listener,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] | None = None,
        poll_seconds: float = 0.0,
    ) -> None:
        """``clock`` is monotonic seconds; ``pause`` waits for so many of them, by default until ``stop`` too.

        With ``poll_seconds`` nothing is watched, but listed again after so many.
        """
        self.place = place
        self.name = place.name
        self._api = api
        self._clock = clock
        # One object that vanishes without having been deleted is as suspicious as many.
        self._progress = Progress(1 if place.object_name else SUSPICIOUS_COUNT)
        self._listener = listener
        self._emit: Emit = nowhere
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._poll_seconds = poll_seconds
        self._polled: Changes | None = None
        self._thread: threading.Thread | None = None
        self._watch: Watch | None = None
        self._gathered: list[KubernetesObject] = []
        self._unread: list[Problem] = []
        self._problems: dict[ObjectRef, Problem] = {}
        self._heard_at = clock()
        self._is_in_touch = False

    @property
    def is_polled(self) -> bool:
        return self._poll_seconds > 0

    def start(self, emit: Emit) -> None:
        """Begin, in a thread of its own."""
        self.begin(emit)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def begin(self, emit: Emit) -> None:
        """Deliver there from now on; somebody else gives it its turns."""
        self._emit = emit
        self._heard_at = self._clock()

    def stop(self) -> None:
        """Have it end; nothing is emitted afterwards."""
        self._stopping.set()
        watch = self._watch
        if watch is not None:
            watch.stop()

    def join(self, seconds: float) -> None:
        """Wait for its end, behind ``stop``: it comes at once, but for a list that is under way."""
        if self._thread is not None:
            self._thread.join(seconds)

    def staleness_seconds(self, now: float) -> float:
        """Seconds since the apiserver was last heard, 0.0 while the watch runs and says so at least each minute."""
        silent_seconds = now - self._heard_at
        return 0.0 if self._is_in_touch and silent_seconds < BOOKMARK_SECONDS + 5 else max(0.0, silent_seconds)

    def _run(self) -> None:
        try:
            while (pause := self.turn()) is not None:
                self._pause(pause)
        finally:
            # If a mistake of ours ends the thread, this place is stale from now on.
            self._is_in_touch = False

    def turn(self) -> float | None:
        """Make one request to its end; return the seconds to wait before the next one, None once it was stopped."""
        if self._stopping.is_set():
            return None
        step = self._progress.step
        try:
            if isinstance(step, ListPage):
                return self._list(step)
            return self._follow(step)
        except HadynError as failure:
            if self._stopping.is_set():
                return 0.0
            return self._failed(failure)

    def _failed(self, failure: HadynError) -> float:
        pause = self._progress.failed(failure)
        if self._progress.step == ListPage() or isinstance(failure, VersionGone):
            self._gathered.clear()
            self._unread.clear()
        if isinstance(failure, VersionGone):
            log.debug("%s: %s", self.name, failure)
            return pause
        self._is_in_touch = False
        self._listener.failed(self, failure)
        return pause

    def _list(self, step: ListPage) -> float:
        query = {"limit": str(step.limit)} if step.limit else {}
        if step.token:
            query["continue"] = step.token
        request = self.place.request("list", query)
        page = read_page(self._api.get(request), self.place.resource, request, self.place.keeps)
        received = self._clock()
        self._gathered += page.objects
        self._unread += page.problems
        if page.token:
            self._progress.paged(page.token)
            return 0.0
        objects, problems = tuple(self._gathered), tuple(self._unread)
        self._gathered, self._unread = [], []
        hold_seconds = self._progress.listed(len(objects) + len(problems), page.resource_version, received)
        if hold_seconds is not None:
            self._is_in_touch = False
            log.warning(
                "%s: the apiserver suddenly lists hardly anything; what was known goes on serving unless it does so "
                "half a minute later, too",
                self.name,
            )
            return hold_seconds
        self._problems = {problem.object: problem for problem in problems}
        self._heard_at = received
        found = Changes(self.name, objects, (), problems, is_complete=True, received=received)
        if self.is_polled:
            return self._poll(found)
        self._deliver(found)
        return 0.0

    def _poll(self, found: Changes) -> float:
        """Deliver what is not as it was the last time."""
        self._progress.step = ListPage()
        seen, self._polled = self._polled, found
        if seen is None or (seen.upserts, seen.problems) != (found.upserts, found.problems):
            self._deliver(found)
        else:
            # The very objects that were delivered: a second copy would be there for nothing.
            self._polled = seen
        self._in_touch()
        return self._poll_seconds

    def _follow(self, step: WatchFrom) -> float:
        request = self.place.request(
            "watch",
            {
                "watch": "1",
                "allowWatchBookmarks": "true",
                "resourceVersion": step.resource_version,
                "timeoutSeconds": str(random.randint(*WATCH_SECONDS)),  # noqa: S311 - no secret
            },
        )
        self._watch = watch = self._api.watch(request)
        try:
            if self._stopping.is_set():
                return 0.0
            self._in_touch()
            self._read(watch, request)
        finally:
            self._watch = None
            watch.close()
        return self._progress.ended()

    def _read(self, watch: Watch, request: ApiRequest) -> None:
        began = self._heard_at
        lines = Lines()
        for chunk in watch.chunks(SILENCE_SECONDS):
            received = self._heard_at = self._clock()
            try:
                complete = lines.take(chunk)
            except LineTooLong as cause:
                raise AnswerNotUnderstood(request, "a line has no end") from cause
            if complete:
                self._take(read_events(complete, self.place.resource, request, self.place.keeps), received)
                self._progress.watched(received - began)
        if lines.has_part and not self._stopping.is_set():
            raise AnswerNotUnderstood(request, "its last line breaks off")
        self._progress.watched(self._clock() - began)

    def _take(self, events: Events, received: float) -> None:
        self._progress.moved(events.resource_version, gained=events.gained)
        problems = self._problems_after(events)
        if events.upserts or events.deletes or problems is not None:
            self._deliver(
                Changes(self.name, tuple(events.upserts.values()), tuple(events.deletes), problems, received=received)
            )
        if events.failure is not None:
            raise events.failure

    def _problems_after(self, events: Events) -> tuple[Problem, ...] | None:
        """All objects that cannot be read, where that is not what it was."""
        known = self._problems.keys()
        if not events.problems and not (known and known & (events.upserts.keys() | events.deletes)):
            return None
        for ref in (*events.upserts, *events.deletes):
            self._problems.pop(ref, None)
        self._problems.update(events.problems)
        return tuple(self._problems.values())

    def _deliver(self, changes: Changes) -> None:
        if not self._stopping.is_set():
            self._emit(changes)

    def _in_touch(self) -> None:
        self._heard_at = self._clock()
        if not self._is_in_touch:
            self._is_in_touch = True
            self._listener.came_in_touch(self)
