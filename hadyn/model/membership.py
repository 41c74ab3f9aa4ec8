"""Which EndpointSlices belong to a Service, or which Endpoints where it has none.

Rule: they belong by namespace and name only; Endpoints count where the Service has no slice.
"""

from __future__ import annotations

from collections.abc import Callable

from hadyn.model.index import Index
from hadyn.model.objects import Endpoints, EndpointSlice, Service
from hadyn.model.problems import ObjectRef
from hadyn.model.store import Held, Replaced


class Membership:
    """All slices, by Service; the objects themselves are asked of their store."""

    def __init__(self, holding: Callable[[ObjectRef], Held | None]) -> None:
        self._holding = holding
        self._slices: Index[ObjectRef, ObjectRef] = Index()

    def replace(self, replaced: Replaced) -> set[ObjectRef]:
        """Take a slice or Endpoints as it is now; return the Services concerned."""
        concerned: set[ObjectRef] = set()
        if replaced.before is not None:
            service = service_of(replaced.before)
            concerned.add(service)
            self._slices.discard(service, replaced.ref)
        if replaced.after is not None:
            service = service_of(replaced.after)
            concerned.add(service)
            if isinstance(replaced.after.object, EndpointSlice):
                self._slices.add(service, replaced.ref)
        return concerned

    def of(self, service: ObjectRef) -> tuple[Held, ...]:
        """What lists the endpoints of a Service."""
        refs = self._slices.of(service) or (ObjectRef(Endpoints.kind, service.namespace, service.name),)
        return tuple(held for held in map(self._holding, refs) if held is not None)


def service_of(held: Held) -> ObjectRef:
    """The Service that a slice or Endpoints belongs to; its name is "" where the label is missing."""
    assert isinstance(held.object, (EndpointSlice, Endpoints)), held
    return ObjectRef(Service.kind, held.object.namespace, held.object.service)
