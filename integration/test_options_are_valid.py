"""Every HAProxy at hand takes what every option says: each alone, by each of its names, and many at once."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

from hadyn.model.changes import Changes
from hadyn.model.inventory import Inventory
from hadyn.model.main_wish import MainWish
from hadyn.model.options.canary import CANARY
from hadyn.model.options.option import Option, Scope
from hadyn.model.options.ports import TCP_SERVICE_PORT
from hadyn.model.options.table import OPTIONS
from hadyn.model.policy import Policy
from hadyn.model.route_entries import entries
from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service, slice_
from integration.stack import Stack
from tests.given import decoded

SETS = 80
ALL_CAN = (2, 8)
"""From this version on every HAProxy can do what any option says."""
USERS = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "shop-users", "namespace": "shop"},
    "stringData": {"auth": "ann:$5$rounds=5000$saltsalt$1fYsmmmyxWFp2wYJ0ULa7DCgC9RzDXmRqmdlvpU5OB5\n"},
}
ON_OBJECTS = [option for option in OPTIONS if option.scope & {Scope.SERVICE, Scope.INGRESS}]


def spellings() -> Iterator[tuple[Option[Any], str, str]]:
    """Each option by each of its names, with an example."""
    for option in ON_OBJECTS:
        for name in (option.annotation, *option.alias_names):
            yield option, name, option.spelling(name).example


def documents() -> Iterator[Document]:
    """One Service and its Ingress for each spelling, and for each of many random sets of options."""
    sets = [[(option, name, example)] for option, name, example in spellings()]
    chance = Random(7)
    with_backend = [option for option in ON_OBJECTS if option not in (CANARY, TCP_SERVICE_PORT)]
    for _ in range(SETS):
        some = chance.sample(with_backend, chance.randint(2, len(with_backend)))
        sets.append([(option, option.annotation, option.example) for option in some])
    for number, said in enumerate(sets):
        name = f"web-{number}"
        of_service, leading = service(name), ingress(name, host=f"{name}.example")
        for option, annotation, example in said:
            target = of_service if Scope.SERVICE in option.scope else leading
            target["metadata"]["annotations"][annotation] = example
        yield from (of_service, leading, slice_(name, "10.0.0.1", port=8080))
        # The same for connections to a port of its own.
        of_port = deepcopy(leading)
        of_port["metadata"]["name"] += "-port"
        of_port["metadata"]["annotations"][TCP_SERVICE_PORT.annotation] = str(10_000 + number)
        yield of_port
    yield USERS


@cache
def annotated(version: tuple[int, ...]) -> Inventory:
    """What a HAProxy of this version is to serve."""
    inventory = Inventory(Policy(haproxy=version))
    objects = tuple(decoded(document) for document in documents())
    inventory.apply(Changes("test", upserts=objects, is_operators_own=True))
    return inventory


def test_haproxy_takes_every_option_alone_and_in_random_company(haproxy: HAProxyBinary) -> None:
    inventory = annotated(min(haproxy.version[:2], ALL_CAN))
    with Stack(haproxy.path, speaks_tls=True) as stack:
        stack.files.put_main(stack.main_text(inventory.main_wish))
        stack.put_credentials(inventory.credentials)
        names = sorted(inventory.backend_names())
        for name in names:
            backend = inventory.backend(name)
            assert backend is not None
            # A group of pods that nobody has told of has none yet.
            seats = dict(zip(("s2",), backend.endpoints, strict=False))
            stack.files.sections.put(name, backend_section(backend, Seating(3, seats)))
        for host in inventory.hosts():
            stack.files.put_maps(entries(inventory.routes(host)))
        stack.files.write_maps()
        stack.install()
    assert len(names) > SETS


def test_haproxy_takes_every_option_of_the_operator_together(haproxy: HAProxyBinary) -> None:
    options = tuple(
        (option.name, option.parse(option.example))
        for option in OPTIONS
        if option.main and Scope.GLOBAL in option.scope
    )
    with Stack(haproxy.path, speaks_tls=True) as stack:
        stack.files.put_main(stack.main_text(MainWish(options)))
        stack.install()
    assert options
