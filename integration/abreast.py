"""A test with every HAProxy at hand at the same time, each on a ground of its own, where it waits more than it computes.

What hangs for thirty seconds does so once, not five times. A test that is cheap, or keeps a processor busy, takes the
fixture ``ground`` instead: there each HAProxy has its turn.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hadyn.demo.pods import Pods
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.running import Ground

GIVEN = ("ground", "pods")

Kind = Callable[[Path], Ground]
"""Makes the ground of the HAProxy at a path."""


def with_every_haproxy(test: Callable[..., None], *, kind: Kind = Ground) -> Callable[..., None]:
    """Give a test ``ground``, of this kind, and ``pods`` of each HAProxy at hand; what else it takes is pytest's.

    All that fail are in one ExceptionGroup, each with its version, and what its hadyns said is shown.
    """

    @functools.wraps(test)
    def abreast(**fixtures: object) -> None:
        haproxies = find_haproxies()
        with ThreadPoolExecutor(len(haproxies)) as threads:
            ends = [threads.submit(_with, each, kind, lambda **own: test(**own, **fixtures)) for each in haproxies]
        failures = [failure for end in ends if isinstance(failure := end.exception(), Exception)]
        if failures:
            raise ExceptionGroup(f"failed with {len(failures)} of {len(haproxies)} HAProxies", failures)

    signature = inspect.signature(test)
    asked = [parameter for name, parameter in signature.parameters.items() if name not in GIVEN]
    abreast.__signature__ = signature.replace(parameters=asked)  # type: ignore[attr-defined]
    return abreast


def _with(haproxy: HAProxyBinary, kind: Kind, test: Callable[..., None]) -> None:
    ground = kind(haproxy.path)
    try:
        with Pods() as pods, ground:
            test(ground=ground, pods=pods)
    except Exception as failure:
        failure.add_note(f"with HAProxy {haproxy.branch}, whose hadyn said:\n{ground.said}")
        raise
