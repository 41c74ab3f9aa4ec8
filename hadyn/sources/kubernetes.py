"""Follow a Kubernetes cluster: Ingresses, their classes, Services, endpoints.

Rules: nothing is delivered before everything has been listed once, so that no half of a
cluster is ever taken for the whole. Start-up waits where waiting can help, says what for,
and ends with a sentence where it cannot; later every failure is waited out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import cast

from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event, wait_random_exponential

from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import NoCredentials, NotAllowed, NotServed
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError, TemporaryError
from hadyn.model.changes import Changes
from hadyn.model.problems import ObjectRef
from hadyn.sources import Emit, Part, nowhere
from hadyn.sources.kube_discovery import CONFIG_MAPS, INGRESSES, discover
from hadyn.sources.kube_groups import GroupsFollower
from hadyn.sources.kube_secrets import SecretsFollower
from hadyn.sources.outages import Outages
from hadyn.sources.reflector import Place, Reflector

JOIN_SECONDS = 5.0
"""Threads that take longer to end, in the middle of a request, end with the process."""
SAY_EVERY_SECONDS = 10.0
"""How often start-up says what it waits for."""
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", is_cluster_wide=True)
_MAY_PASS = (NoCredentials, NotAllowed, NotServed)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of a cluster is followed.

    ``namespaces`` are all there are where none is given; selectors are as kubectl's ``-l``.
    ``config_maps`` are each "namespace/name". EndpointSlices are followed if
    ``needs_endpoints``.
    """

    namespaces: Sequence[str] = ()
    namespace_selector: str = ""
    ingress_selector: str = ""
    config_maps: Sequence[str] = ()
    needs_endpoints: bool = True


class KubernetesSource:
    """One cluster; each kind (in each namespace) is a source of its own, named as in ``parts``."""

    name = "kubernetes"
    brings_secrets = True

    def __init__(self, api: KubeApi, scope: Scope = Scope()) -> None:
        self._api = api
        self._scope = scope
        self._namespaces = tuple(dict.fromkeys(scope.namespaces))
        self._emit: Emit = nowhere
        self._thread: threading.Thread | None = None
        self._outages = Outages(time.monotonic)
        self._reflectors: tuple[Reflector, ...] = ()
        self.ingresses: Resource = INGRESSES
        """Which Ingresses the apiserver serves, once that is known."""
        self._secrets = SecretsFollower(api, self._outages, namespaces=self._namespaces)
        self._groups = GroupsFollower(api, self._outages, namespaces=self._namespaces)
        self._changed = threading.Condition()
        self._awaited: set[str] = set()
        self._refusal: HadynError | None = None
        self._held: list[Changes] | None = []
        self._has_begun = threading.Event()
        self._mistake: BaseException | None = None
        self._is_stopping = threading.Event()
        self._was_ready = False

    def start(self, emit: Emit) -> None:
        """Begin, in threads of its own."""
        self._emit = emit
        self._secrets.start(emit)
        self._groups.start(emit)
        self._thread = threading.Thread(target=self._begin, args=(self._api,), name=self.name, daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether everything has been emitted, or ``stop`` was called; raises PermanentError."""
        has_begun = self._has_begun.wait(seconds)
        if self._mistake is not None:
            raise self._mistake
        return has_begun

    def _begin(self, api: KubeApi) -> None:
        """Read everything, then let it pass; whoever waits is told how that went."""
        try:
            resources = self._discovered(api)
            self.ingresses = next(each for each in resources if each.plural == INGRESSES.plural)
            places = self._places(resources)
            self._reflectors = tuple(Reflector(api, place, self) for place in places)
            self._awaited = {reflector.name for reflector in self._reflectors}
            for reflector in self._reflectors:
                reflector.start(self._deliver)
            self._warn_of_missing_namespaces(api)
            self._wait_for_all(api)
            self._open()
        except BaseException as mistake:  # noqa: BLE001 - raised where somebody waits
            self._mistake = mistake
        self._has_begun.set()

    def stop(self) -> None:
        """End all watches."""
        self._is_stopping.set()
        with self._changed:
            self._changed.notify_all()
        until = time.monotonic() + JOIN_SECONDS
        if self._thread is not None:
            self._thread.join(JOIN_SECONDS)
        self._secrets.stop()
        self._groups.stop()
        for reflector in self._reflectors:
            reflector.stop()
        for reflector in self._reflectors:
            reflector.join(max(0.0, until - time.monotonic()))
        self._secrets.join(max(0.0, until - time.monotonic()))
        self._groups.join(max(0.0, until - time.monotonic()))

    def parts(self) -> Sequence[Part]:
        secrets = (self._secrets,) if self._secrets.is_needed() else ()
        return (*self._reflectors, *secrets, *self._groups.reflectors())

    def want_secrets(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """Have these followed, and those no longer; a reference without a name is to a whole group."""
        self._secrets.want([ref for ref in added if ref.name], [ref for ref in dropped if ref.name])
        self._groups.want([ref for ref in added if not ref.name], [ref for ref in dropped if not ref.name])

    def place_of(self, ref: ObjectRef) -> str:  # noqa: ARG002 - the same for all
        """Return "": objects of a cluster are in no file."""
        return ""

    def failed(self, reflector: Reflector, failure: HadynError) -> None:
        """Take note of what a reflector meets; called by it."""
        self._outages.began(reflector.name, failure)
        with self._changed:
            if reflector.name not in self._awaited:
                return
            if isinstance(failure, NotAllowed) and self._is_dispensable(reflector.place):
                log.info("without them, IngressClasses count by their name alone")
                self._awaited.discard(reflector.name)
            elif not isinstance(failure, TemporaryError):
                self._refusal = failure
            self._changed.notify_all()

    def came_in_touch(self, reflector: Reflector) -> None:
        """Take note that a reflector knows everything; called by it."""
        self._outages.ended(reflector.name)
        with self._changed:
            self._awaited.discard(reflector.name)
            self._changed.notify_all()

    def _discovered(self, api: KubeApi) -> tuple[Resource, ...]:
        def may_pass(failure: BaseException) -> bool:
            is_wanted = isinstance(failure, HadynError) and not self._is_stopping.is_set()
            return is_wanted and not self._is_final(cast("HadynError", failure), api)

        def say(attempt: RetryCallState) -> None:
            failure = attempt.outcome and attempt.outcome.exception()
            assert isinstance(failure, HadynError)
            self._outages.began(self.name, failure)

        found: tuple[Resource, ...] = Retrying(
            wait=wait_random_exponential(multiplier=0.25, min=0.1, max=4.0),
            retry=retry_if_exception(may_pass),
            sleep=sleep_using_event(self._is_stopping),
            before_sleep=say,
            reraise=True,
        )(discover, api, needs_endpoints=self._scope.needs_endpoints)
        self._outages.ended(self.name)
        return found

    def _is_final(self, failure: HadynError, api: KubeApi) -> bool:
        """Whether waiting cannot help.

        An apiserver that is just coming up refuses whom it will know in a moment, so a
        refusal is final if it had said before that it is ready.
        """
        if not isinstance(failure, _MAY_PASS):
            return not isinstance(failure, TemporaryError)
        was_ready, self._was_ready = self._was_ready, api.is_ready()
        return was_ready

    def _places(self, resources: Sequence[Resource]) -> list[Place]:
        named = (each.partition("/") for each in dict.fromkeys(self._scope.config_maps))
        places = [Place(CONFIG_MAPS, namespace, object_name=name) for namespace, _, name in named]
        if self._scope.namespace_selector:
            places.append(Place(NAMESPACES, selector=self._scope.namespace_selector))
        for resource in resources:
            selector = self._scope.ingress_selector if resource.plural == INGRESSES.plural else ""
            namespaces = ("",) if resource.is_cluster_wide else self._namespaces or ("",)
            places += [Place(resource, namespace, selector) for namespace in namespaces]
        return places

    def _is_dispensable(self, place: Place) -> bool:
        """IngressClasses are cluster-wide: who may only look into namespaces has to do without them."""
        return bool(self._namespaces) and place.resource.is_cluster_wide

    def _wait_for_all(self, api: KubeApi) -> None:
        """Return once everything has been listed and is watched; raise what makes that impossible."""
        say_at = time.monotonic() + SAY_EVERY_SECONDS
        while not self._is_stopping.is_set():
            with self._changed:
                if not self._awaited:
                    return
                if self._refusal is None:
                    self._changed.wait(SAY_EVERY_SECONDS)
                refusal, self._refusal = self._refusal, None
                awaited = sorted(self._awaited)
            if refusal is not None and self._is_final(refusal, api):
                raise refusal
            if awaited and time.monotonic() >= say_at:
                say_at += SAY_EVERY_SECONDS
                log.info("waiting for %s", ", ".join(awaited))

    def _warn_of_missing_namespaces(self, api: KubeApi) -> None:
        for namespace in self._namespaces:
            try:
                api.get(ApiRequest("get", str(NAMESPACES), NAMESPACES.path(name=namespace), namespace))
            except NotServed:
                log.warning("there is no namespace %s; hadyn waits for it to come", namespace)
            except HadynError as failure:
                # Not to be allowed to look is usual; whatever else there is, the reflectors say.
                log.debug("cannot tell whether there is a namespace %s: %s", namespace, failure)

    def _deliver(self, changes: Changes) -> None:
        with self._changed:
            if self._held is not None:
                self._held.append(changes)
                return
        self._emit(changes)

    def _open(self) -> None:
        """Let deliveries pass, first those held so far, in the order of the parts: routes come last."""
        if self._is_stopping.is_set():
            return
        order = {reflector.name: number for number, reflector in enumerate(self._reflectors)}
        with self._changed:
            for changes in sorted(self._held or (), key=lambda changes: order[changes.source]):
                self._emit(changes)
            self._held = None
