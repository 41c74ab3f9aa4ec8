"""The chapters on speed: from a change to its effect, and what it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from integration.bench import files
from integration.bench.acts import BURST_ENDPOINTS
from integration.bench.report import Chapter, Figure, milliseconds, quantile
from integration.haproxies import HAProxyBinary

BACKENDS = 1000
FEW, MANY = 100, 10_000
MEDIAN_SECONDS, TAIL_SECONDS = 0.002, 0.010
ACT_SECONDS = 170
ROUNDS = 2
COST_IDEA = (
    "the shard that is written anew holds 40 sections instead of one, and caches of the processor miss more often. Next:\n"
    "1,024 shards, where HAProxy opens as many files without a loss."
)
BURST_IDEA = (
    "HAProxy runs each line while hadyn reads the one before, so the time is hadyn's own on a processor: a fifth to take the\n"
    "endpoints in and to say what is wanted, a fifth to look and to plan, a quarter to read tables back, the rest to spell,\n"
    "judge and compare. Next: prove the last look on the rows' text, without values of it."
)


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
    sizes = (FEW, BACKENDS, MANY)
    rounds = [{backends: act("cost", first, backends)["seconds"] for backends in sizes} for _ in range(ROUNDS)]
    seconds = {backends: min(each[backends] for each in rounds) for backends in sizes}
    figures = [Figure(f"{backends:,} backends", milliseconds(each)) for backends, each in seconds.items()]
    for backends, limit in ((BACKENDS, 2.0), (MANY, 1.2)):
        ratio = seconds[backends] / seconds[FEW]
        figures.append(Figure(f"{backends:,} ÷ {FEW}", f"{ratio:.2f}", f"{limit:g} at most", ratio <= limit, COST_IDEA))
    return Chapter(
        "Processor time for each changed endpoint",
        "Time of hadyn's one working thread on a processor, one change after the other: cost follows the change, not\n"
        f"the number of backends. The best of {ROUNDS} rounds, for what else runs only adds to it. HAProxy {first.branch}.",
        figures,
    )


def burst(haproxies: list[HAProxyBinary]) -> Chapter:
    figures: list[Figure] = []
    for haproxy in haproxies:
        rounds = [act("burst", haproxy, MANY) for _ in range(ROUNDS)]
        hadyn, bare = (min(each[whose] for each in rounds) for whose in ("hadyn", "bare"))
        commands, ratio, of = rounds[0]["commands"], bare / hadyn, f"HAProxy {haproxy.branch}"
        figures += [
            Figure(f"hadyn, {of}", f"{commands / hadyn:,.0f} commands/s"),
            Figure(f"bare client, {of}", f"{commands / bare:,.0f} commands/s"),
            Figure(f"hadyn ÷ bare client, {of}", f"{ratio:.2f}", "0.6 at least", ratio >= 0.6, BURST_IDEA),
        ]
    return Chapter(
        "Everything at once",
        f"{BURST_ENDPOINTS * MANY:,} endpoints come to {MANY:,} empty backends in one change. hadyn decides, tells, reads\n"
        "back and proves; the bare client sends the same bytes to an equal HAProxy and throws the answers away. The best of\n"
        f"{ROUNDS} rounds of each.",
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
