"""What a URL meets, as the document of ``hadyn explain``."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from hadyn.errors import WrongUsage
from hadyn.model.desired import Route
from hadyn.model.explain import Demand, Explanation
from hadyn.model.problems import shown
from hadyn.observe.documents import Document, problem_documents


def host_and_path(url: str) -> tuple[str, str]:
    """Split a URL, "shop.example/cart" included, into Host header and path; raises WrongUsage for what is none."""
    remedy = "Say it as in http://shop.example/cart"
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.netloc.rpartition("@")[2]
    except ValueError as cause:
        raise WrongUsage(f"{shown(url)} is no URL: {cause}", remedy=remedy) from cause
    if parts.scheme not in ("http", "https") or not host:
        raise WrongUsage(f"{shown(url)} is no http or https URL with a host", remedy=remedy)
    return host, parts.path or "/"


def explain_document(
    url: str,
    explanation: Explanation,
    *,
    service: str | None,
    slots: Sequence[object],
    certificates: Sequence[object] = (),
) -> Document:
    """Spell an explanation.

    ``service`` is that of the backend ("shop/web:80"), ``slots`` its entries, ``certificates``
    those of which a client gets one that asks for the host. ``clients`` is what they have to show,
    null for nothing.
    """
    return {
        "url": url,
        "host": explanation.host,
        "path": explanation.path,
        "route": _route_document(explanation.route) if explanation.route else None,
        "service": service,
        "slots": list(slots),
        "certificates": list(certificates),
        "clients": _demand_document(explanation.demand) if explanation.demand else None,
        "others": [{**_route_document(other.route), "why": other.why} for other in explanation.others],
        "problems": problem_documents(explanation.problems),
    }


def _demand_document(demand: Demand) -> Document:
    secret = demand.secret
    return {"secret": f"{secret.namespace}/{secret.name}" if secret else None, "certificate": demand.verification.value}


def _route_document(route: Route) -> Document:
    return {
        "ingress": route.ingress,
        "canary": route.canary,
        "passes_tls": route.passes_tls,
        "backend": route.backend,
        "host": route.host,
        "path": route.path,
        "type": "Exact" if route.exact else "Prefix",
    }
