"""The demo from curtain to curtain."""

from __future__ import annotations

import itertools
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from hadyn.demo.figures import shortfalls
from hadyn.demo.hadyn_process import HadynSilent
from hadyn.demo.show import Glance, Show, opened
from hadyn.demo.stage import Stage

GLANCE_SECONDS = 0.2
LATEST_CYCLES = 3
RATE_OVER_GLANCES = 10


@dataclass(frozen=True, slots=True)
class Programme:
    """How long the demo changes pods, in seconds, and how many requests it sends a second."""

    seconds: float = 30.0
    rate: float = 500.0
    haproxy: Path | None = None


def perform(programme: Programme, console: Console) -> int:
    """Show the demo; return 0 if nothing failed, else 1. Raises HadynError where it cannot begin or go on."""
    with Stage(programme.rate, programme.haproxy) as stage:
        thread = stage.play(programme.seconds)
        with opened(console) as show:
            start = time.monotonic()
            viewer = _Viewer(stage, show, start=start, total=programme.seconds)
            while thread.is_alive():
                thread.join(GLANCE_SECONDS)
                viewer.look()
            if stage.failure:
                raise stage.failure
            stage.end_load()
            figures = stage.figures()
            missing = shortfalls(figures)
            show.end(figures, missing)
    return 1 if missing else 0


class _Viewer:
    """Looks at the stage now and then."""

    def __init__(self, stage: Stage, show: Show, *, start: float, total: float) -> None:
        self._stage = stage
        self._show = show
        self._start = start
        self._total = total
        self._answered: deque[tuple[float, int]] = deque(maxlen=RATE_OVER_GLANCES)
        self._cycles: deque[str] = deque(maxlen=LATEST_CYCLES)

    def look(self) -> None:
        """Show how things are; nothing where hadyn is silent for a moment."""
        try:
            status = self._stage.hadyn.status()
            figures = self._stage.figures(status)
        except HadynSilent:
            return
        now = time.monotonic()
        self._answered.append((now, figures.results.answered))
        cycle = status["last_cycle"]
        if cycle and cycle["sentence"] not in itertools.islice(reversed(self._cycles), 1):
            self._cycles.append(cycle["sentence"])
        self._show.glance(
            Glance(
                seconds=now - self._start,
                total=self._total,
                rate=self._rate(),
                figures=figures,
                slots=self._stage.slots(),
                sentences=tuple(self._stage.diary.sentences),
                page=self._stage.hadyn.page,
                last_cycles=tuple(self._cycles),
            )
        )

    def _rate(self) -> float:
        """Answers a second over the last glances."""
        (first, before), (last, now) = self._answered[0], self._answered[-1]
        return (now - before) / (last - first) if last > first else 0.0
