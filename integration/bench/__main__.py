"""Measure everything, print it, write docs/benchmarks.md: ``python -m integration.bench [CHAPTER...]``.

With names of chapters only these are measured, and the others stay as the page has them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from integration.bench import clusters, dns, requests, size, speed, tls
from integration.bench.report import PAGE, Chapter, busyness, machine, page, precedence
from integration.cluster import path_of_binary
from integration.haproxies import HAProxyBinary, find_haproxies

Measure = Callable[[list[HAProxyBinary]], Chapter]

CHAPTERS: dict[str, Measure] = {
    "ready": speed.change_to_ready,
    "answer": speed.change_to_answer,
    "rolling": speed.rolling_update,
    "folder": speed.folder_source,
    "cost": speed.cost_of_a_change,
    "burst": speed.burst,
    "size": size.large_world,
    "requests": requests.cost_of_a_request,
    "tls": tls.certificates_and_hosts,
}
WITH_ROOT: dict[str, Measure] = {
    "service": clusters.one_service_of_a_cluster,
    "cluster": clusters.cluster_of_a_thousand,
    "clusters": clusters.cluster_of_ten_thousand,
    "names": dns.names,
}
"""These need root, and the control plane's binary beside them."""


def main(chosen: list[str]) -> int:
    """Return 0 once all is measured: what is missed the page says, for a busy machine breaks nothing."""
    started = time.monotonic()
    first, *others = find_haproxies()
    haproxies = [first, *others[-1:]]
    measures = CHAPTERS | (WITH_ROOT if os.geteuid() == 0 and path_of_binary().exists() else {})
    unknown = set(chosen) - measures.keys()
    if unknown:
        print(f"no chapter {', '.join(sorted(unknown))}: there are {', '.join(measures)}")
        return 2
    measured = [told(measures[name], haproxies) for name in chosen or measures]
    PAGE.write_text(page(measured, PAGE.read_text() if chosen else ""))
    missed = sum(not figure.is_met for chapter in measured for figure in chapter.figures)
    print(f"\n{PAGE.name} is written; {time.monotonic() - started:.0f} s; {missed} figures missed")
    return 0


def told(measure: Measure, haproxies: list[HAProxyBinary]) -> Chapter:
    """Measure one chapter, print it; it says where and with what."""
    load = busyness()
    chapter = measure(haproxies)
    print(f"\n{chapter.title}")
    for figure in chapter.figures:
        print("  " + "  ".join(filter(None, figure.cells)).replace("**", ""), flush=True)
    versions = " and ".join(".".join(map(str, haproxy.version)) for haproxy in haproxies)
    loads = f"load average before: {load}, behind: {busyness()}{precedence()}"
    return replace(chapter, about=f"{machine()}; HAProxy {versions}; {loads}.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
