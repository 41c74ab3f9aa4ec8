"""What a test of the model looks at, as short text."""

from __future__ import annotations

from typing import Any

from hadyn.model.desired import Backend, ByName, Discovery
from hadyn.model.inventory import Inventory
from hadyn.model.objects import KubernetesObject
from hadyn.model.policy import Policy
from hadyn.model.resolved import Resolved, ResolvedName
from tests import given


def inventory(*objects: KubernetesObject, **policy: Any) -> Inventory:
    """An inventory that has these objects from the operator's own folder."""
    made = Inventory(Policy(**policy))
    made.apply(given.changes(*objects))
    return made


def cluster(*objects: KubernetesObject, **policy: Any) -> Inventory:
    """An inventory that has these objects from a cluster, whose users are not the operator."""
    made = Inventory(Policy(**policy))
    made.apply(given.changes(*objects, source="kubernetes", is_operators_own=False))
    return made


def stocked(*objects: KubernetesObject, **policy: Any) -> Inventory:
    """As ``inventory``, with all that there is: these objects, and a Service called web in two namespaces."""
    services = given.service("shop", "web"), given.service("other", "web")
    made = Inventory(Policy(**policy))
    made.apply(given.changes(*objects, *services, is_complete=True))
    return made


def served(shown: Inventory) -> dict[str, str | None]:
    """All routes: "a.example/shop" (Prefix) or "=a.example/shop" (Exact), and the backend of each."""
    return {
        f"{'=' * route.exact}{route.host}{route.path}": route.backend
        for host in sorted(shown.hosts())
        for route in shown.routes(host)
    }


def complaints(shown: Inventory) -> list[str]:
    """All problems as "ingress shop/web: field: what is wrong", without remedy."""
    return [f"{problem.object}: {problem.field}: {problem.said}" for problem in shown.problems()]


def problems(shown: Inventory) -> list[str]:
    """All problems as people read them, with remedy."""
    return [str(problem) for problem in shown.problems()]


def reasons(shown: Inventory) -> list[str]:
    return [problem.reason.value for problem in shown.problems()]


def addresses(backend: Backend | None) -> list[str]:
    """The endpoints: "10.0.0.1:80", with " draining" or " weight=0" where that is so."""
    assert backend is not None
    return [
        f"{endpoint.address}{' draining' * endpoint.draining}{f' weight={endpoint.weight}' * (endpoint.weight != 1)}"
        for endpoint in backend.endpoints
    ]


def to_api() -> Any:
    path = {"path": "/", "pathType": "Prefix", "backend": given.resource_of("api")}
    return given.ingress("default", "api", rules=[{"host": "a.example", "http": {"paths": [path]}}])


def asked(shown: Inventory) -> list[str]:
    """Every question that came into use since this was asked last."""
    return sorted(map(str, shown.taken_name_changes().added))


def resolve(shown: Inventory, *names: ResolvedName) -> frozenset[str]:
    return shown.resolve(Resolved(names)).backends


def by_name(shown: Inventory, backend: str = "shop_web_80") -> ByName:
    found = shown.backend(backend)
    assert (found.discovery, found.endpoints) == (Discovery.FQDN, ())
    assert found.by_name is not None
    return found.by_name


def external(name: Any = "api.example.org", **more: Any) -> Any:
    return given.service("shop", "web", type="ExternalName", externalName=name, **more)
