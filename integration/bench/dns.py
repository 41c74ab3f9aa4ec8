"""The chapter on names: what DNS says, and how soon and how steadily it becomes slots."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from integration.bench.dns_acts import CASES, CROWD, NAMES, RIVALRY_SECONDS, Case
from integration.bench.report import Chapter, Figure, quantile
from integration.cluster import SCRIPTS
from integration.haproxies import HAProxyBinary

ACT_SECONDS = 400
TTL_SECONDS = 1.0
LATE_SECONDS = 0.1
SHARE, MEMORY = 0.25, 40e6
RIVALS = {"bare": "HAProxy as it comes", "tuned": "HAProxy, hold obsolete 30s, payload 8192"}
TOLD = {
    "rotated": "{pool} records in any order, {slots} slots",
    "many": "{pool} records in any order, {slots} slots",
    "some": "{shown} of {pool} at random each time, {slots} slots",
    "scarce": "{shown} of {pool} at random each time, {slots} slots",
    "few": "{shown} of {pool} at random each time, {slots} slots",
    "large": "{pool} records, cut over UDP, {slots} slots",
}


def names(haproxies: Sequence[HAProxyBinary]) -> Chapter:
    """Measure all about names; needs root, for a network namespace, and Knot."""
    first, *_ = haproxies
    return Chapter(
        "Names",
        f"Knot as the server, TTL 1 s: all {NAMES} names of 5 records change at once, 10 times; the clock starts before Knot is\n"
        f"told and ends when HAProxy says that the slot is ready. The resolver by itself with {CROWD:,} names of 5 records,\n"
        "TTL 30 s, each asked for in both families. A StatefulSet of 5 that rolls over under 500 requests a second while its\n"
        f"name does not exist for 8 s. Then, for {RIVALRY_SECONDS:g} s, the same answers for hadyn and for HAProxy's own resolver with\n"
        f"`server-template`: seats that changed hands, and addresses that have a slot in the end. HAProxy {first.branch}.",
        [
            *_changes(act("changes", first)),
            *_crowd(act("crowd", first)),
            *_rolling(act("rolling", first)),
            *_rivals(act("rivals", first)),
        ],
    )


def act(name: str, haproxy: HAProxyBinary) -> dict[str, Any]:
    """Play one act in a network namespace and a process of its own."""
    command = [str(SCRIPTS / "ns.sh"), sys.executable, "-m", "integration.bench.dns_acts", name, str(haproxy.path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=ACT_SECONDS, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _changes(told: dict[str, Any]) -> Iterator[Figure]:
    limit = TTL_SECONDS + LATE_SECONDS
    yield Figure("a record's change to its slot ready, p50", f"{quantile(told['seconds'], 0.5):.3f} s")
    late = quantile(told["seconds"], 0.99)
    own = f"{told['hadyn']:g} s at most"
    idea = f"hadyn needs {own} from the answer on; the rest are Knot, HAProxy and the look at it, short of a processor"
    yield Figure(
        "a record's change to its slot ready, p99", f"{late:.3f} s", f"{limit:g} s at most", late <= limit, idea
    )
    yield Figure("of it from the answer on, p99", own)
    sent = told["rotation_commands"]
    yield Figure("commands while answers only rotate", f"{sent:g}", "0", sent == 0)


def _crowd(told: dict[str, Any]) -> Iterator[Figure]:
    names = f"{CROWD:,} names"
    share, memory = told["share"], told["memory"]
    yield Figure(f"{names}: of a processor", f"{100 * share:.1f} %", f"{100 * SHARE:g} % at most", share <= SHARE)
    yield Figure(f"{names}: memory", f"{memory / 1e6:.0f} MB", f"{MEMORY / 1e6:g} MB at most", memory <= MEMORY)
    yield Figure(f"{names}: until all are answered", f"{told['start']:.1f} s")


def _rolling(told: dict[str, Any]) -> Iterator[Figure]:
    failed = told["failed"]
    yield Figure("requests failed, the StatefulSet", f"{failed} of {told['sent']:,}", "0", failed == 0)
    yield Figure("reloads, the StatefulSet", str(told["reloads"]), "0", told["reloads"] == 0)


def _rivals(told: dict[str, Any]) -> Iterator[Figure]:
    for case in CASES:
        what = TOLD[case.name].format(**case._asdict())
        others = [_outcome(told[name], case) for name in RIVALS]
        moved, filled = _outcome(told["hadyn"], case)
        is_met = filled >= max(each for _, each in others) and moved <= min(each for each, _ in others)
        yield Figure(f"hadyn: {what}", _spelled(moved, filled, case), "no worse than HAProxy", is_met)
        for label, outcome in zip(RIVALS.values(), others, strict=True):
            yield Figure(f"{label}: the same", _spelled(*outcome, case))


def _outcome(told: dict[str, dict[str, int]], case: Case) -> tuple[int, int]:
    """Return the seats that changed hands and the addresses that have a slot."""
    return told["moved"][case.name], told["filled"][case.name]


def _spelled(moved: int, filled: int, case: Case) -> str:
    return f"{moved} moved, {filled} of {min(case.pool, case.slots)} have a slot"
