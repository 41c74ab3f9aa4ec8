"""Which EndpointSlices and Endpoints belong to a Service.

Rule: they belong by namespace and name only; Endpoints count where the Service has no slice.
"""

from __future__ import annotations

from hadyn.model.objects import Endpoints, EndpointSlice, Service
from hadyn.model.problems import ObjectRef
from hadyn.model.store import Held, Replaced


class Membership:
    """All slices and Endpoints, by Service."""

    def __init__(self) -> None:
        self._slices: dict[ObjectRef, dict[ObjectRef, Held]] = {}
        self._endpoints: dict[ObjectRef, Held] = {}

    def replace(self, replaced: Replaced) -> set[ObjectRef]:
        """Take a slice or Endpoints as it is now; return the Services concerned."""
        concerned: set[ObjectRef] = set()
        if replaced.before is not None:
            service = service_of(replaced.before)
            concerned.add(service)
            self._remove(service, replaced.ref)
        if replaced.after is not None:
            service = service_of(replaced.after)
            concerned.add(service)
            if isinstance(replaced.after.object, Endpoints):
                self._endpoints[service] = replaced.after
            else:
                self._slices.setdefault(service, {})[replaced.ref] = replaced.after
        return concerned

    def of(self, service: ObjectRef) -> tuple[Held, ...]:
        """What lists the endpoints of a Service."""
        slices = self._slices.get(service)
        if slices:
            return tuple(slices.values())
        endpoints = self._endpoints.get(service)
        return () if endpoints is None else (endpoints,)

    def _remove(self, service: ObjectRef, ref: ObjectRef) -> None:
        if ref.kind == Endpoints.kind:
            del self._endpoints[service]
            return
        slices = self._slices[service]
        del slices[ref]
        if not slices:
            del self._slices[service]


def service_of(held: Held) -> ObjectRef:
    """The Service that a slice or Endpoints belongs to; its name is "" where the label is missing."""
    assert isinstance(held.object, (EndpointSlice, Endpoints)), held
    return ObjectRef(Service.kind, held.object.namespace, held.object.service)
