"""What a path's target leads to: a backend, or why there is none.

Rule: a path whose target is missing gets a 503 until it is there, never what a shorter path leads to.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from hadyn.model.addresses import MAX_PORT
from hadyn.model.claims import target_ref
from hadyn.model.names import backend_name, resource_backend_name
from hadyn.model.objects import (
    FIRST_PORT,
    BackendResource,
    KubernetesObject,
    Service,
    ServicePort,
    ServiceTarget,
    Target,
)
from hadyn.model.options.blue_green import BLUE_GREEN_COOKIE, BLUE_GREEN_HEADER, Group, choosable
from hadyn.model.options.routing import Said
from hadyn.model.problems import ObjectRef, Reason
from hadyn.model.store import Replaced

SHOWN_PORTS = 5


class PodChoice(Struct, frozen=True, gc=False):
    """A header, or a cookie, called ``name``, with the value that leads to the pods of this group."""

    name: str
    group: Group
    is_cookie: bool = False


class Found(Struct, frozen=True, gc=False):
    """A backend: its name in HAProxy, its title for people, its object and, of a Service, the port.

    ``choices`` are what requests may say to choose among its pods.
    """

    backend: str
    title: str
    source: ObjectRef
    port: ServicePort | None = None
    choices: tuple[PodChoice, ...] = ()


class Missing(Struct, frozen=True, gc=False):
    """Why a target leads nowhere."""

    reason: Reason
    said: str
    remedy: str


Lookup = Callable[[ObjectRef], KubernetesObject | None]
Find = Callable[[str, Target], Found | Missing]
"""Answers for a namespace and a target."""


def find(namespace: str, target: Target, lookup: Lookup, *, allow_external_name: bool) -> Found | Missing:
    """Return the backend that a target of an Ingress in this namespace stands for."""
    ref = target_ref(namespace, target)
    found = lookup(ref)
    if found is None:
        return Missing(Reason.NOT_FOUND, f"{ref} does not exist", "It is used as soon as it does; 503 until then")
    if not isinstance(target, ServiceTarget):
        return Found(resource_backend_name(namespace, ref.name), found.title, ref)
    assert isinstance(found, Service), found
    if found.external_name is not None and not allow_external_name:
        said = f"{ref} is of type ExternalName, which is off"
        remedy = "Use a Service with endpoints, or have hadyn run with --allow-external-name; 503 until then"
        return Missing(Reason.NOT_SUPPORTED, said, remedy)
    if found.external_name == "":
        said = f"{ref} names no host that can be asked for"
        return Missing(Reason.INVALID_VALUE, said, "Correct spec.externalName; 503 until then")
    port = _port_of(found, target.port)
    if port is None:
        return Missing(Reason.NOT_FOUND, f"{ref} has no port {target.port}", f"It has {_ports(found)}")
    backend, title = backend_name(namespace, ref.name, port.number), f"{found.title}:{port.number}"
    return Found(backend, title, ref, port, _choices(found))


def leads_elsewhere(replaced: Replaced) -> bool:
    """Whether paths that lead to this Service or Backend may lead elsewhere now."""
    if replaced.before is None or replaced.after is None:
        return True
    before, after = replaced.before.object, replaced.after.object
    if isinstance(before, BackendResource):
        return False
    assert isinstance(before, Service)
    assert isinstance(after, Service)
    return (before.ports, before.external_name, _choices(before)) != (after.ports, after.external_name, _choices(after))


def _choices(service: Service) -> tuple[PodChoice, ...]:
    """What requests may say to choose among the pods of a Service: headers first."""
    if not service.options:
        return ()
    said = Said(service.options)
    header, cookie = said.value(BLUE_GREEN_HEADER), said.value(BLUE_GREEN_COOKIE)
    by_header = (PodChoice(header.name, group) for group in choosable(said, header)) if header else ()
    by_cookie = (PodChoice(cookie.name, group, is_cookie=True) for group in choosable(said, cookie)) if cookie else ()
    return (*by_header, *by_cookie)


def _port_of(service: Service, wanted: int | str) -> ServicePort | None:
    if wanted == FIRST_PORT:
        return next(iter(service.ports), None)
    by_name = isinstance(wanted, str)
    found = next((port for port in service.ports if (port.name if by_name else port.number) == wanted), None)
    if found is None and service.external_name and isinstance(wanted, int) and 1 <= wanted <= MAX_PORT:
        # A host elsewhere listens where it does; the Service need not list the port.
        return ServicePort("", wanted)
    return found


def _ports(service: Service) -> str:
    """Spell the ports a Service has: "8080 (http), 9090"."""
    if not service.ports:
        return "no port at all; a headless Service needs one too"
    spelled = [
        f"{port.number} ({port.name})" if port.name else str(port.number) for port in service.ports[:SHOWN_PORTS]
    ]
    return ", ".join(spelled) + (", ..." if len(service.ports) > SHOWN_PORTS else "")
