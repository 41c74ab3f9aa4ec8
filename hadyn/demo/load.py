"""A load of requests from a process of its own, so that neither hadyn nor the pods slow it down."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import msgspec

from hadyn.demo.generator import Order, Report

STOPPING_SECONDS = 15.0


@dataclass(slots=True)
class Results:
    """What became of the requests so far; times are in seconds.

    ``first_answers`` is when each pod answered for the first time, by the monotonic clock.
    """

    sent: int = 0
    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    by_pod: Counter[str] = field(default_factory=Counter)
    first_answers: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.failures.total()

    def quantile(self, share: float) -> float | None:
        """Return the time within which that share of the answers came; None without any."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


class Load:
    """Sends what an order says from ``start`` to ``stop``; a context manager."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._results = Results()
        self._changed = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """The process that sends; there is one between ``start`` and ``stop``."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start sending."""
        command = [sys.executable, "-m", "hadyn.demo.generator", msgspec.json.encode(self._order).decode()]
        # A session of its own: Ctrl-C reaches only whoever asked for the load, who ends it in order.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, name="load", daemon=True)
        self._reader.start()

    def stop(self) -> Results:
        """Send no more, wait for the requests under way, and return all results. Harmless if repeated."""
        process, self._process = self._process, None
        if process is None:
            return self._results
        assert process.stdin
        assert process.stdout
        assert self._reader
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        self._reader.join(self._order.timeout_seconds + STOPPING_SECONDS)
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        return self._results

    def results(self) -> Results:
        """Return the results so far; a copy, but for the times of the answers, which only grow."""
        with self._changed:
            so_far = self._results
            return Results(
                so_far.sent,
                so_far.answered,
                so_far.failures.copy(),
                so_far.seconds,
                so_far.by_pod.copy(),
                dict(so_far.first_answers),
            )

    def wait_for(self, pods: Sequence[str], timeout: float) -> bool:
        """Wait until each of these pods has answered; say whether they did in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._results.first_answers.keys() >= set(pods), timeout)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        process = self._process
        assert process
        assert process.stdout
        is_complete = False
        for line in process.stdout:
            report = msgspec.json.decode(line, type=Report)
            is_complete = report.is_last
            with self._changed:
                self._add(report)
                self._changed.notify_all()
        if not is_complete:
            with self._changed:
                # What it still had under way nobody knows: that is no success.
                self._results.failures["the load's process died"] += 1
                self._changed.notify_all()

    def _add(self, report: Report) -> None:
        results = self._results
        results.sent += report.sent
        results.answered += report.answered
        results.failures.update(report.failed)
        results.seconds += report.seconds
        for pod, (count, first) in report.pods.items():
            results.by_pod[pod] += count
            results.first_answers.setdefault(pod, first)
