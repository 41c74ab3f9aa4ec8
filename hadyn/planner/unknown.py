"""Backends of whose endpoints nothing is known yet: whoever sits stays.

hadyn may be new while HAProxy serves, and DNS silent: no endpoints known is no reason to
take anybody out of service.
"""

from __future__ import annotations

from hadyn.model.desired import Backend, Endpoint
from hadyn.planner.observed import ObservedBackend, SlotState


def as_seated(backend: Backend | None, observed: ObservedBackend | None) -> Backend | None:
    """Return the backend as it is wanted, with those who serve now where nothing else is known."""
    if backend is None or observed is None or backend.knows_endpoints:
        return backend
    seated: dict[object, Endpoint] = {}
    for slot in observed.slots:
        if slot.address is not None and slot.state is not SlotState.MAINT:
            is_draining = slot.state is SlotState.DRAIN
            known = seated.get(slot.address)
            if known is None or known.draining:
                seated[slot.address] = Endpoint(slot.address, slot.weight, is_draining)
    in_order = sorted(seated.values(), key=lambda endpoint: (endpoint.address.ip, endpoint.address.port))
    return Backend(
        name=backend.name,
        service=backend.service,
        endpoints=tuple(in_order),
        capacity=backend.capacity,
        discovery=backend.discovery,
        directives=backend.directives,
        server_directives=backend.server_directives,
        knows_endpoints=False,
    )
