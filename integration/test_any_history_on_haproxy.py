"""Whatever happens in whatever order, a real HAProxy ends as what is wanted, and nobody was in danger on the way."""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hadyn.controller.filing import Filing
from hadyn.controller.pace import ReloadPace
from hadyn.controller.reconciler import Reconciler
from hadyn.controller.sweep import sweep
from hadyn.errors import TemporaryError
from hadyn.model.desired import Capacity
from hadyn.model.inventory import Inventory, Touched
from hadyn.model.policy import Policy
from hadyn.observe.metrics import Metrics
from hadyn.planner.observed import SlotState
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.runtime.client import Runtime
from hadyn.runtime.connection import unix_conversation
from integration.haproxies import RunningHAProxy, find_haproxies
from tests.given import changes, endpoint, ingress, service, slice_

SLOTS = 8
NAMES = ("web", "api")
BACKENDS = {name: f"shop_{name}_80" for name in NAMES}
FRONT = "frontend front\n  bind unix@{folder}/front.sock\n" + "".join(
    f"  use_backend %[path,map({{folder}}/{name}.map)]\n" for name in ("hosts", "exact", "prefix")
)
CONFIGURATION = FRONT + "".join(
    f"backend {backend}\n  balance roundrobin\n  server-template s 1-{SLOTS} 127.0.0.1:1 disabled weight 1\n"
    for backend in BACKENDS.values()
)
IPS = st.integers(1, SLOTS).map(lambda number: f"10.0.0.{number}")
TAMPERINGS = ("state maint", "state drain", "state ready", "weight 3")


class AnyHistory(RuleBasedStateMachine):
    """Two backends of one HAProxy, to which things happen; no fault lasts beyond ``all_calms_down``."""

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        binary, *_ = find_haproxies()
        maps = dict.fromkeys(("hosts.map", "exact.map", "prefix.map"), "")
        self.running = self.stack.enter_context(RunningHAProxy(binary, CONFIGURATION, files=maps))
        self.place = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="hadyn-")))
        self.folder = StateFolder(self.place / "state")
        self.folder.prepare()
        self.pods: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in NAMES}
        self.ever_wanted: set[str] = set()
        self.cuts: list[int] = []
        self.start_controller()

    def start_controller(self) -> None:
        """Start a hadyn that finds what is there."""
        converse = unix_conversation(self.running.runtime_socket)

        def breakable(line: bytes) -> bytes:
            received = converse(line)
            return received[: self.cuts.pop()] if self.cuts else received

        runtime = Runtime(breakable, capabilities=self.running.binary.capabilities, map_folder=str(self.running.folder))
        self.inventory = Inventory(Policy(capacity=Capacity(slots=SLOTS, maximum=SLOTS)))
        filing = Filing(self.inventory, StateFiles(self.folder), ReloadPace(0.0), lambda _wish: "")
        filing.load()
        self.reconciler = Reconciler(filing, runtime, Metrics(), time.monotonic, drain_seconds=0.0)
        self.touched = self.inventory.apply(changes(*self.objects(), is_complete=True))
        self.reconciler.is_doubtful = True

    def objects(self):
        for name, (ready, leaving) in self.pods.items():
            yield service("shop", name)
            yield ingress("shop", name, host=f"{name}.example")
            yield self.slice_of(name, ready, leaving)

    def slice_of(self, name, ready, leaving):
        terminating = (endpoint(ip, ready=False, serving=True, terminating=True) for ip in leaving)
        return slice_("shop", name, *ready, *terminating)

    @rule(name=st.sampled_from(NAMES), ready=st.sets(IPS), leaving=st.sets(IPS, max_size=3))
    def pods_change(self, name, ready, leaving):
        self.pods[name] = sorted(ready), sorted(leaving - ready)
        self.ever_wanted |= {f"{ip}:80" for ip in ready | leaving}
        self.touched |= self.inventory.apply(changes(self.slice_of(name, *self.pods[name])))

    @rule(seed=st.integers(0, 99))
    def everything_is_listed_anew_in_another_order(self, seed):
        shuffled = list(self.objects())
        random.Random(seed).shuffle(shuffled)
        self.touched |= self.inventory.apply(changes(*shuffled, is_complete=True))

    @rule(cuts=st.lists(st.integers(0, 400), max_size=3))
    def replies_are_cut(self, cuts):
        self.cuts = cuts

    @rule(name=st.sampled_from(NAMES), slot=st.integers(1, SLOTS), tampering=st.sampled_from(TAMPERINGS))
    def somebody_tampers(self, name, slot, tampering):
        slots = {each.name: each for each in self.observed()[BACKENDS[name]].slots}
        is_somebodys = slots[f"s{slot}"].address is not None and slots[f"s{slot}"].state is SlotState.READY
        if tampering != "state ready" or is_somebodys:
            self.running.say(f"set server {BACKENDS[name]}/s{slot} {tampering}")

    @rule()
    def hadyn_turns(self):
        with suppress(TemporaryError):
            self.turn()

    @rule()
    def hadyn_dies(self):
        self.start_controller()

    @rule()
    def all_calms_down(self):
        self.cuts = []
        self.turn()
        for differing in sweep(self.reconciler):
            if differing:
                self.reconciler.reconcile(differing)
        for name in NAMES:
            assert self.serving(name) == sorted(f"{ip}:80" for ip in self.pods[name][0] or self.pods[name][1])
        assert self.reconciler.reconcile(self.reconciler.everything()).commands == 0

    def turn(self) -> None:
        """Do what the wheel does in a turn."""
        if self.reconciler.is_doubtful:
            self.touched |= self.reconciler.compare_everything()
        self.reconciler.entries_are_doubtful = True
        self.reconciler.reconcile(self.touched)
        self.touched = Touched()

    def observed(self):
        return self.running.runtime().observe_slots(BACKENDS.values())

    def serving(self, name: str) -> list[str]:
        slots = self.observed()[BACKENDS[name]].slots
        return sorted(str(slot.address) for slot in slots if slot.state is SlotState.READY and slot.weight)

    @invariant()
    def nobody_is_sent_to_a_stranger(self):
        for name in NAMES if hasattr(self, "reconciler") else ():
            serving = self.serving(name)
            assert set(serving) <= self.ever_wanted
            assert len(set(serving)) == len(serving)

    def teardown(self):
        if hasattr(self, "stack"):
            with self.stack:
                self.all_calms_down()


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
