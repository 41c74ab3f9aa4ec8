"""What a soak run found, for the terminal and for docs/soak.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from integration.running import RunningHadyn

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
PREFACE = """\
# Soak

Written by `make soak`: do not edit. Random changes and random faults on a real HAProxy and on the DNS server that fills
six of its thirty backends, without a pause; every 30 seconds all is left alone until HAProxy's slots, maps and the files
hold exactly what is wanted. A server that named half of its records each time has taught hadyn
[not to believe](dns.md) one absence: that is what a calm moment waits for the longest. hadyn is killed by -9 and started
again after each round of the first third, then the last one has to last. What counts is its size in the middle of the
run against its size at the end."""
GROWTH = 1.05
MORE_FILES = MORE_THREADS = 2
SHOWN_SAMPLES = 8
WARM_AT = 1 / 2


@dataclass(frozen=True, slots=True)
class Sample:
    """hadyn in a calm moment, so many seconds after the begin."""

    at: float
    kilobytes: int
    files: int
    threads: int

    def __str__(self) -> str:
        return f"{self.at:6.0f} s: {self.kilobytes / 1000:.1f} MB, {self.files} files, {self.threads} threads"


def sampled(hadyn: RunningHadyn, at: float) -> Sample:
    status = Path(f"/proc/{hadyn.pid}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE))
    files = len(list(Path(f"/proc/{hadyn.pid}/fd").iterdir()))
    return Sample(at, int(found["VmRSS"]), files, int(found["Threads"]))


@dataclass(slots=True)
class Run:
    """One run: how it was begun, what happened, what hadyn was like in the calm moments."""

    seconds: float
    seed: int
    haproxy: str
    samples: list[Sample] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    kills: int = 0
    reloads: dict[str, int] = field(default_factory=dict)
    repairs: float = 0.0
    slowest_calm: float = 0.0

    @property
    def beginning(self) -> str:
        return f"{self.seconds:g} s, HADYN_SOAK_SEED={self.seed}, HAProxy {self.haproxy}"

    @property
    def middle(self) -> Sample:
        return next(each for each in self.samples if each.at >= self.seconds * WARM_AT)

    @property
    def is_flat(self) -> bool:
        """Whether the end is no larger than the middle."""
        middle, end = self.middle, self.samples[-1]
        return (
            end.kilobytes <= GROWTH * middle.kilobytes
            and end.files <= middle.files + MORE_FILES
            and end.threads <= middle.threads + MORE_THREADS
        )

    @property
    def summary(self) -> str:
        return (
            f"{self.changes:,} changes, {self.faults.total()} faults, hadyn killed {self.kills} times: "
            f"{len(self.samples)} calm moments, all exact, the last one after {self.slowest_calm:.1f} s at most\n"
            f"{self.middle}\n{self.samples[-1]}\n{'flat' if self.is_flat else 'GROWING'}"
        )

    @property
    def page(self) -> str:
        """Return docs/soak.md."""
        told = {
            "length": f"{self.samples[-1].at / 60:.0f} minutes",
            "changes of endpoints and routes": f"{self.changes:,}",
            "faults": f"{self.faults.total()}",
            "hadyn killed by -9": f"{self.kills} times",
            "calm moments, all exact": f"{len(self.samples)}",
            "from the last fault to all exact, at most": f"{self.slowest_calm:.1f} s",
            "reloads by the last hadyn": ", ".join(f"{count} {reason}" for reason, count in self.reloads.items()),
            "slots and map entries it set right": f"{self.repairs:.0f}",
            "its size at the end, compared with the middle": "flat" if self.is_flat else "**growing**",
        }
        step = max(1, len(self.samples) // SHOWN_SAMPLES)
        shown = [*self.samples[:-1:step], self.samples[-1]]
        sizes = [(f"{each.at:.0f} s", f"{each.kilobytes / 1000:.1f} MB", each.files, each.threads) for each in shown]
        return (
            "\n\n".join(
                [
                    PREFACE,
                    f"HAProxy {self.haproxy}, `HADYN_SOAK_SEED={self.seed}`.",
                    _table(("what", "figure"), told.items()),
                    _table(("fault", "times"), sorted(self.faults.items())),
                    _table(("at", "memory", "files", "threads"), sizes),
                ]
            )
            + "\n"
        )


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
