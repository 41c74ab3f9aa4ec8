"""Count what hadyn does, in the text format that Prometheus scrapes.

Rules: ``TABLE`` names every metric with its sentence; the reference in docs/ is made from it.
What changes with every event is counted where it happens; what can be looked up (slots,
problems, staleness) is looked up when somebody scrapes, so that it costs nothing between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hadyn.errors import HadynError
from hadyn.model.problems import Problem
from hadyn.planner.reasons import ReloadReason

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

READY_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
CYCLE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Described:
    """One metric: its name, kind, labels and sentence; durations are in seconds."""

    name: str
    kind: Literal["counter", "histogram", "gauge"]
    sentence: str
    labels: tuple[str, ...] = ()


TABLE = {
    metric.name: metric
    for metric in (
        Described("hadyn_reloads_total", "counter", "Reloads of HAProxy, one count for each reason.", ("reason",)),
        Described(
            "hadyn_commands_total",
            "counter",
            "Commands sent to HAProxy's runtime socket, by kind and how they went.",
            ("command", "result"),
        ),
        Described("hadyn_changes_total", "counter", "Objects that a source said changed or went.", ("source",)),
        Described(
            "hadyn_change_to_ready_seconds",
            "histogram",
            "Time from a source's event until the slot of an endpoint that came was proven ready.",
        ),
        Described("hadyn_cycle_seconds", "histogram", "Time that one cycle took, of those that changed something."),
        Described("hadyn_drift_repaired_total", "counter", "Slots and map entries found wrong and set right."),
        Described(
            "hadyn_slots", "gauge", "Slots of a backend by state: ready, drain, maint, free.", ("backend", "state")
        ),
        Described(
            "hadyn_problems", "gauge", "Problems in users' objects that stand at the moment.", ("kind", "reason")
        ),
        Described(
            "hadyn_source_stale_seconds",
            "gauge",
            "Time since a source was last in touch with what it watches; 0 while it is.",
            ("source",),
        ),
        Described(
            "hadyn_dns_queries_total",
            "counter",
            "Queries to DNS servers by result: valid, nx, timeout, refused, other; foreign are answers to something else.",
            ("result",),
        ),
        Described(
            "hadyn_certificates_expiry_timestamp_seconds",
            "gauge",
            "When a certificate expires, in seconds since 1970, by the first of its hosts; default is that of all others.",
            ("host",),
        ),
        Described("hadyn_haproxy_up", "gauge", "1 while HAProxy answers on its runtime socket, else 0."),
        Described("hadyn_log_dropped_total", "counter", "Log lines dropped because nobody read them in time."),
    )
}


class Sight(Protocol):
    """What the metrics look up when somebody scrapes."""

    def slot_counts(self) -> Mapping[str, Mapping[str, int]]:
        """Count the slots of each backend by state; raises HadynError where HAProxy does not answer."""

    def problems(self) -> Iterable[Problem]:
        """All problems that stand."""

    def stale_seconds(self) -> Mapping[str, float]:
        """How long each source has been out of touch, in seconds."""

    def certificate_expiries(self) -> Mapping[str, float]:
        """Until when certificates are valid, in seconds since 1970, each by the first of its hosts."""

    def dropped_lines(self) -> int:
        """How many log lines were dropped."""


class Metrics:
    """All metrics of one hadyn. Any thread may call any method."""

    def __init__(self, sight: Sight | None = None) -> None:
        # The time each counter was made is a second series for every counter and of no use here.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client has no type for it
        self._registry = CollectorRegistry()
        self._reloads = self._counter("hadyn_reloads_total")
        self._commands = self._counter("hadyn_commands_total")
        self._changes = self._counter("hadyn_changes_total")
        self._drift = self._counter("hadyn_drift_repaired_total")
        self._queries = self._counter("hadyn_dns_queries_total")
        self._ready_seconds = self._histogram("hadyn_change_to_ready_seconds", READY_BUCKETS)
        self._cycle_seconds = self._histogram("hadyn_cycle_seconds", CYCLE_BUCKETS)
        if sight is not None:
            self.look_up(sight)
        for reason in ReloadReason:
            self._reloads.labels(str(reason))

    def look_up(self, sight: Sight) -> None:
        """Look up at each scrape what ``sight`` knows; said once, by whoever has joined the parts."""
        self._registry.register(_LookedUp(sight))

    def reloaded(self, reason: str) -> None:
        """HAProxy was reloaded; called once for each reason."""
        self._reloads.labels(reason).inc()

    def commanded(self, command: str, result: str, count: int = 1) -> None:
        """Commands of one kind ("set server addr") went one way ("done", "refused", "lost")."""
        self._commands.labels(command, result).inc(count)

    def changed(self, source: str, count: int = 1) -> None:
        """A source named objects that changed or went."""
        self._changes.labels(source).inc(count)

    def queried(self, result: str) -> None:
        """A query to a DNS server came to its end."""
        self._queries.labels(result).inc()

    def became_ready(self, seconds: float) -> None:
        """An endpoint that came has its slot, proven ready, so long after the source's event."""
        self._ready_seconds.observe(seconds)

    def cycled(self, seconds: float) -> None:
        """A cycle that changed something took so long."""
        self._cycle_seconds.observe(seconds)

    def repaired(self, count: int = 1) -> None:
        """Slots or map entries differed from what hadyn had set, and were set right."""
        self._drift.inc(count)

    def exposition(self) -> bytes:
        """All metrics as Prometheus reads them, of the type CONTENT_TYPE."""
        return generate_latest(self._registry)

    def _counter(self, name: str) -> Counter:
        metric = TABLE[name]
        return Counter(name, metric.sentence, metric.labels, registry=self._registry)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, TABLE[name].sentence, buckets=buckets, registry=self._registry)


class _LookedUp(Collector):
    """The metrics that are looked up at a scrape."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry would else scrape in order to learn the names."""
        return ()

    def collect(self) -> Iterator[Metric]:
        slots = _gauge("hadyn_slots")
        is_up = _gauge("hadyn_haproxy_up")
        try:
            counted = self._sight.slot_counts()
        except HadynError:
            # A scrape that fails would hide all other metrics just when they are needed.
            is_up.add_metric((), 0)
        else:
            is_up.add_metric((), 1)
            for backend, counts in counted.items():
                for slot_state, count in counts.items():
                    slots.add_metric((backend, slot_state), count)
        yield from (is_up, slots, self._problems(), self._staleness(), self._expiries())
        dropped = TABLE["hadyn_log_dropped_total"]
        yield CounterMetricFamily(dropped.name, dropped.sentence, self._sight.dropped_lines())

    def _problems(self) -> Metric:
        counts: dict[tuple[str, str], int] = {}
        for problem in self._sight.problems():
            key = problem.object.kind, str(problem.reason)
            counts[key] = counts.get(key, 0) + 1
        problems = _gauge("hadyn_problems")
        for labels, count in sorted(counts.items()):
            problems.add_metric(labels, count)
        return problems

    def _expiries(self) -> Metric:
        expiries = _gauge("hadyn_certificates_expiry_timestamp_seconds")
        for host, ends in sorted(self._sight.certificate_expiries().items()):
            expiries.add_metric((host,), ends)
        return expiries

    def _staleness(self) -> Metric:
        staleness = _gauge("hadyn_source_stale_seconds")
        for source, seconds in self._sight.stale_seconds().items():
            staleness.add_metric((source,), seconds)
        return staleness


def _gauge(name: str) -> GaugeMetricFamily:
    metric = TABLE[name]
    return GaugeMetricFamily(name, metric.sentence, labels=metric.labels)
