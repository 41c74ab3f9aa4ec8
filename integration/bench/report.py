"""What was measured, as lines for the terminal, as a page for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PREFACE = """\
Written by `make bench`: do not edit. Every ratio is of one run, so look at the ratios; absolute times are of a
machine that may have been busy with other things: each chapter says how busy."""
COLUMNS = ("what", "figure", "wanted", "met")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, the figure, what is wanted of it ("" for nothing), whether that is met.

    ``idea`` says where the time goes and what to try next, for the case that it is missed.
    """

    what: str
    figure: str
    wanted: str = ""
    is_met: bool = True
    idea: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        met = "" if not self.wanted else ("yes" if self.is_met else "**no**")
        return self.what, self.figure, self.wanted, met


@dataclass(frozen=True, slots=True)
class Chapter:
    """Figures of one kind, and how they were measured; ``about`` says on which machine."""

    title: str
    how: str
    figures: Sequence[Figure]
    about: str = ""

    @property
    def text(self) -> str:
        """The chapter as it stands on the page."""
        ideas = [f"- {figure.what}: {figure.idea}" for figure in self.figures if figure.idea and not figure.is_met]
        missed = ["Missed:\n\n" + "\n".join(ideas)] if ideas else []
        return "\n\n".join([f"## {self.title}", self.how, *filter(None, [self.about]), _table(self.figures), *missed])


def quantile(seconds: Sequence[float], share: float) -> float:
    """Return the time within which that share of the samples are."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def machine() -> str:
    """Describe the machine in one line."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    kernel, python = platform.release(), platform.python_version()
    processor = model[1].strip() if model else platform.machine()
    return f"{os.cpu_count()} processors ({processor}), Linux {kernel}, Python {python}"


def busyness() -> str:
    """Say how busy the machine is with other things."""
    return f"{os.getloadavg()[0]:.1f}"


def precedence() -> str:
    """Say whether what is measured goes before other things, "" where it waits as they do."""
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        return ", what else ran had to wait (real-time priority)"
    level = os.getpriority(os.PRIO_PROCESS, 0)
    return f", at nice {level}" if level else ""


def page(chapters: Sequence[Chapter], before: str = "") -> str:
    """Return docs/benchmarks.md; chapters that were not measured stay as they are in the page ``before``."""
    _, *parts = re.split(r"^(?=## )", before, flags=re.MULTILINE) if before else [""]
    texts = {part.partition("\n")[0]: part.strip() for part in parts}
    texts |= {f"## {chapter.title}": chapter.text for chapter in chapters}
    return "\n\n".join(["# Benchmarks", PREFACE, *texts.values()]) + "\n"


def _table(figures: Sequence[Figure]) -> str:
    rows = [COLUMNS, tuple("---" for _ in COLUMNS), *(figure.cells for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
