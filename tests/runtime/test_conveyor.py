"""Very many slots filled at once end as they do phase by phase, and nobody is ready unproven in between."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.errors import ReplyCutShort
from hadyn.planner.observed import SlotState
from hadyn.planner.plan import Plan
from hadyn.runtime.execution import execute
from hadyn.runtime.fake import CutReply, FakeHAProxy
from hadyn.runtime.fake_slots import ADMIN_DRAIN, ADMIN_MAINT
from tests.features.watched import WatchedHAProxy
from tests.planner.test_plan_properties import desired_backends, observed_backends
from tests.planner.texts import plan as planned
from tests.runtime.given import VERSIONS, WITH_WAIT, haproxy, part, runtime_of, steps, without_age

BACKENDS, SLOTS = 60, 20
NAMES = [f"b{number}" for number in range(BACKENDS)]
ADMIN = {SlotState.READY: 0, SlotState.DRAIN: ADMIN_DRAIN, SlotState.MAINT: ADMIN_MAINT}


@dataclass(slots=True)
class LateHAProxy(FakeHAProxy):
    """Applies addresses behind a ``wait`` and at no other moment."""

    def settle(self) -> None:
        if self.commands[-1:] == ["wait 1ms"]:
            FakeHAProxy.settle(self)


def seats_of(number: int) -> dict[str, str]:
    return {f"s{slot}": f"10.0.{number}.{slot}:80" for slot in range(1, SLOTS + 1)}


def full(number: int):
    """A plan that fills every slot of one backend."""
    seats = seats_of(number)
    prepare = "; ".join(f"{slot} addr {where}" for slot, where in seats.items())
    return part(prepare, "; ".join(f"{slot} ready" for slot in seats), backend=NAMES[number], **seats)


EVERYTHING = Plan(tuple(map(full, range(BACKENDS))))


def carried_out(fake: FakeHAProxy, plan: Plan, **settings: int):
    return execute(plan, runtime_of(fake), clock=lambda: 12.5, pause=lambda _: None, **settings)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_slot_of_very_many_is_ready_and_proven(version):
    fake = haproxy(*NAMES, version=version, slots=SLOTS)

    execution = carried_out(fake, EVERYTHING)

    assert len(execution.proven) == BACKENDS * SLOTS
    assert execution.backends == runtime_of(fake).observe(NAMES)
    assert not execution.failed + execution.withheld
    assert not execution.backends_to_repair


@pytest.mark.parametrize("version", VERSIONS)
def test_no_line_makes_a_slot_ready_that_was_not_read_back_on_a_line_before(version):
    fake = haproxy(*NAMES, version=version, slots=SLOTS)

    carried_out(fake, EVERYTHING)

    told: set[str] = set()
    read: set[str] = set()
    for line in map(bytes.decode, fake.lines):
        assert set(re.findall(r"set server (\S+)/\S+ state ready", line)) <= read
        for name, shown in re.findall(r"set server (\S+)/\S+ addr|show servers state (\S+)(?=[;\n])", line):
            told |= {name}
            read |= {shown} & told
    assert read >= set(NAMES)


def test_some_are_read_back_while_others_are_told():
    fake = haproxy(*NAMES, version="3.4.7", slots=SLOTS)

    carried_out(fake, EVERYTHING)

    mixed = [line for line in fake.lines if b" addr " in line and b"state ready" in line and b"show servers" in line]
    assert len(mixed) > len(fake.lines) // 2
    assert sum(line.count(b"wait 1ms") for line in fake.lines) == 1


@pytest.mark.parametrize("version", WITH_WAIT)
def test_addresses_that_show_behind_a_barrier_alone_are_waited_for(version):
    template = f" server-template s 1-{SLOTS} 127.0.0.1:1 disabled\n"
    fake = LateHAProxy("".join(f"backend {name}\n{template}" for name in NAMES), version=version)

    execution = carried_out(fake, EVERYTHING)

    assert len(execution.proven) == BACKENDS * SLOTS
    assert not execution.backends_to_repair


@pytest.mark.parametrize("version", VERSIONS)
def test_what_haproxy_refuses_among_very_many_is_withheld_and_to_be_repaired(version):
    template = f" server-template s 1-{SLOTS} 127.0.0.1:1 disabled\n"
    fake = WatchedHAProxy("".join(f"backend {name}\n{template}" for name in NAMES), version=version)
    fake.refusals.append("b7/s3 addr")
    fake.lies += ["b9/s5 addr", "b11/s4 weight", "b13/s2 state ready"]
    weighed = part("s4 addr 10.0.0.4:80; s4 weight 3", "s4 ready", backend="b11", s4="10.0.0.4:80 weight=3")

    execution = carried_out(fake, Plan((*map(full, range(11)), weighed, *map(full, range(12, BACKENDS)))))

    assert execution.backends_to_repair == {"b7", "b9", "b11", "b13"}
    assert set(execution.withheld) == {
        *steps("b7", "s3 ready"),
        *steps("b9", "s5 ready"),
        *steps("b11", "s4 ready"),
    }
    assert len(execution.proven) == (BACKENDS - 1) * SLOTS - 3
    assert [outcome.text for outcome in execution.failed] == ["Not today."]


def test_a_backend_that_haproxy_does_not_have_among_very_many_needs_repair():
    fake = haproxy(*NAMES[1:], version="3.4.7", slots=SLOTS)

    execution = carried_out(fake, EVERYTHING)

    assert execution.backends_to_repair == {"b0"}
    assert set(execution.withheld) == set(full(0).activate)
    assert len(execution.failed) == SLOTS
    assert set(execution.backends) == set(NAMES[1:])


@pytest.mark.parametrize("version", ["2.8.25", "3.4.7"])
def test_a_connection_cut_among_very_many_leaves_nothing_ready_at_another_address(version):
    lines = len(lines_of_everything(version))
    for connection in range(0, lines, 3):
        fake = haproxy(*NAMES, version=version, slots=SLOTS)
        fake.faults = [CutReply(1 << 20)] * connection + [CutReply(7)]

        with pytest.raises(ReplyCutShort):
            carried_out(fake, EVERYTHING)

        ready = {
            (name, slot.name, f"{slot.ip}:80")
            for name in NAMES
            for slot in fake.backends[name].values()
            if not slot.admin
        }
        assert ready <= {(name, *seat) for number, name in enumerate(NAMES) for seat in seats_of(number).items()}


def lines_of_everything(version: str) -> list[bytes]:
    fake = haproxy(*NAMES, version=version, slots=SLOTS)
    carried_out(fake, EVERYTHING)
    return fake.lines


def haproxy_with(observed, version):
    """A watched HAProxy whose backends are as they were observed."""
    lines = (
        f"backend b{number}\n server-template s 1-{len(each.slots)} 127.0.0.1:1\n"
        for number, each in enumerate(observed)
    )
    fake = WatchedHAProxy("".join(lines), version=version)
    for number, each in enumerate(observed):
        for slot in each.slots:
            made = fake.slot(f"b{number}", slot.name)
            made.admin, made.weight, made.sessions = ADMIN[slot.state], slot.weight, slot.sessions
            made.ip = slot.address.ip if slot.address else made.ip
            made.port = slot.address.port if slot.address else made.port
    return fake


@given(
    st.lists(st.tuples(desired_backends(), observed_backends()), min_size=1, max_size=6),
    st.sampled_from(VERSIONS),
    st.sampled_from([1, 50, 100]),
)
@settings(max_examples=25)
def test_backends_on_the_conveyor_become_what_they_become_phase_by_phase(pairs, version, very_many):
    # So many that they need a dozen lines.
    pairs *= BACKENDS // len(pairs)
    present = [observed for _, observed in pairs]
    fake = haproxy_with(present, version)
    observed = runtime_of(fake).observe(fake.backends)
    parts = [
        planned(replace(desired, name=name), observed[name], fake.capabilities)
        for name, (desired, _) in zip(fake.backends, pairs, strict=True)
    ]
    fakes = haproxy_with(present, version), haproxy_with(present, version)

    conveyed = carried_out(fakes[0], Plan(tuple(parts)), very_many=very_many)
    by_phase = carried_out(fakes[1], Plan(tuple(parts)), very_many=1 << 30)

    names = [part.backend for part in parts]
    assert without_age(runtime_of(fakes[0]).observe(names)) == without_age(runtime_of(fakes[1]).observe(names))
    assert without_age(conveyed.backends) == without_age(by_phase.backends)
    assert set(conveyed.proven) == set(by_phase.proven)
    assert set(conveyed.withheld) == set(by_phase.withheld)
    assert conveyed.backends_to_repair == by_phase.backends_to_repair
    assert not fakes[0].moved_while_serving
