"""Whatever happens in whatever order, the end is what is wanted, and nobody was in danger on the way.

These are the invariants of planner, files and runtime together: nobody is sent to a
stranger or twice to one address, no address changes under a request (I1 to I3); who stays
wanted is served throughout, in one slot (I4, I9); somebody serves while anybody is wanted
(I5); the end is exact, whatever came before it, and then nothing is told twice (I7, I10 to I13).
"""

import random
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hadyn.errors import ReloadFailed
from hadyn.model.problems import ObjectRef
from hadyn.render.folder import StateFolder
from hadyn.runtime.fake import CutReply, CutRequest, Hang, Refuse
from hadyn.runtime.fake_slots import ADMIN_DRAIN, ADMIN_MAINT
from tests.features.full_disk import full_disk
from tests.features.house import House
from tests.given import endpoint, ingress, service, slice_

NAMES = st.sampled_from(["web", "api"])
IPS = st.integers(1, 8).map(lambda number: f"10.0.0.{number}")
CANARY_IPS = st.integers(1, 3).map(lambda number: f"10.0.1.{number}")
SLOTS = st.sampled_from(["s1", "s2", "s3", "s4", "s5"])
SECONDS = st.sampled_from([0.1, 1, 5, 100])
FAULTS = st.one_of(
    st.integers(0, 900).map(CutReply),
    st.integers(0, 300).map(CutRequest),
    st.sampled_from([Refuse(), Hang(), None]),
)


class AnyHistory(RuleBasedStateMachine):
    """A house with two Services, one of them with a canary, to which things happen.

    ``staying`` are, by backend, the slots of those who were served when all was calm and
    have been wanted ever since; ``served`` is who was ready in the last moment.
    """

    @initialize(version=st.sampled_from(["2.6.12", "2.8.25", "3.0.11", "3.4.7"]))
    def begin(self, version):
        self.place = tempfile.TemporaryDirectory(prefix="hadyn-")
        folder = StateFolder(Path(self.place.name) / "state")
        folder.prepare()
        self.house = House(folder, version=version)
        self.pods = {"web": ([], []), "api": ([], [])}
        self.canary, self.share = [], 0
        self.routed = {"web"}
        self.ever_wanted = set()
        self.staying = {"web": {}, "api": {}}
        self.served = {"web": [], "api": []}
        self.is_tampered = self.is_unfiled = False
        self.house.begin(*self.objects())

    def objects(self):
        for name, pods in self.pods.items():
            yield service("shop", name)
            yield slice_of(name, *pods)
        yield service("shop", "canary")
        yield slice_of("canary", self.canary, [])
        yield from (route_of(name) for name in sorted(self.routed))
        yield from [canary_of(self.share)] if self.share else []

    @rule(name=NAMES, ready=st.sets(IPS, max_size=7), leaving=st.sets(IPS, max_size=3))
    def pods_change(self, name, ready, leaving):
        self.pods[name] = sorted(ready), sorted(leaving - ready)
        self.ever_wanted |= addresses(ready | leaving)
        self.keep_staying(name)
        self.house.deliver(slice_of(name, *self.pods[name]))

    @rule(name=NAMES)
    def a_route_comes(self, name):
        self.routed.add(name)
        self.house.deliver(route_of(name))

    @rule(name=NAMES)
    def a_route_goes(self, name):
        self.routed.discard(name)
        self.staying[name] = {}
        self.house.deliver(deletes=(ObjectRef("Ingress", "shop", name),))

    @rule(share=st.sampled_from([0, 10, 50]), ips=st.sets(CANARY_IPS))
    def a_canary_has_another_share_or_other_pods(self, share, ips):
        self.canary, self.share = sorted(ips), share
        self.ever_wanted |= addresses(ips)
        self.keep_staying("web")
        gone = () if share else (ObjectRef("Ingress", "shop", "canary"),)
        there = [canary_of(share)] if share else []
        self.house.deliver(slice_of("canary", self.canary, []), *there, deletes=gone)

    @rule(seed=st.integers(0, 99))
    def everything_is_listed_anew_in_another_order(self, seed):
        shuffled = list(self.objects())
        random.Random(seed).shuffle(shuffled)
        self.house.deliver(*shuffled, is_complete=True)

    @rule(faults=st.lists(FAULTS, max_size=4))
    def connections_break(self, faults):
        self.house.fake.faults = faults

    @rule()
    def a_reload_will_fail(self):
        self.house.door.failures = [ReloadFailed("no memory")]

    @rule(name=NAMES, slot=SLOTS, bits=st.sampled_from([ADMIN_MAINT, ADMIN_DRAIN]))
    def somebody_takes_a_slot_out(self, name, slot, bits):
        found = self.house.fake.backends.get(backend_of(name), {}).get(slot)
        if found is not None and not found.admin:
            found.admin = bits
            self.tampered(name)

    @rule(name=NAMES, slot=SLOTS)
    def somebody_changes_a_weight(self, name, slot):
        found = self.house.fake.backends.get(backend_of(name), {}).get(slot)
        if found is not None:
            found.weight = 7
            self.tampered(name)

    @rule()
    def somebody_empties_a_map(self):
        self.house.routes().clear()
        self.is_tampered = True

    @rule(name=NAMES, slot=SLOTS, sessions=st.integers(0, 3))
    def sessions_come_and_go(self, name, slot, sessions):
        found = self.house.fake.backends.get(backend_of(name), {}).get(slot)
        if found is not None:
            found.sessions = sessions

    @rule()
    def hadyn_turns(self):
        self.house.settle()

    @rule(seconds=SECONDS)
    def time_passes(self, seconds):
        self.house.wait(seconds)

    @rule(seconds=SECONDS)
    def time_passes_while_the_disk_is_full(self, seconds):
        self.is_unfiled = True
        with full_disk():
            self.house.wait(seconds)

    @rule()
    def hadyn_dies(self):
        self.house.fake.faults = []
        self.house.restart(*self.objects())

    @rule()
    def haproxy_dies(self):
        self.house.settle()
        if self.house.wheel.supervisor.is_up:
            self.begins_from_files()
            self.house.crash_haproxy()

    @rule()
    def all_calms_down(self):
        house = self.house
        house.fake.faults = []
        house.door.failures = []
        for _ in range(3):
            house.wait(10)
        if self.is_tampered:
            house.compare_everything()
            house.wait(10)
        self.nobody_is_in_danger()
        for name in self.pods:
            self.assert_served(name)
        house.sent()
        house.compare_everything()
        # From 3.4 on a comparison rids HAProxy of backends that nobody wants any more.
        assert [command for command in house.sent() if not command.startswith(("del ", "unpublish "))] == []
        self.is_tampered = self.is_unfiled = False
        for name in self.routed:
            ready = addresses(self.pods[name][0])
            self.staying[name] = {slot: who for slot, who in house.seats(backend_of(name)).items() if who in ready}

    @invariant()
    def nobody_is_in_danger(self):
        for moment in self.house.fake.moments:
            for name in self.pods:
                ready = moment.get(backend_of(name), [])
                assert set(ready) <= self.ever_wanted
                assert len(set(ready)) == len(ready)
                assert set(ready) >= set(self.staying[name].values())
                assert ready or not (self.served[name] and self.wanted(name))
                self.served[name] = ready
        self.house.fake.moments.clear()
        assert self.house.fake.moved_while_serving == []

    def teardown(self):
        if hasattr(self, "place"):
            with self.place:
                self.all_calms_down()
                self.house.door.handle.ended.set()

    def wanted(self, name):
        """Who shall take requests; terminating pods where there are no others."""
        ready, leaving = self.pods[name]
        more = self.canary if name == "web" and self.share else []
        return sorted(addresses([*(ready or leaving), *more])) if name in self.routed else []

    def assert_served(self, name):
        backend, wanted = backend_of(name), self.wanted(name)
        assert self.house.ready(backend) == wanted
        assert self.house.routes().get(f"{name}.b.example/") == (backend if name in self.routed else None)
        if name in self.routed:
            assert set(self.house.filed(backend).values()) >= set(wanted)
            assert self.staying[name].items() <= self.house.seats(backend).items()

    def keep_staying(self, name):
        wanted = self.wanted(name)
        self.staying[name] = {slot: who for slot, who in self.staying[name].items() if who in wanted}

    def tampered(self, name):
        """Somebody was at a backend: who was served there is no more, for a while."""
        self.is_tampered, self.staying[name], self.served[name] = True, {}, []

    def begins_from_files(self):
        """HAProxy starts anew: it knows only what is filed."""
        for name in self.pods:
            self.staying[name] = {} if self.is_unfiled else self.staying[name]
            self.served[name] = []


def backend_of(name):
    return f"shop_{name}_80"


def addresses(ips):
    return {f"{ip}:80" for ip in ips}


def slice_of(name, ready, leaving):
    terminating = (endpoint(ip, ready=False, serving=True, terminating=True) for ip in leaving)
    return slice_("shop", name, *ready, *terminating)


def route_of(name):
    return ingress("shop", name, host=f"{name}.b.example")


def canary_of(share):
    annotations = {"hadyn.io/canary": "true", "hadyn.io/canary-weight": str(share)}
    return ingress("shop", "canary", host="web.b.example", annotations=annotations)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=60, stateful_step_count=25)
