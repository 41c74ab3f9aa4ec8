"""Whatever breaks off between hadyn and HAProxy, nobody is in danger and the end is the same."""

import pytest

from hadyn.model.problems import ObjectRef
from hadyn.runtime.fake import CutReply, CutRequest, Hang, Refuse
from tests.features.house import House
from tests.given import ingress, service, slice_

VERSIONS = ["2.6.12", "2.8.25", "3.0.11", "3.4.7"]
BEFORE = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
AFTER = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]
STAYING = {"10.0.0.2:80", "10.0.0.3:80"}
EVER_WANTED = {f"10.0.0.{number}:80" for number in range(1, 6)}
WANTED = [f"{ip}:80" for ip in AFTER]
STEP_BYTES = 9
SECOND = ingress("shop", "second", host="b.example", service="web")
# Thousands of changes each, three seconds of a processor: on a machine that gives them a twentieth of one they hang not.
pytestmark = pytest.mark.timeout(600)


def objects(*ips):
    return [ingress("shop", "web"), service("shop", "web"), slice_("shop", "web", *ips)]


def begun(folder, version="2.8.25"):
    house = House(folder, version=version)
    house.begin(*objects(*BEFORE))
    house.fake.moments.clear()
    return house


def change(house):
    """Let some pods come, some go, some stay, and an Ingress come."""
    house.change(slice_("shop", "web", *AFTER), SECOND)


def assert_nobody_was_in_danger(house):
    for moment in house.fake.moments:
        ready = moment["shop_web_80"]
        assert set(ready) <= EVER_WANTED, "somebody was sent to a stranger"
        assert len(set(ready)) == len(ready), "one address in two slots"
        assert set(ready) >= STAYING, "somebody who stays had to pause"
    assert house.fake.moved_while_serving == []


def assert_all_is_well(house):
    assert house.ready() == WANTED
    assert sorted(house.filed().values()) == WANTED
    assert house.routes()["b.example/"] == "shop_web_80"
    assert house.reloads() == {}
    house.sent()
    house.compare_everything()
    assert house.sent() == []


def undo(house):
    """Let all be as before, with nothing to break off."""
    house.fake.faults.clear()
    house.wait(5)
    house.change(slice_("shop", "web", *BEFORE), deletes=(ObjectRef("Ingress", "shop", "second"),))
    house.wait(100)
    house.fake.moments.clear()


def lines_of_a_change(folder, version):
    """What goes over the connections that the change takes, one line each."""
    house = begun(folder, version)
    lines = len(house.fake.lines)
    change(house)
    return house.fake.lines[lines:]


def replies_to_a_change(folder, version):
    """How many bytes come back over each of these connections."""
    house = begun(folder, version)
    house.fake.answered.clear()
    change(house)
    return house.fake.answered


def survives(house, connection, fault):
    """Let a change be broken off at one of its connections; see that it comes to its end in spite of that."""
    house.fake.faults = [None] * connection + [fault]
    change(house)
    assert_nobody_was_in_danger(house)
    house.wait(5)
    assert_nobody_was_in_danger(house)
    assert_all_is_well(house)
    undo(house)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reply_cut_anywhere_endangers_nobody(folder, version):
    sizes = replies_to_a_change(folder, version)
    house = begun(folder, version)
    for connection, size in enumerate(sizes):
        for after_bytes in range(0, size, STEP_BYTES):
            survives(house, connection, CutReply(after_bytes))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_line_cut_anywhere_endangers_nobody(folder, version):
    sizes = [len(line) for line in lines_of_a_change(folder, version)]
    house = begun(folder, version)
    for connection, size in enumerate(sizes):
        for after_bytes in range(size):
            survives(house, connection, CutRequest(after_bytes))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fault", [CutReply(0), CutReply(40), CutRequest(30), Refuse(), Hang()], ids=repr)
def test_a_hadyn_that_dies_after_any_connection_is_followed_by_one_that_ends_its_work(folder, version, fault):
    for connection in range(len(lines_of_a_change(folder, version))):
        house = begun(folder, version)
        house.fake.faults = [None] * connection + [fault]
        house.deliver(slice_("shop", "web", *AFTER), SECOND)
        house.wheel.turn(house._queued())
        house.fake.faults.clear()
        house.restart(*objects(*AFTER), SECOND)
        house.wait(5)
        assert_nobody_was_in_danger(house)
        assert_all_is_well(house)


@pytest.mark.parametrize("silence", [Refuse(), Hang()], ids=["nobody listens", "nobody answers"])
def test_changes_gather_while_haproxy_is_silent_and_are_told_once_it_answers(folder, silence):
    house = begun(folder)
    house.fake.stands = silence
    change(house)
    house.change(slice_("shop", "web", *BEFORE))
    house.wait(3)
    house.change(slice_("shop", "web", *AFTER))
    house.sent()
    house.fake.stands = None
    house.wait(3)
    sent = house.sent()
    assert len([command for command in sent if command.endswith("state ready")]) == 2
    assert_nobody_was_in_danger(house)
    assert_all_is_well(house)


def test_a_silent_haproxy_is_asked_again_with_growing_pauses(folder):
    house = begun(folder)
    house.fake.stands = Refuse()
    change(house)
    pauses = []
    for _ in range(12):
        pause = house.wheel._patience()
        house.clock.now += pause
        house.settle()
        pauses.append(pause)
    # A pause may be cut short by something else that is due, as the writing of files is.
    assert pauses[0] < 0.2
    assert 0.8 <= max(pauses) <= 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_haproxy_that_crashes_amid_changes_begins_with_what_is_wanted(folder, version):
    house = begun(folder, version)
    change(house)
    house.crash_haproxy()
    house.deliver(slice_("shop", "web", *BEFORE))
    house.wait(5)
    assert house.ready() == [f"{ip}:80" for ip in BEFORE]
    assert house.routes()["b.example/"] == "shop_web_80"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_hadyn_that_is_started_again_sends_nothing(folder, version):
    house = begun(folder, version)
    change(house)
    house.wait(5)
    house.sent()
    house.restart(*objects(*AFTER), SECOND)
    assert house.sent() == []
    assert house.reloads() == {}
    assert house.ready() == WANTED


def test_a_hadyn_that_is_started_again_looks_at_each_backend_once(folder):
    house = begun(folder)
    asked = len(house.fake.commands)
    house.restart(*objects(*BEFORE))
    # The second time is the sweep that a house begins with.
    assert house.fake.commands[asked:].count("show servers state shop_web_80") == 2


def test_a_hadyn_that_is_started_again_tells_only_what_changed_meanwhile(folder):
    house = begun(folder)
    house.sent()
    house.restart(*objects("10.0.0.1", "10.0.0.2"), SECOND)
    assert house.sent() == [
        "set server shop_web_80/s3 state maint",
        "add map prefix.map b.example/ shop_web_80",
        "add map hosts.map b.example b.example",
    ]


def test_a_hadyn_that_is_started_without_an_object_of_before_withdraws_it(folder):
    house = begun(folder)
    change(house)
    house.change(deletes=(ObjectRef("Ingress", "shop", "second"),))
    house.restart(*objects(*BEFORE))
    assert "b.example/" not in house.routes()
