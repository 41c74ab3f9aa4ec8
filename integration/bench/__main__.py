"""Measure everything, print it, write docs/benchmarks.md: ``python -m integration.bench``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from integration.bench import dns, files
from integration.bench.report import PAGE, Chapter, Figure, busyness, machine, milliseconds, page, quantile
from integration.cluster import SCRIPTS, path_of_binary
from integration.haproxies import HAProxyBinary, find_haproxies

BACKENDS = 1000
FEW, MANY = 100, 10_000
MEDIAN_SECONDS, TAIL_SECONDS = 0.002, 0.010
ACT_SECONDS = 170
CLUSTER_SECONDS = 400


def main() -> int:
    """Return 0 once all is measured: what is missed the page says, for a busy machine breaks nothing."""
    started, load = time.monotonic(), busyness()
    first, *others = find_haproxies()
    haproxies = [first, *others[-1:]]
    print(f"{machine()}; load before: {load}", flush=True)
    chapters = []
    measures = [change_to_ready, change_to_answer, rolling_update, folder_source, cost_of_a_change, burst]
    if os.geteuid() == 0 and shutil.which("knotd"):
        measures.append(dns.names)
    if os.geteuid() == 0 and path_of_binary().exists():
        measures += [one_service_of_a_cluster, cluster_of_a_thousand]
    for measure in measures:
        chapter = measure(haproxies)
        chapters.append(chapter)
        print(f"\n{chapter.title}")
        for figure in chapter.figures:
            print("  " + "  ".join(filter(None, figure.cells)).replace("**", ""), flush=True)
    versions = " and ".join(".".join(map(str, haproxy.version)) for haproxy in haproxies)
    about = f"{machine()}; HAProxy {versions}; load average before: {load}, behind: {busyness()}."
    PAGE.write_text(page(chapters, about))
    missed = sum(not figure.is_met for chapter in chapters for figure in chapter.figures)
    print(f"\n{PAGE.name} is written; {time.monotonic() - started:.0f} s; {missed} figures missed")
    return 0


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


def one_service_of_a_cluster(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *_ = haproxies
    return Chapter(
        "A write to the apiserver to the first answer of the new endpoint, one Service alone",
        "The control plane of integration/ (Kubernetes 1.37) on the same processors. An endpoint moves; the clock starts\n"
        f"with the apiserver's answer, a client knocks every 2 ms on a new connection. HAProxy {first.branch}.",
        list(_moves(cluster(first, 1, storm=False), wanted=(2, 3, 5))),
    )


def cluster_of_a_thousand(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *_ = haproxies
    told = cluster(first, BACKENDS, storm=True)
    storm = {float(limit): count for limit, count in told["storm"].items()}
    within = {
        share: next(limit for limit in storm if storm[limit] >= share * storm[float("inf")]) for share in (0.5, 0.99)
    }
    return Chapter(
        f"A cluster of {BACKENDS:,} Services, Ingresses and slices of 5 endpoints",
        "As above; then 100 slices a second are written for 20 seconds: times from the event to the slot proven ready are\n"
        "limits of the metric's buckets. The last writes are one more Ingress, with a Service of its own and without.",
        [
            *_moves(told, wanted=(2, 4, 15)),
            _at_most("storm, p50", 1000 * within[0.5], 3, "ms"),
            _at_most("storm, p99", 1000 * within[0.99], 20, "ms"),
            _at_most("hadyn's processor time for each change", 1000 * told["storm_cpu"], 3, "ms"),
            _at_most("start to every Ingress served", told["start"], 1.2, "s"),
            _at_most("one more Ingress with a new Service", told["new_service"], 0.4, "s"),
            _at_most("one more Ingress for a known Service", told["known_service"], 0.02, "s"),
            _at_most("memory of hadyn", told["memory"] / 1e6, 90, "MB"),
            _at_most("memory of HAProxy's worker", told["worker"] / 1e6, 75, "MB"),
            Figure("processor while idle", f"{100 * told['idle']:.1f} %"),
        ],
    )


def cluster(haproxy: HAProxyBinary, services: int, *, storm: bool) -> dict[str, Any]:
    """Play on a control plane in a network namespace of its own."""
    words = [str(haproxy.path), str(services), *(["storm"] if storm else [])]
    command = [str(SCRIPTS / "ns.sh"), sys.executable, "-m", "integration.bench.cluster", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=CLUSTER_SECONDS, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _moves(told: dict[str, Any], *, wanted: tuple[float, float, float]) -> Iterator[Figure]:
    for share, limit in zip((0.5, 0.9, 0.99), wanted, strict=True):
        yield _at_most(f"p{100 * share:g}", 1000 * quantile(told["moves"], share), limit, "ms")


def _at_most(what: str, value: float, limit: float, unit: str) -> Figure:
    return Figure(what, f"{value:.3g} {unit}", f"{limit:g} {unit} at most", value <= limit)


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
