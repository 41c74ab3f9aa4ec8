"""The controller: turns the wheel from what is wanted to what HAProxy is."""

from __future__ import annotations

import gc

from hadyn.settings import Settings


def run(settings: Settings) -> int:
    """Keep HAProxy in step until somebody stops it; return the exit code. Raises HadynError where it cannot begin."""
    # Nothing that a start makes is garbage; collections would be a tenth of its time. The lifetime has them back.
    gc.disable()
    from hadyn.controller.assembly import Assembly  # noqa: PLC0415 - everything is imported here, for run alone
    from hadyn.controller.lifetime import Lifetime  # noqa: PLC0415

    return Lifetime(Assembly(settings)).run()
