"""The chapters on a real control plane: one Service alone, a thousand, ten thousand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from integration.bench.report import Chapter, Figure, quantile
from integration.cluster import SCRIPTS
from integration.haproxies import HAProxyBinary

BACKENDS, MANY = 1000, 10_000
MEDIAN = 0.5
CLUSTER_SECONDS = 400
COLD_SECONDS = 540
MOVE_IDEA = (
    "1.3 ms are the measure's own: a knock comes every 2 ms, writes fall anywhere between, and an answer takes 0.25 to 0.35 ms."
    " hadyn decodes the event (0.2 ms, with cold caches; 0.01 with warm ones), hands it to the wheel (0.2: two wake-ups), takes"
    " it in and plans (0.4), and asks HAProxy twice: who is there (0.2 ms, 0.35 among 1,000 backends, since `show stat` goes"
    " through all of them), then address and `ready` (0.1). Its predecessor leaves behind the read-back"
    " (docs/decisions/0004-the-last-one-serves.md), until when half of the knocks still meet it. Next: read the watch in the"
    " wheel's own thread. To ask for sessions only where a slot is handed on was tried: no gain, since that asks twice"
)
TAIL_IDEA = (
    "the 2 ms between two knocks are most of it. A change is handed on five times (kernel, watch, wheel, twice HAProxy and back),"
    " and each time waits for a processor if others want one. Measure on an idle machine first"
)
START_IDEA = (
    "half a second is imports, 0.2 s of them the kubernetes package with oauthlib, requests and pydantic;"
    " 0.25 s are HAProxy's own start, 0.15 s writing 256 shards twice, to be judged and to be live. Next: give judged"
    " shards their live names instead of writing them again; list while the rest is imported"
)
MEMORY_IDEA = (
    "60 MB are Python, the modules and the kubernetes package (19 MB), 6 KB a Service with 10 endpoints, half of it objects"
    " and half sections of files and entries of maps. Next: MALLOC_ARENA_MAX=1 in the image (3 MB), ages as numbers"
)


def one_service_of_a_cluster(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *_ = haproxies
    return Chapter(
        "A write to the apiserver to the first answer of the new endpoint, one Service alone",
        "The control plane of integration/ (Kubernetes 1.37) on the same processors. An endpoint moves; the clock starts\n"
        f"with the apiserver's answer, a client knocks every 2 ms on a new connection. HAProxy {first.branch}.",
        list(_moves(cluster(first, 1), wanted=(2, 3, 5))),
    )


def cluster_of_a_thousand(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *others = haproxies
    told = cluster(first, BACKENDS, "storm")
    newest = [(each, cluster(each, BACKENDS, "additions")) for each in others]
    return Chapter(
        f"A cluster of {BACKENDS:,} Services, Ingresses and slices of 5 endpoints",
        "As above; then 100 slices a second are written for 60 seconds: times from the event to the slot proven ready are\n"
        "limits of the metric's buckets. The last writes are one more Ingress, with a Service of its own and without.",
        [
            *_moves(told, wanted=(2, 4, 15)),
            _at_most("storm, p50", _within(told["storm"], 0.5), 3, "ms", MOVE_IDEA),
            _at_most("storm, p99", _within(told["storm"], 0.99), 20, "ms", TAIL_IDEA),
            _at_most("hadyn's processor time for each change", 1000 * told["storm_cpu"], 3, "ms"),
            _at_most("start to every Ingress served", told["start"], 1.2, "s", START_IDEA),
            _at_most("one more Ingress with a new Service", told["new_service"], 0.4, "s"),
            *(_at_most(f"the same, HAProxy {each.branch}", found["new_service"], 0.05, "s") for each, found in newest),
            _at_most("one more Ingress for a known Service", told["known_service"], 0.02, "s"),
            _at_most("memory of hadyn", told["memory"] / 1e6, 90, "MB", MEMORY_IDEA),
            _at_most("memory of HAProxy's worker", told["worker"] / 1e6, 75, "MB"),
            Figure("processor while idle", f"{100 * told['idle']:.1f} %"),
        ],
    )


def cluster_of_ten_thousand(haproxies: list[HAProxyBinary]) -> Chapter:
    first, *_ = haproxies
    told = cluster(first, MANY, "cold", seconds=COLD_SECONDS)
    return Chapter(
        f"A start over a cluster of {MANY:,} Services, Ingresses and slices of 10 endpoints",
        "All objects are written straight to the API; then hadyn starts and lists them, and HAProxy with it.",
        [
            Figure("start to every Ingress served", f"{told['start']:.1f} s"),
            Figure("hadyn's processor time until then", f"{told['cpu']:.1f} s"),
            _at_most("memory of hadyn", told["memory"] / 1e6, 120, "MB", MEMORY_IDEA),
            Figure("memory of HAProxy's worker", f"{told['worker'] / 1e6:.0f} MB"),
            Figure("processor while idle", f"{100 * told['idle']:.1f} %"),
        ],
    )


def cluster(haproxy: HAProxyBinary, services: int, *words: str, seconds: float = CLUSTER_SECONDS) -> dict[str, Any]:
    """Play on a control plane in a network namespace of its own."""
    command = [str(SCRIPTS / "ns.sh"), sys.executable, "-m", "integration.bench.cluster"]
    command += [str(haproxy.path), str(services), *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=seconds, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _moves(told: dict[str, Any], *, wanted: tuple[float, float, float]) -> Iterator[Figure]:
    for share, limit in zip((MEDIAN, 0.9, 0.99), wanted, strict=True):
        yield _at_most(
            f"p{100 * share:g}",
            1000 * quantile(told["moves"], share),
            limit,
            "ms",
            MOVE_IDEA if share == MEDIAN else TAIL_IDEA,
        )
    yield Figure(
        "hadyn's own part, from the event to the slot proven ready, p50", f"{_within(told['own'], 0.5):g} ms at most"
    )
    yield Figure("hadyn's processor time for each of these", f"{1000 * told['move_cpu']:.1f} ms")


def _within(buckets: dict[str, float], share: float) -> float:
    """The limit of a histogram, in milliseconds, within which that share of its samples are."""
    counts = {float(limit): count for limit, count in buckets.items()}
    return next(1000 * limit for limit in counts if counts[limit] >= share * counts[float("inf")])


def _at_most(what: str, value: float, limit: float, unit: str, idea: str = "") -> Figure:
    return Figure(what, f"{value:.3g} {unit}", f"{limit:g} {unit} at most", value <= limit, idea)
