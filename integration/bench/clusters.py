"""The chapters on a real control plane: one Service alone, then a thousand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from integration.bench.report import Chapter, Figure, quantile
from integration.cluster import SCRIPTS
from integration.haproxies import HAProxyBinary

BACKENDS = 1000
CLUSTER_SECONDS = 400


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
