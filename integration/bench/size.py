"""What 10,000 Services of 10 endpoints cost the real command: ``python -m integration.bench.size``."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from integration.bench import crowd
from integration.bench.report import Chapter, Figure
from integration.haproxies import HAProxyBinary, find_haproxies
from integration.running import Ground, RunningHadyn, bare_environment, get

SERVICES, FEW, ENDPOINTS, SLOTS = 10_000, 100, 10, 12
START_SECONDS = 120.0
DRIFT_SECONDS = 30.0
SOURCE_SECONDS = 5.0
SWEEP_SECONDS, IDLE_SECONDS = 33.0, 10.0
NEWCOMERS = 5
SETTLING_SECONDS = 3.0
RELOADED = "reloaded because NEW_BACKEND"
LOOKS = 5
MEGABYTES = 120
START_IDEA = (
    "of the processor time a quarter is JSON into objects, a third the inventory, a seventh sections of files; HAProxy\n"
    "reads the files twice, to judge and to start. Next: take objects in while the next file is read."
)
ADOPTION_IDEA = (
    "a third each is reading the source, the inventory, and HAProxy's slots against a plan. Next: compare HAProxy's rows\n"
    "with the files as text, as the sweep does, and make values only where they differ."
)
MEMORY_IDEA = (
    "of 70 MB of values, 13 are EndpointSlices as text, 7 sections of files, 10 names of objects, each of which stands in\n"
    "three places. Next: one name for an object in store, catalog and index."
)
SWEEP_IDEA = (
    "nearly all is HAProxy's rows against the files' as text. Next: a longer text at a time for the same pattern."
)
LOOK_IDEA = (
    "0.12 s are the command's own start, 0.12 s hadyn counting rows, the rest is HAProxy printing 14 MB. Next: ask for\n"
    "sessions only of backends that are shown, and print the first screen while the rest comes."
)
NEWCOMER_IDEA = (
    "what grows is a reload's own: sets of all names are built anew (2 ms), 256 files are looked at, maps are copied. Next:\n"
    "keep the set of names with the files, and change it with them."
)


def large_world(haproxies: list[HAProxyBinary]) -> Chapter:
    """Start hadyn on 10,000 Services, let it sweep, look, add backends, start it again, let it idle."""
    haproxy, *_ = haproxies
    few = newcomer_seconds_among(FEW, haproxy.path)
    with crowded_ground(SERVICES, haproxy.path) as ground:
        begin = time.monotonic()
        with launched(ground) as hadyn:
            serving, working = seconds_until_served(ground, begin), processor_seconds(hadyn)
            wait_until_ready(ground)
            command = haproxy_command(ground)
            figures = [*sweep_figures(hadyn), looking_figure(ground)]
            many = median(newcomer_seconds(ground, hadyn, SERVICES))
        begin = time.monotonic()
        with launched(ground, "--drift-interval", "1h") as hadyn:
            wait_until_ready(ground)
            adopted, adopting = time.monotonic() - begin, processor_seconds(hadyn)
            commands, memory = ground.metric("hadyn_commands_total"), resident_megabytes(hadyn)
            figures += idle_figures(ground, hadyn)
        end_haproxies(ground)
        alone = haproxy_alone(ground, command)
    limit = 1.5 * alone + SOURCE_SECONDS
    figures = [
        _at_most("hadyn's start until HAProxy serves", serving, limit, "s", START_IDEA),
        Figure("hadyn's processor time of that", f"{working:.1f} s"),
        Figure("HAProxy's own start on the same files", f"{alone:.1f} s"),
        _at_most("hadyn started again, until it is ready", adopted, 8, "s", ADOPTION_IDEA),
        Figure("hadyn's processor time of that", f"{adopting:.1f} s"),
        Figure("commands it then sent", f"{commands:.0f}", "0", commands == 0),
        _at_most("memory of a hadyn started again", memory, MEGABYTES, "MB", MEMORY_IDEA),
        *figures,
        Figure(f"processor time for one more backend beside {FEW:,}", f"{1000 * few:.1f} ms"),
        Figure(f"processor time for one more backend beside {SERVICES:,}", f"{1000 * many:.1f} ms"),
        _at_most(f"{SERVICES:,} ÷ {FEW}", many / few, 1.5, "", NEWCOMER_IDEA),
    ]
    return Chapter(
        f"{SERVICES:,} Services of {ENDPOINTS} endpoints",
        f"{SERVICES * ENDPOINTS:,} endpoints in {SERVICES * SLOTS:,} slots, from a folder of JSON, the real command. The\n"
        f"start may take 1.5 times HAProxy's own, plus {SOURCE_SECONDS:g} s to read the source. Processor time is hadyn's,\n"
        f"all threads, without HAProxy's. HAProxy {haproxy.branch}.",
        figures,
    )


def _at_most(what: str, value: float, limit: float, unit: str, idea: str) -> Figure:
    figure, wanted = f"{value:.3g} {unit}".strip(), f"{limit:.3g} {unit}".strip()
    return Figure(what, figure, f"{wanted} at most", value <= limit, idea)


def newcomer_seconds_among(services: int, haproxy: Path) -> float:
    """The median processor time of one more backend beside so many."""
    with crowded_ground(services, haproxy) as ground:
        with launched(ground) as hadyn:
            wait_until_ready(ground)
            seconds = median(newcomer_seconds(ground, hadyn, services))
        end_haproxies(ground)
        return seconds


def sweep_figures(hadyn: RunningHadyn) -> Iterator[Figure]:
    """Watch hadyn a little longer than from one sweep to the next: one is among it."""
    before = processor_seconds(hadyn)
    time.sleep(SWEEP_SECONDS)
    share = (processor_seconds(hadyn) - before) / DRIFT_SECONDS
    megabytes = resident_megabytes(hadyn)
    yield _at_most("processor with a sweep every 30 s", 100 * share, 2, "%", SWEEP_IDEA)
    yield _at_most("memory of hadyn after a sweep", megabytes, MEGABYTES, "MB", MEMORY_IDEA)


def idle_figures(ground: Ground, hadyn: RunningHadyn) -> Iterator[Figure]:
    """Watch a hadyn that has nothing to do and no sweep before it."""
    time.sleep(SETTLING_SECONDS)
    taken, before = connections(ground), processor_seconds(hadyn)
    time.sleep(IDLE_SECONDS)
    share = (processor_seconds(hadyn) - before) / IDLE_SECONDS
    asked = connections(ground) - taken - 1
    yield Figure("connections to HAProxy while idle", str(asked), "0", asked == 0)
    yield Figure("processor while idle", f"{100 * share:.2f} %", "less than 0.5 %", share < 0.005)


def looking_figure(ground: Ground) -> Figure:
    command = [sys.executable, "-m", "hadyn", "slots", "--state-dir", str(ground.folder.path)]
    spent = []
    for _ in range(LOOKS):
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, env=bare_environment(), check=True)
        spent.append(time.monotonic() - begin)
    return _at_most("`hadyn slots`", min(spent), 0.5, "s", LOOK_IDEA)


def newcomer_seconds(ground: Ground, hadyn: RunningHadyn, services: int) -> list[float]:
    """The processor time that each of a few new backends costs hadyn, its reload included."""
    spent = []
    for number in range(services, services + NEWCOMERS):
        before, reloads = processor_seconds(hadyn), ground.log.count(RELOADED)
        crowd.write_file(ground.manifests / f"new-{number}.json", [number], ENDPOINTS)
        wait_until(lambda known=reloads: ground.log.count(RELOADED) > known)
        time.sleep(SETTLING_SECONDS)
        spent.append(processor_seconds(hadyn) - before)
    return spent


@contextmanager
def crowded_ground(services: int, haproxy: Path) -> Iterator[Ground]:
    with Ground(haproxy) as ground:
        crowd.write(ground.manifests, services, ENDPOINTS)
        yield ground


@contextmanager
def launched(ground: Ground, *flags: str) -> Iterator[RunningHadyn]:
    """A hadyn that leaves its HAProxy running when it is stopped."""
    command = ground.command("--slots", str(SLOTS), "--leave-running", *flags)
    with (ground.place / "hadyn.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=bare_environment())
    hadyn = RunningHadyn(process, ground)
    try:
        yield hadyn
    finally:
        hadyn.end()


def seconds_until_served(ground: Ground, begin: float) -> float:
    """Return after how long HAProxy answers."""
    wait_until(lambda: get(ground.http_port, "/", "h1.example")[0] > 0)
    return time.monotonic() - begin


def wait_until_ready(ground: Ground) -> None:
    wait_until(lambda: get(ground.status_port, "/readyz")[0] == http.client.OK)


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if is_so():
                return
        time.sleep(0.02)
    raise TimeoutError


def haproxy_command(ground: Ground) -> list[bytes]:
    """The words that hadyn started HAProxy with; a master that was reloaded has others."""
    (words, *_) = (Path(f"/proc/{pid}/cmdline").read_bytes() for pid in ground.processes())
    return words.split(b"\0")[:-1]


def haproxy_alone(ground: Ground, command: list[bytes]) -> float:
    """Start HAProxy by itself on the files that hadyn wrote; return after how long it answers."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return seconds_until_served(ground, begin)
    finally:
        process.terminate()
        process.wait()


def end_haproxies(ground: Ground) -> None:
    """End the HAProxy that hadyn left running."""
    ground.is_left_behind = True
    for pid in ground.processes():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not ground.processes())


def processor_seconds(hadyn: RunningHadyn) -> float:
    """Return how long all threads of hadyn were on a processor, those that ended included."""
    return time.clock_gettime((~hadyn.pid << 3) | 2)


def resident_megabytes(hadyn: RunningHadyn) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{hadyn.pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024 / 1e6


def connections(ground: Ground) -> int:
    """How many connections HAProxy has taken, this one included."""
    found: Any = re.search(r"^CumConns: (\d+)$", ground.say("show info"), re.MULTILINE)
    return int(found[1])


if __name__ == "__main__":
    chapter = large_world(find_haproxies())
    for figure in chapter.figures:
        print("  ".join(filter(None, figure.cells)).replace("**", ""), flush=True)
    sys.exit(0 if all(figure.is_met for figure in chapter.figures) else 1)
