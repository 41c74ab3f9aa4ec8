"""What a person took out of service by hand, until it is undone.

Rules: an endpoint is drained by its address, so it stays drained in whichever slot it
sits, over reloads, crashes and restarts of hadyn; it is forgotten when it is gone, so that
a pod that is given its address serves. A backend may be drained whole, with all who come.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
from msgspec import structs

from hadyn.errors import FileNotWritten
from hadyn.model.desired import Backend
from hadyn.render.atomic import replace_files

EVERYBODY = "*"
"""Stands for all endpoints of a backend, those to come as well."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Drains:
    """Addresses ("10.0.0.7:8080") by backend, kept in a file; one thread owns it."""

    path: Path
    by_backend: dict[str, frozenset[str]] = field(default_factory=dict)

    def load(self) -> None:
        """Read what was drained before; a file that cannot be read is said, and nobody is drained."""
        try:
            found = msgspec.json.decode(self.path.read_bytes(), type=dict[str, frozenset[str]])
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as failure:
            log.warning("cannot read %s, so what was drained by hand serves again: %s", self.path, failure)
            return
        self.by_backend = {name: addresses for name, addresses in found.items() if addresses}

    def of(self, backend: str) -> frozenset[str]:
        return self.by_backend.get(backend, frozenset())

    def holds(self, backend: str, address: str) -> bool:
        """Whether this endpoint is drained, by itself or with all of its backend."""
        return bool(self.of(backend) & {EVERYBODY, address})

    def change(self, backend: str, addresses: Iterable[str], *, undo: bool) -> None:
        """Drain these, or let them serve again; raises FileNotWritten, and then all is as it was."""
        before = self.of(backend)
        after = before - set(addresses) if undo else before | set(addresses)
        wanted = {**self.by_backend, backend: after}
        wanted = {name: drained for name, drained in sorted(wanted.items()) if drained}
        text = msgspec.json.encode({name: sorted(drained) for name, drained in wanted.items()})
        failed = replace_files({self.path: text}, durable=True)
        if failed:
            raise FileNotWritten(str(self.path), failed[self.path])
        self.by_backend = wanted

    def applied(self, backend: Backend) -> Backend:
        """Return a backend with those who are drained as such, and forget those that are gone."""
        drained = self.of(backend.name)
        if not drained:
            return backend
        if backend.knows_endpoints:
            self._forget(backend, drained)
        endpoints = tuple(
            structs.replace(each, draining=True) if self.holds(backend.name, str(each.address)) else each
            for each in backend.endpoints
        )
        return replace(backend, endpoints=endpoints)

    def _forget(self, backend: Backend, drained: frozenset[str]) -> None:
        gone = drained - {str(each.address) for each in backend.endpoints} - {EVERYBODY}
        if not gone:
            return
        try:
            self.change(backend.name, gone, undo=True)
        except FileNotWritten as failure:
            log.warning("%s", failure)
