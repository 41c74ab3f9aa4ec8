"""Problems that show only against HAProxy: endpoints without a slot, backends it refuses."""

from __future__ import annotations

from hadyn.model.desired import Backend
from hadyn.model.options.slots import SLOTS_MAX
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.planner.plan import BackendPlan


def unseated_problem(backend: Backend, plan: BackendPlan) -> Problem:
    """Say that a backend has more endpoints than it may have slots."""
    return Problem(
        _object(backend),
        SLOTS_MAX.field,
        Reason.TOO_MANY,
        f"{len(plan.unseated)} endpoints have no slot, the backend may have {backend.capacity.maximum}; "
        f"the first without one is {plan.unseated[0].address}",
        "raise the annotation, or run fewer pods; those that have a slot serve",
    )


def refusal(backend: Backend, said: str, *, is_running: bool) -> Problem:
    """Say that HAProxy does not load a backend; one that ``is_running`` goes on as it accepted it last."""
    meanwhile = "it goes on as it is until then" if is_running else "its routes answer 503 until then"
    return Problem(
        _object(backend),
        "metadata.annotations",
        Reason.REFUSED_BY_HAPROXY,
        f"HAProxy does not load the backend {backend.name}: {said}",
        f"change the annotations; {meanwhile}, all others are served",
    )


def _object(backend: Backend) -> ObjectRef:
    """Find the object behind ``shop/web:80`` (a Service) or ``shop/api`` (a Backend)."""
    namespace, _, rest = backend.service.partition("/")
    name, _, port = rest.partition(":")
    return ObjectRef("Service" if port else "Backend", namespace, name)
