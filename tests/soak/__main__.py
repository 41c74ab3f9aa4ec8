"""Soak hadyn: ``python -m tests.soak``, for HADYN_SOAK_SECONDS (default 1800); docs/soak.md is then written."""

from __future__ import annotations

import os
import random
import sys
import time

import click

from integration.haproxies import find_haproxies
from integration.running import Ground, RunningHadyn
from tests.soak.disk import disk_at
from tests.soak.faults import Faults
from tests.soak.names import Names
from tests.soak.report import PAGE, Run, sampled
from tests.soak.world import World

FULL_SECONDS = 1800.0
STEP_SECONDS = 0.15
ROUND_SECONDS = 30.0
CALM_SECONDS = 60.0
FAULT_SHARE = 0.06
KILLED_UNTIL = 1 / 3
LOG_CHARACTERS = 20_000
FLAGS = ("--drift-interval", "5s")


def main() -> int:
    """Return 0 if every calm moment was exact and the last one no larger than that in the middle."""
    seconds = float(os.environ.get("HADYN_SOAK_SECONDS", FULL_SECONDS))
    seed = int(os.environ.get("HADYN_SOAK_SEED", random.SystemRandom().randrange(10**6)))
    haproxy, *_ = find_haproxies()
    run = Run(seconds, seed, ".".join(map(str, haproxy.version)))
    click.echo(run.beginning)
    with (
        Ground(haproxy.path) as ground,
        disk_at(ground.folder.path) as disk,
        Names(ground, random.Random(seed)) as names,
    ):
        faults = Faults(ground, random.Random(seed), disk, names, run.faults)
        world = World(ground, names, random.Random(seed))
        try:
            soak(run, world, faults)
        except AssertionError:
            click.echo(ground.log[-LOG_CHARACTERS:])
            click.echo("\n".join(world.differences()))
            raise
    click.echo(run.summary)
    if seconds >= FULL_SECONDS:
        PAGE.write_text(run.page)
    return 0 if run.is_flat else 1


def soak(run: Run, world: World, faults: Faults) -> None:
    """Trouble one hadyn after the other until a third of the time is over, then the last of them to the end."""
    ground = world.ground
    world.begin()
    begin = time.monotonic()
    flags = *FLAGS, *world.names.flags
    hadyn = ground.run(*flags)
    while (spent := time.monotonic() - begin) < run.seconds:
        if run.samples and spent < run.seconds * KILLED_UNTIL:
            hadyn.kill()
            run.kills += 1
            hadyn = ground.run(*flags)
        run.changes += trouble(world, faults, hadyn)
        calm = time.monotonic()
        ground.until(world.is_exact, CALM_SECONDS)
        run.slowest_calm = max(run.slowest_calm, time.monotonic() - calm)
        assert hadyn.is_running, ground.log
        assert ground.judged() == "", ground.judged()
        run.samples.append(sampled(hadyn, time.monotonic() - begin))
        click.echo(str(run.samples[-1]))
    run.reloads, run.repairs = ground.reloads(), ground.metric("hadyn_drift_repaired_total")
    hadyn.end()


def trouble(world: World, faults: Faults, hadyn: RunningHadyn) -> int:
    """Change and break things for a while, then end what is broken; return how many changes there were."""
    end = time.monotonic() + ROUND_SECONDS
    changes = 0
    while time.monotonic() < end:
        if faults.chances.random() < FAULT_SHARE:
            faults.strike(hadyn)
        else:
            world.change()
            changes += 1
        world.ground.stays(lambda: True, STEP_SECONDS)
    faults.heal()
    return changes


if __name__ == "__main__":
    sys.exit(main())
