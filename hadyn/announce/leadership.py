"""Keep or seek the lease: the one thread that writes it."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from hadyn.announce.election import LOOK_SECONDS, RENEW_SECONDS, Create, Election, Lease, Look
from hadyn.announce.times import micro_time
from hadyn.cluster.api import KubeApi
from hadyn.cluster.errors import AlreadyThere, Conflict, NotAllowed, NotServed
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError

LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ANSWER_SECONDS = 3.0
"""An answer about the lease that takes longer comes too late."""
REFUSED_SECONDS = 60.0
"""How often somebody who may not touch the lease tries again."""
JOIN_SECONDS = 2 * ANSWER_SECONDS

log = logging.getLogger(__name__)


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    lease_duration_seconds: float | None = None
    lease_transitions: int | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Document(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec | None = None


@dataclass(frozen=True, slots=True)
class LeaseName:
    """Where the lease is."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Leadership:
    """One candidate for a lease; ``leads`` may be asked from any thread."""

    def __init__(self, api: KubeApi, name: LeaseName, identity: str) -> None:
        self.name = name
        self._api = api
        self._election = Election(identity)
        self._held: Lease | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._complained = ""
        self._was_leading = False

    @property
    def identity(self) -> str:
        return self._election.identity

    def leads(self) -> bool:
        """Whether this hadyn is the one that speaks, at this moment."""
        return self._election.leads(time.monotonic())

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give the lease back if it is held, and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._turn())
        if self._held is not None:
            with contextlib.suppress(HadynError):
                self._write("PUT", self._election.released(self._held))

    def _turn(self) -> float:
        """Do what is due about the lease; return the seconds until the next look."""
        try:
            pause = self._seek()
        except (Conflict, AlreadyThere):
            self._lose()
            pause = 0.1
        except HadynError as failure:
            self._complain(failure)
            pause = REFUSED_SECONDS if isinstance(failure, NotAllowed) else LOOK_SECONDS
        if self._was_leading != self.leads():
            self._was_leading = not self._was_leading
            log.info("this hadyn %s the lease %s", "holds" if self._was_leading else "no longer holds", self.name)
        return pause

    def _seek(self) -> float:
        lease = self._held or self._read()
        asked_at = time.monotonic()
        act = self._election.act(lease, asked_at)
        if isinstance(act, Look):
            return act.seconds
        self._held = None
        held = self._write("POST" if isinstance(act, Create) else "PUT", act.lease)
        self._election.renewed(asked_at, held.resource_version)
        self._held = held
        self._complained = ""
        return RENEW_SECONDS

    def _lose(self) -> None:
        self._held = None
        self._election.lost()

    def _complain(self, failure: HadynError) -> None:
        """Say once what stands between us and the lease."""
        if str(failure) != self._complained:
            self._complained = str(failure)
            say: Callable[..., None] = log.warning if isinstance(failure, NotAllowed) else log.debug
            say("nobody hears of problems or addresses from this hadyn: %s", failure)

    def _request(self, verb: str, name: str) -> ApiRequest:
        return ApiRequest(verb, str(LEASES), LEASES.path(self.name.namespace, name), self.name.namespace)

    def _read(self) -> Lease | None:
        try:
            return _lease(self._api.get(self._request("get", self.name.name), answer_seconds=ANSWER_SECONDS))
        except NotServed:
            return None

    def _write(self, method: str, lease: Lease) -> Lease:
        is_new = method == "POST"
        request = self._request("create" if is_new else "update", "" if is_new else self.name.name)
        body = msgspec.json.encode(_document(self.name, lease, datetime.now(UTC)))
        return _lease(self._api.send(method, request, body, answer_seconds=ANSWER_SECONDS))


def _lease(body: bytes) -> Lease:
    document = msgspec.json.decode(body, type=_Document)
    spec = document.spec or _Spec()
    return Lease(
        spec.holder_identity or "",
        spec.lease_duration_seconds or 0.0,
        spec.lease_transitions or 0,
        document.metadata.resource_version,
    )


def _document(name: LeaseName, lease: Lease, now: datetime) -> dict[str, object]:
    metadata: dict[str, str] = {"name": name.name, "namespace": name.namespace}
    if lease.resource_version:
        metadata["resourceVersion"] = lease.resource_version
    return {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": metadata,
        "spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": math.ceil(lease.duration_seconds),
            "leaseTransitions": lease.transitions,
            # For people: nobody compares it with a clock.
            "renewTime": micro_time(now),
        },
    }
