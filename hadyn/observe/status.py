"""What ``hadyn status`` says, as a value and as a document.

Rule: the controller fills in the value; the shape that scripts rely on is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hadyn.model.problems import Problem
from hadyn.observe.documents import Document, moment, problem_documents


@dataclass(frozen=True, slots=True)
class HadynStatus:
    """The hadyn that answers; ``since`` is when it started, in UTC."""

    version: str
    pid: int
    since: datetime


@dataclass(frozen=True, slots=True)
class HAProxyStatus:
    """HAProxy as it runs: ``pid`` is the master's; ``old_workers`` still finish what they had at a reload.

    ``connections`` are open at present, ``requests`` all since the worker's start.
    ``strangers`` are backends and servers that are not hadyn's, which it leaves alone.
    """

    version: str
    running: bool
    pid: int | None = None
    workers: int = 0
    old_workers: int = 0
    uptime_seconds: int = 0
    connections: int = 0
    max_connections: int = 0
    requests: int = 0
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source: how long it has been out of touch, and how many objects it has."""

    name: str
    stale_seconds: float
    objects: int


@dataclass(frozen=True, slots=True)
class LastCycle:
    """The last cycle that changed something; ``at`` is in UTC."""

    at: datetime
    sentence: str
    seconds: float


@dataclass(frozen=True, slots=True)
class PastReload:
    """One reload: when (UTC), why, how long it took, and "done" or what HAProxy said against it."""

    at: datetime
    reasons: tuple[str, ...]
    seconds: float
    result: str


@dataclass(frozen=True, slots=True)
class Reloads:
    """Reloads since hadyn started; ``pending`` are reasons that wait for --reload-interval."""

    total: int = 0
    by_reason: Mapping[str, int] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    last: tuple[PastReload, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """Everything on one screen; ``cycles`` counts those that changed something.

    ``certificates`` is None where HAProxy speaks no TLS.
    """

    hadyn: HadynStatus
    haproxy: HAProxyStatus
    sources: tuple[SourceStatus, ...] = ()
    last_cycle: LastCycle | None = None
    cycles: int = 0
    reloads: Reloads = Reloads()
    backends: int = 0
    routes: int = 0
    certificates: Document | None = None
    problems: tuple[Problem, ...] = ()


def status_document(status: Status) -> Document:
    """Spell a status as /api/status answers it."""
    hadyn, haproxy = status.hadyn, status.haproxy
    return {
        "hadyn": {"version": hadyn.version, "pid": hadyn.pid, "since": moment(hadyn.since)},
        "haproxy": {
            "version": haproxy.version,
            "pid": haproxy.pid,
            "workers": haproxy.workers,
            "old_workers": haproxy.old_workers,
            "uptime_seconds": haproxy.uptime_seconds,
            "connections": haproxy.connections,
            "max_connections": haproxy.max_connections,
            "requests": haproxy.requests,
            "strangers": list(haproxy.strangers),
            "running": haproxy.running,
        },
        "sources": [
            {"name": source.name, "stale_seconds": round(source.stale_seconds, 3), "objects": source.objects}
            for source in status.sources
        ],
        "last_cycle": _last_cycle_document(status.last_cycle),
        "cycles": status.cycles,
        "reloads": _reloads_document(status.reloads),
        "backends": status.backends,
        "routes": status.routes,
        "certificates": status.certificates,
        "problems": problem_documents(status.problems),
    }


def _last_cycle_document(cycle: LastCycle | None) -> Document | None:
    if cycle is None:
        return None
    return {"at": moment(cycle.at), "sentence": cycle.sentence, "seconds": round(cycle.seconds, 6)}


def _reloads_document(reloads: Reloads) -> Document:
    return {
        "total": reloads.total,
        "by_reason": dict(reloads.by_reason),
        "pending": list(reloads.pending),
        "last": [
            {
                "at": moment(reload.at),
                "reasons": list(reload.reasons),
                "seconds": round(reload.seconds, 6),
                "result": reload.result,
            }
            for reload in reloads.last
        ],
    }
