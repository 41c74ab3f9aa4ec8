"""Measure everything, print it, write docs/benchmarks.md: ``python -m integration.bench``."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from integration.bench import files
from integration.bench.report import PAGE, Chapter, Figure, busyness, machine, milliseconds, page, quantile
from integration.haproxies import HAProxyBinary, find_haproxies

BACKENDS = 1000
FEW, MANY = 100, 10_000
MEDIAN_SECONDS, TAIL_SECONDS = 0.002, 0.010
ACT_SECONDS = 170


def main() -> int:
    """Return 0 if everything that is wanted is met, else 1."""
    started, load = time.monotonic(), busyness()
    first, *others = find_haproxies()
    haproxies = [first, *others[-1:]]
    print(f"{machine()}; load before: {load}", flush=True)
    chapters = []
    for measure in (change_to_ready, change_to_answer, rolling_update, folder_source, cost_of_a_change, burst):
        chapter = measure(haproxies)
        chapters.append(chapter)
        print(f"\n{chapter.title}")
        for figure in chapter.figures:
            print("  " + "  ".join(filter(None, figure.cells)).replace("**", ""), flush=True)
    versions = " and ".join(".".join(map(str, haproxy.version)) for haproxy in haproxies)
    about = f"{machine()}; HAProxy {versions}; load average before: {load}, behind: {busyness()}."
    PAGE.write_text(page(chapters, about))
    print(f"\n{PAGE.name} is written; {time.monotonic() - started:.0f} s")
    return 0 if all(figure.is_met for chapter in chapters for figure in chapter.figures) else 1


def change_to_ready(haproxies: list[HAProxyBinary]) -> Chapter:
    figures: list[Figure] = []
    for haproxy in haproxies:
        told = act("latency", haproxy, BACKENDS)
        figures += _times(f"HAProxy {haproxy.branch}", told["seconds"], wanted=(MEDIAN_SECONDS, TAIL_SECONDS))
        figures += list(_times("of it for the machine to wake a thread", told["late"], wanted=None))[1:]
    return Chapter(
        "A source's event to the slot proven ready",
        f"{BACKENDS:,} backends of 3 endpoints; 100 times a second one endpoint of some backend is replaced, for 20\n"
        "seconds, whatever hadyn does meanwhile. The clock starts when the source hands the change over, ends when the\n"
        "slot was read back with its address, ready. hadyn's real parts with a real HAProxy, fed by hand. How late the\n"
        "kernel woke the thread that paces the changes, which does nothing else, tells how busy the machine was.",
        figures,
    )


def change_to_answer(haproxies: list[HAProxyBinary]) -> Chapter:
    figures: list[Figure] = []
    for haproxy in haproxies:
        seconds = act("answered", haproxy, BACKENDS)["seconds"]
        figures += _times(f"HAProxy {haproxy.branch}", seconds, wanted=None)
    return Chapter(
        "A source's event to the first request answered by the new endpoint",
        f"{BACKENDS:,} backends of 1 endpoint, which is replaced; a client asks that backend without a pause, and the\n"
        "clock ends with the new pod's first answer. The client, its pods and HAProxy share the processors with hadyn.",
        figures,
    )


def rolling_update(haproxies: list[HAProxyBinary]) -> Chapter:
    figures: list[Figure] = []
    for haproxy in haproxies:
        told = files.rolling(haproxy.path)
        of = f"HAProxy {haproxy.branch}"
        requests = f"{told['failed']} of {told['sent']:,}"
        figures += [
            Figure(f"requests failed, {of}", requests, "0", told["failed"] == 0),
            Figure(f"reloads, {of}", str(told["reloads"]), "0", told["reloads"] == 0),
            Figure(f"median time of an answer, {of}", f"{told['milliseconds']:.1f} ms"),
            Figure(f"file to the new pod's first answer, median, {of}", milliseconds(quantile(told["seconds"], 0.5))),
        ]
    return Chapter(
        "A rolling update under load",
        "10 pods that take 4 ms for an answer are replaced one by one, under 500 requests a second, half of them on new\n"
        "connections, half on kept ones. The real command, from files; a request that is no 200 has failed. A new pod's\n"
        "turn comes with every 11th request, which is 22 ms at most, and its answer takes 4 ms.",
        figures,
    )


def folder_source(_haproxies: list[HAProxyBinary]) -> Chapter:
    return Chapter(
        "A file's rename to the delivery of the folder source",
        f"A folder of {files.FILES:,} files; 50 times a second one is replaced by rename. YAML of two objects.",
        list(_times("folder source", files.watch()["seconds"], wanted=None)),
    )


def cost_of_a_change(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *_ = haproxies
    seconds = {backends: act("cost", first, backends)["seconds"] for backends in (FEW, BACKENDS, MANY)}
    figures = [Figure(f"{backends:,} backends", milliseconds(each)) for backends, each in seconds.items()]
    for backends in (BACKENDS, MANY):
        ratio = seconds[backends] / seconds[FEW]
        figures.append(Figure(f"{backends:,} ÷ {FEW}", f"{ratio:.2f}", "2 at most", ratio <= 2))
    return Chapter(
        "Processor time for each changed endpoint",
        "Time of hadyn's one working thread on a processor, one change after the other: cost follows the change, not\n"
        f"the number of backends. HAProxy {first.branch}.",
        figures,
    )


def burst(haproxies: list[HAProxyBinary]) -> Chapter:
    figures: list[Figure] = []
    for haproxy in haproxies:
        told = act("burst", haproxy, BACKENDS)
        of = f"HAProxy {haproxy.branch}"
        figures += [
            Figure(f"hadyn, {of}", f"{told['commands'] / told['hadyn']:,.0f} commands/s"),
            Figure(f"bare client, {of}", f"{told['commands'] / told['bare']:,.0f} commands/s"),
            Figure(f"hadyn ÷ bare client, {of}", f"{told['bare'] / told['hadyn']:.2f}"),
        ]
    return Chapter(
        "Everything at once",
        f"{3 * BACKENDS:,} endpoints come to {BACKENDS:,} empty backends in one change. hadyn decides, tells, reads back,\n"
        "proves and writes the files; the bare client sends the same bytes to an equal HAProxy and throws the answers away.",
        figures,
    )


def act(name: str, haproxy: HAProxyBinary, backends: int) -> dict[str, Any]:
    """Play one act in a process of its own."""
    command = [sys.executable, "-m", "integration.bench.acts", name, str(haproxy.path), str(backends)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=ACT_SECONDS, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _times(of: str, seconds: list[float], *, wanted: tuple[float, float] | None) -> Iterator[Figure]:
    limits = wanted or (None, None)
    for share, limit in zip((0.5, 0.99), limits, strict=True):
        value = quantile(seconds, share)
        is_met = limit is None or value <= limit
        spelled = f"{1000 * limit:g} ms at most" if limit else ""
        yield Figure(f"p{100 * share:g}, {of}", milliseconds(value), spelled, is_met)


if __name__ == "__main__":
    sys.exit(main())
