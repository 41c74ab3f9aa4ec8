"""What hadyn asks an apiserver for, as values: resources and requests.

Rule: a request knows its verb and resource as RBAC names them, so that a refusal can say
which rule is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of objects as the apiserver serves it; ``group`` is "" for the core group."""

    group: str
    version: str
    plural: str
    kind: str
    is_cluster_wide: bool = False

    @property
    def api_version(self) -> str:
        """As objects spell it: "networking.k8s.io/v1", "v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        """As RBAC and kubectl spell it: "ingresses.networking.k8s.io", "services"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        """Where all objects are, those of one namespace, or the one of this name."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"/namespaces/{quote(namespace)}" if namespace else ""
        return f"{root}{place}/{self.plural}" + (f"/{quote(name)}" if name else "")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request: ``verb`` ("list") and ``what`` ("ingresses.networking.k8s.io") as RBAC names them."""

    verb: str
    what: str
    path: str
    namespace: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def __str__(self) -> str:
        """As people say it: "list ingresses.networking.k8s.io in namespace shop"."""
        return f"{self.verb} {self.what}" + (f" in namespace {self.namespace}" if self.namespace else "")
