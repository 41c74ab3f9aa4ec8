"""Take endpoints out of service, or back, because a person says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hadyn.controller.drains import EVERYBODY
from hadyn.controller.wheel import Wheel
from hadyn.errors import WrongUsage
from hadyn.model.desired import Backend
from hadyn.model.problems import shown
from hadyn.model.touched import Touched
from hadyn.observe.documents import Document


def drain(wheel: Wheel, name: str, who: Sequence[str], *, undo: bool) -> Document:
    """Have the next turn drain endpoints of a backend, or undo it: all of them where ``who`` is empty.

    Each of ``who`` is a slot ("s3"), an address ("10.0.0.7:8080") or a pod ("shop/web-1", or
    "web-1" alone). Raises WrongUsage for what is not there, FileNotWritten where it cannot be remembered,
    and what Runtime raises where HAProxy cannot tell who sits in a slot; WrongUsage also where some
    shall serve again of a backend that is drained whole, for then they would stay drained.
    """
    filing = wheel.reconciler.filing
    backend = filing.inventory.backend(name)
    if backend is None:
        raise WrongUsage(f"there is no backend {shown(name)}", remedy="`hadyn slots` lists them all")
    if backend.by_name is not None:
        raise WrongUsage(
            f"HAProxy itself fills the slots of {name}", remedy="Take the record out of DNS, or use discovery dns"
        )
    if undo and who and EVERYBODY in filing.drains.of(name):
        raise WrongUsage(
            f"all of {name} is drained, with whoever comes, so nobody of it can serve again alone",
            remedy=f"`hadyn undrain {name}` lets all of it serve; then `hadyn drain` those who shall not",
        )
    addresses = _addresses(wheel, backend, who) if who else {EVERYBODY}
    forgotten = filing.drains.of(name) if undo and not who else ()
    filing.drains.change(name, (*addresses, *forgotten), undo=undo)
    wheel.touch(Touched(frozenset({name})))
    return {
        "backend": name,
        "drained": [
            {"address": str(each.address), "endpoint": each.name}
            for each in backend.endpoints
            if filing.drains.holds(name, str(each.address))
        ],
    }


def _addresses(wheel: Wheel, backend: Backend, who: Sequence[str]) -> set[str]:
    """Return the addresses of all of ``who``."""
    names = {str(endpoint.address): endpoint.name or "" for endpoint in backend.endpoints}
    slots = dict(_seats(wheel, backend.name)) if any(each.startswith("s") for each in who) else {}
    found: set[str] = set()
    for each in who:
        matching = [address for address, pod in names.items() if each in (address, pod, pod.partition("/")[2])]
        if not matching and slots.get(each) in names:
            matching = [slots[each]]
        if not matching:
            raise WrongUsage(
                f"{shown(each)} is no slot with an endpoint, no address and no pod of {backend.name}",
                remedy=f"`hadyn slots {backend.name} -o wide` shows who sits where",
            )
        found.update(matching)
    return found


def _seats(wheel: Wheel, name: str) -> Iterator[tuple[str, str]]:
    """Who sits in which slot of a backend, as HAProxy says."""
    place = wheel.reconciler.places.of(name)
    for observed in wheel.reconciler.runtime.observe_slots([place]).values():
        yield from ((slot.name, str(slot.address)) for slot in observed.slots if slot.address is not None)
