"""Look through all of HAProxy for what somebody else changed, step by step.

Rules: a step asks for a portion, so that a change waits for some milliseconds at most;
what takes requests is compared as text with the files, which are what is wanted. Only
where they differ is anything built, planned or told.
"""

from __future__ import annotations

from collections.abc import Iterator

from hadyn.controller.reconciler import Reconciler, portions
from hadyn.model.desired import MapName, host_of
from hadyn.model.inventory import Touched
from hadyn.render.config import serving_in

PORTION = 100
"""So many backends are asked for in one line."""


def sweep(reconciler: Reconciler) -> Iterator[Touched]:
    """Yield what differs, at least once; raises what Runtime does."""
    runtime, filing = reconciler.runtime, reconciler.filing
    listed = frozenset(runtime.backend_names())
    wanted = filing.inventory.backend_names() | filing.files.backend_names()
    if not reconciler.loaded <= listed or not listed & wanted <= reconciler.loaded:
        # It holds other backends than it was given: who knows what else.
        yield reconciler.compare_everything()
        return
    yield Touched(frozenset(reconciler.removable(listed - wanted)), _differing_hosts(reconciler))
    for names in portions(sorted(listed & wanted), PORTION):
        found = runtime.observe_serving(names)
        yield Touched(
            frozenset(
                name
                for name, serving in found.items()
                if (section := filing.files.section(name)) is None or serving != serving_in(section)
            )
        )


def _differing_hosts(reconciler: Reconciler) -> frozenset[str]:
    """Return the hosts whose map entries are not those of the files; what HAProxy has is read anew then."""
    differing = set()
    for name in MapName:
        present, filed = reconciler.runtime.read_map(name), reconciler.filing.files.map_entries(name)
        if present != filed:
            keys = present.keys() | filed.keys()
            differing |= {host_of((name, key)) for key in keys if present.get(key) != filed.get(key)}
    reconciler.entries_are_doubtful |= bool(differing)
    return frozenset(differing)
