"""What the demo measured, and whether it may call itself a success.

Rule: every figure is measured: requests by the load, moments by whoever wrote the files,
reloads and slots by hadyn itself.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field

from hadyn.demo.load import Results


@dataclass(frozen=True, slots=True)
class Figures:
    """Times are in seconds, moments of the monotonic clock.

    ``came`` and ``left`` are when pods were written into the manifests and marked as
    terminating; ``reloads`` counts by reason; ``ready_seconds`` is within which time,
    by hadyn's own histogram, half of the changes had their slot ready, None before the first.
    """

    results: Results
    came: Mapping[str, float] = field(default_factory=dict)
    left: Mapping[str, float] = field(default_factory=dict)
    reloads: int = 0
    reloads_by_reason: Mapping[str, int] = field(default_factory=dict)
    haproxy_version: str = ""
    ready_seconds: float | None = None

    @property
    def changes(self) -> int:
        return len(self.came) + len(self.left)

    @property
    def change_to_traffic(self) -> list[float]:
        """For each pod that came and answered: from its file to its first answer."""
        answers = self.results.first_answers
        return [answers[pod] - moment for pod, moment in self.came.items() if pod in answers]

    @property
    def median_to_traffic(self) -> float | None:
        """The median of change_to_traffic; None before the first."""
        times = self.change_to_traffic
        return statistics.median(times) if times else None

    @property
    def silent(self) -> list[str]:
        """Pods that came and never answered a request."""
        return sorted(self.came.keys() - self.results.first_answers.keys())


def shortfalls(figures: Figures) -> list[str]:
    """Return why this was no success; empty if it was."""
    results = figures.results
    said = [f"{count} requests failed: {kind}" for kind, count in sorted(results.failures.items())]
    if results.sent > results.answered + results.failed:
        said.append(f"{results.sent - results.answered - results.failed} requests have no known end")
    if not results.answered:
        said.append("no request was answered")
    if not figures.came or not figures.left:
        said.append("nothing changed while the requests ran")
    if figures.silent:
        said.append(f"no request reached {', '.join(figures.silent)}")
    return said


def summary(figures: Figures) -> list[tuple[str, str, str]]:
    """Return the lines of the summary: name, figure, and what it is made of."""
    results = figures.results
    times = figures.change_to_traffic
    reasons = ", ".join(f"{reason} {count}" for reason, count in figures.reloads_by_reason.items() if count)
    answered_in = f"half in {milliseconds(results.quantile(0.5))}, 99 % in {milliseconds(results.quantile(0.99))}"
    return [
        ("requests", f"{results.sent:,}", answered_in if results.answered else ""),
        ("failed", f"{results.failed:,}", ", ".join(f"{kind}: {count}" for kind, count in results.failures.items())),
        ("changes", f"{figures.changes:,}", f"{len(figures.came)} pods came, {len(figures.left)} left"),
        ("reloads", f"{figures.reloads:,}", reasons),
        (
            "change to traffic",
            milliseconds(figures.median_to_traffic),
            f"median, from file to first answer; slowest {milliseconds(max(times))}" if times else "",
        ),
        (
            "change to slot",
            milliseconds(figures.ready_seconds),
            "at most, for half of the pods; by hadyn's own histogram",
        ),
    ]


def milliseconds(seconds: float | None) -> str:
    """Spell a time for people: ``2.6 ms``, or ``-`` where nothing was measured."""
    return "-" if seconds is None else f"{1000 * seconds:.1f} ms"
