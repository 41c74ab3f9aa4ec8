"""A plan carried out on the fake HAProxy ends as planned, or says what did not."""

from __future__ import annotations

import pytest

from hadyn.errors import ReplyCutShort, TemporaryError
from hadyn.model.desired import MapName
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddMapEntry, DeleteMapEntry
from hadyn.planner.plan import BackendPlan, Plan
from hadyn.planner.slots import plan_removal
from hadyn.runtime.execution import Execution, ProvenSlot, execute
from hadyn.runtime.fake import CutReply, CutRequest, FakeHAProxy
from tests.features.watched import WatchedHAProxy
from tests.planner.texts import backend, endpoint
from tests.planner.texts import plan as planned
from tests.runtime.given import MAPS, SYNCHRONOUS, VERSIONS, WITH_WAIT, haproxy, held, part, runtime_of, steps

NEWCOMER = part("s1 addr 10.0.0.1:80; s1 weight 3", "s1 ready", s1="10.0.0.1:80 weight=3")
WEIGHTLESS = part("s1 addr 10.0.0.1:80", "s1 ready", s1="10.0.0.1:80")


def carried_out(fake: FakeHAProxy, plan: Plan) -> Execution:
    return execute(plan, runtime_of(fake), clock=lambda: 12.5, pause=lambda _: None)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_newcomer_is_ready_and_proven_on_every_version(version):
    fake = haproxy("web", version=version)

    execution = carried_out(fake, Plan((NEWCOMER,)))

    assert held(fake) == ["s1 10.0.0.1:80 ready weight=3"]
    assert execution.proven == (ProvenSlot("web", "s1", endpoint("10.0.0.1:80 weight=3")),)
    assert execution.proven_at == 12.5
    assert execution.backends == runtime_of(fake).observe(["web"])
    assert not execution.failed + execution.withheld
    assert not execution.backends_to_repair


@pytest.mark.parametrize("version", SYNCHRONOUS)
def test_ready_stands_behind_the_address_where_that_is_applied_at_once(version):
    fake = haproxy("web", version=version)

    execution = carried_out(fake, Plan((WEIGHTLESS,)))

    assert fake.lines == [
        b"set server web/s1 addr 10.0.0.1 port 80;set server web/s1 state ready;show servers state web\n",
    ]
    assert execution.proven == (ProvenSlot("web", "s1", endpoint("10.0.0.1:80")),)
    assert execution.backends == runtime_of(fake).observe(["web"])


@pytest.mark.parametrize("version", ["2.9.1", *WITH_WAIT])
def test_ready_waits_for_the_read_back_where_an_address_may_be_late(version):
    fake = haproxy("web", version=version)

    carried_out(fake, Plan((WEIGHTLESS,)))

    assert fake.lines[-1] == b"set server web/s1 state ready;show servers state web\n"


@pytest.mark.parametrize("version", SYNCHRONOUS)
def test_ready_waits_for_the_read_back_where_a_weight_may_be_refused(version):
    fake = haproxy("web", version=version)

    carried_out(fake, Plan((NEWCOMER,)))

    assert fake.lines == [
        b"set server web/s1 addr 10.0.0.1 port 80;set server web/s1 weight 3;show servers state web\n",
        b"set server web/s1 state ready;show servers state web\n",
    ]


@pytest.mark.parametrize("version", WITH_WAIT)
def test_a_barrier_stands_between_an_address_and_its_read_back(version):
    fake = haproxy("web", version=version)

    carried_out(fake, Plan((NEWCOMER,)))

    assert fake.lines[0].endswith(b"weight 3;wait 1ms;show servers state web\n")
    assert len(fake.lines) == 2


def test_a_pause_is_the_barrier_where_haproxy_has_none():
    fake = haproxy("web", version="2.9.1")
    pauses: list[float] = []

    execute(Plan((NEWCOMER,)), runtime_of(fake), pause=pauses.append)

    assert pauses == [0.001]
    assert held(fake) == ["s1 10.0.0.1:80 ready weight=3"]


def test_a_backend_with_nothing_to_prepare_costs_one_connection():
    fake = haproxy("web")
    fake.slot("web", "s1").ip = "10.0.0.1"

    execution = carried_out(fake, Plan((part("", "s1 ready", s1="10.0.0.1:1"),)))

    assert fake.lines == [b"set server web/s1 state ready;show servers state web\n"]
    assert [proof.slot for proof in execution.proven] == ["s1"]


def test_a_backend_with_nothing_to_activate_costs_one_connection():
    fake = haproxy("web")

    execution = carried_out(fake, Plan((part("s1 weight 3"),)))

    assert len(fake.lines) == 1
    assert execution.backends["web"].slots[0].weight == 3
    assert not execution.backends_to_repair


def test_a_plan_without_commands_says_nothing_to_haproxy():
    fake = haproxy("web")

    execution = carried_out(fake, Plan((part(s1="10.0.0.1:80"),)))

    assert fake.lines == []
    assert execution == Execution(proven_at=12.5)


def test_many_backends_share_their_connections():
    fake = haproxy(*(f"b{number}" for number in range(20)))
    parts = [part("s1 addr 10.0.0.1:80", "s1 ready", backend=f"b{number}", s1="10.0.0.1:80") for number in range(20)]

    execution = carried_out(fake, Plan(tuple(parts)))

    assert len(fake.lines) == 2
    assert len(execution.proven) == 20


def test_a_slot_read_back_with_another_address_is_not_made_ready():
    fake = haproxy("web")
    plan = Plan((part("s1 addr 10.0.0.1:80", "s1 ready", s1="10.0.0.2:80"),))

    execution = carried_out(fake, plan)

    assert held(fake) == ["s1 10.0.0.1:80 maint weight=1"]
    assert execution.withheld == steps("web", "s1 ready")
    assert execution.backends_to_repair == {"web"}
    assert not execution.proven


def test_a_slot_whose_weight_haproxy_refuses_is_not_made_ready():
    fake = FakeHAProxy("backend web\n balance source\n server-template s 1-2 127.0.0.1:1 disabled\n")

    execution = carried_out(fake, Plan((NEWCOMER,)))

    assert held(fake) == ["s1 10.0.0.1:80 maint weight=1"]
    assert [str(outcome.command) for outcome in execution.failed] == ["set server web/s1 weight 3"]
    assert execution.backends_to_repair == {"web"}


def test_the_last_slot_that_serves_stays_while_its_successor_is_unproven():
    fake = FakeHAProxy("backend web\n balance source\n server s1 10.0.0.9:80\n server s2 127.0.0.1:1 disabled\n")
    plan = Plan((part("s2 addr 10.0.0.1:80; s2 weight 3", "s2 ready; s1 maint", s2="10.0.0.1:80 weight=3"),))

    execution = carried_out(fake, plan)

    assert held(fake) == ["s1 10.0.0.9:80 ready weight=1", "s2 10.0.0.1:80 maint weight=1"]
    assert execution.withheld == steps("web", "s2 ready; s1 maint")


def test_the_last_slot_that_serves_stays_while_a_slot_that_is_told_to_be_ready_is_not_what_it_should_be():
    fake = WatchedHAProxy("backend web\n server s1 10.0.0.9:80\n server s2 10.0.0.3:80 disabled\n")
    fake.lies.append("s2 addr")

    execution = carried_out(fake, Plan((part("s2 addr 10.0.0.1:80", "s2 ready; s1 maint", s2="10.0.0.1:80"),)))

    assert len(fake.lines) == 1
    assert execution.withheld == steps("web", "s1 maint")
    assert execution.backends_to_repair == {"web"}
    assert not execution.proven


def test_those_that_leave_go_behind_the_read_back_of_who_was_told_to_be_ready():
    fake = FakeHAProxy("backend web\n server s1 10.0.0.9:80\n server s2 10.0.0.3:80 disabled\n")

    execution = carried_out(fake, Plan((part("s2 addr 10.0.0.1:80", "s2 ready; s1 maint", s2="10.0.0.1:80"),)))

    assert fake.lines[1:] == [b"set server web/s1 state maint;show servers state web\n"]
    assert held(fake) == ["s1 10.0.0.9:80 maint weight=1", "s2 10.0.0.1:80 ready weight=1"]
    assert [proof.slot for proof in execution.proven] == ["s2"]


def test_those_that_leave_go_once_one_of_several_newcomers_serves():
    fake = haproxy("web")
    fake.reload("backend web\n server s1 10.0.0.9:80\n server-template s 2-3 127.0.0.1:1 disabled\n")
    prepare = "s2 addr 10.0.0.1:80; s3 addr 10.0.0.3:80"
    plan = Plan((part(prepare, "s2 ready; s3 ready; s1 maint", s2="10.0.0.1:80", s3="10.0.0.2:80"),))

    execution = carried_out(fake, plan)

    assert held(fake) == [
        "s1 10.0.0.9:80 maint weight=1",
        "s2 10.0.0.1:80 ready weight=1",
        "s3 10.0.0.3:80 maint weight=1",
    ]
    assert execution.withheld == steps("web", "s3 ready")
    assert execution.backends_to_repair == {"web"}


def test_a_newcomer_without_weight_does_not_count_as_serving():
    fake = FakeHAProxy("backend web\n server s1 10.0.0.9:80\n server-template s 2-3 127.0.0.1:1 disabled\n")
    plan = Plan(
        (
            part(
                "s2 addr 10.0.0.1:80; s2 weight 0; s3 addr 10.0.0.3:80",
                "s2 ready; s3 ready; s1 maint",
                s2="10.0.0.1:80 weight=0",
                s3="10.0.0.2:80",
            ),
        )
    )

    execution = carried_out(fake, plan)

    assert execution.withheld == steps("web", "s3 ready; s1 maint")


def test_a_backend_may_be_emptied_when_that_is_the_plan():
    fake = FakeHAProxy("backend web\n server s1 10.0.0.9:80\n")

    execution = carried_out(fake, Plan((part("s1 weight 2", "s1 maint"),)))

    assert held(fake) == ["s1 10.0.0.9:80 maint weight=2"]
    assert not execution.backends_to_repair


def test_a_backend_that_haproxy_does_not_have_needs_repair():
    fake = haproxy("api")

    execution = carried_out(fake, Plan((NEWCOMER,)))

    assert execution.backends == {}
    assert execution.withheld == steps("web", "s1 ready")
    assert [outcome.text for outcome in execution.failed] == ["No such backend."] * 2
    assert execution.backends_to_repair == {"web"}


def test_a_slot_that_haproxy_does_not_have_needs_repair():
    fake = haproxy("web", slots=1)

    execution = carried_out(fake, Plan((part("s2 addr 10.0.0.1:80", "s2 ready", s2="10.0.0.1:80"),)))

    assert execution.backends_to_repair == {"web"}


def test_two_addresses_of_one_slot_without_a_barrier_are_our_own_mistake():
    fake = haproxy("web")

    with pytest.raises(AssertionError):
        carried_out(fake, Plan((part("s1 addr 10.0.0.1:80; s1 addr 10.0.0.2:80"),)))


def test_routes_change_once_slots_are_ready_and_before_unwanted_ones_leave():
    fake = haproxy("web", "gone")
    fake.slot("gone", "s1").admin = 0
    entry = AddMapEntry(MapName.PREFIX, "a.example/", "web")
    plan = Plan((NEWCOMER,), entries=(entry,), retire=steps("gone", "s1 maint"))

    execution = carried_out(fake, plan)

    assert fake.maps[f"{MAPS}/prefix.map"] == {"a.example/": "web"}
    assert fake.slot("gone", "s1").is_in_maint
    assert [command for command in fake.commands if "show" not in command][2:] == [
        "set server web/s1 state ready",
        "add map /run/maps/prefix.map a.example/ web",
        "set server gone/s1 state maint",
    ]
    assert not execution.backends_to_repair | execution.entries_to_repair
    assert set(execution.backends) == {"web", "gone"}


def test_a_map_entry_that_haproxy_refuses_needs_repair():
    fake = haproxy("web")

    execution = carried_out(fake, Plan(entries=(DeleteMapEntry(MapName.HOSTS, "a.example"),)))

    assert execution.entries_to_repair == {(MapName.HOSTS, "a.example")}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", [CutRequest, CutReply])
@pytest.mark.parametrize("newcomer", [NEWCOMER, WEIGHTLESS])
def test_a_connection_cut_anywhere_leaves_nothing_ready_that_nobody_wants(version, fault, newcomer):
    lines = carried_out_lines(version, newcomer)
    seat = newcomer.seating.seats["s1"]
    for connection, line in enumerate(lines):
        for cut in range(len(line)):
            fake = haproxy("web", version=version)
            fake.faults = [CutReply(1 << 20)] * connection + [fault(cut)]
            try:
                carried_out(fake, Plan((newcomer,)))
            except TemporaryError as error:
                assert isinstance(error, ReplyCutShort)  # noqa: PT017 - in a loop over every byte
            fake.faults.clear()
            assert set(held(fake)) <= {
                "s1 10.0.0.1:80 maint weight=1",
                "s1 10.0.0.1:80 maint weight=3",
                f"s1 10.0.0.1:80 ready weight={seat.weight}",
            }


def carried_out_lines(version: str, newcomer: BackendPlan) -> list[bytes]:
    fake = haproxy("web", version=version)
    carried_out(fake, Plan((newcomer,)))
    return fake.lines


def fake_of_all_versions_to_come() -> FakeHAProxy:
    return FakeHAProxy("defaults hadyn\nbackend other\n server s1 10.0.0.9:80 disabled\n", version="3.4.7")


def test_a_backend_that_comes_by_command_is_ready_after_two_connections():
    fake = fake_of_all_versions_to_come()
    wanted = planned(backend("10.0.0.1:80 weight=3", "[fd00::2]:80", slots=3), None, fake.capabilities)

    execution = carried_out(fake, Plan((wanted,)))

    assert len(fake.lines) == 2
    assert held(fake) == ["s2 [fd00::2]:80 ready weight=1", "s1 10.0.0.1:80 ready weight=3"]
    assert [proof.slot for proof in execution.proven] == ["s1", "s2"]
    assert not execution.failed
    assert not execution.backends_to_repair
    assert fake.traits.unpublished == set()


def test_a_backend_cut_off_while_it_comes_is_finished_by_the_next_plan():
    fake = fake_of_all_versions_to_come()
    wanted = backend("10.0.0.1:80", slots=3)
    fake.converse(b"add backend web from hadyn;add server web/s1 10.0.0.1:80 weight 1\n")

    observed = runtime_of(fake).observe(["web"])["web"]
    execution = carried_out(fake, Plan((planned(wanted, observed, fake.capabilities),)))

    assert held(fake) == ["s1 10.0.0.1:80 ready weight=1"]
    assert len(fake.backends["web"]) == 3
    assert not execution.failed


def test_slots_that_haproxy_does_not_add_leave_a_backend_to_repair():
    fake = FakeHAProxy("backend web\n balance source\n server s1 10.0.0.9:80\n", version="3.2.26")
    observed = runtime_of(fake).observe(["web"])["web"]
    wanted = planned(backend("10.0.0.9:80", "10.0.0.1:80"), observed, fake.capabilities)

    execution = carried_out(fake, Plan((wanted,)))

    assert execution.backends_to_repair == {"web"}
    assert execution.withheld == steps("web", "s2 ready")


def test_a_backend_that_nobody_wants_is_taken_away():
    fake = fake_of_all_versions_to_come()
    fake.pass_time(60)
    removal = plan_removal(runtime_of(fake).observe(["other"])["other"], fake.capabilities)

    execution = carried_out(fake, Plan(remove=removal))

    assert fake.backends == {}
    assert execution.backends == {}
    assert not execution.failed


def test_what_cannot_be_taken_away_yet_is_neither_a_failure_nor_to_repair():
    fake = fake_of_all_versions_to_come()
    fake.pass_time(60)
    fake.slot("other", "s1").sessions = 1
    removal = plan_removal(runtime_of(fake).observe(["other"])["other"], Capabilities((3, 4)))

    execution = carried_out(fake, Plan(remove=removal))

    assert list(execution.backends) == ["other"]
    assert not execution.failed
    assert not execution.backends_to_repair
