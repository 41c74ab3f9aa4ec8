"""A Runtime asks, sends, counts and translates what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hadyn.errors import (
    HadynError,
    NotHAProxy,
    ReplyCutShort,
    ReplyNotUnderstood,
    SocketTimeout,
    SocketUnreachable,
    WrongUsage,
)
from hadyn.model.desired import MapName
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddMapEntry, DeleteMapEntry, SetMapEntry
from hadyn.planner.observed import ObservedBackend, Serving
from hadyn.runtime.client import Runtime, identify
from hadyn.runtime.connection import unix_conversation
from hadyn.runtime.fake import CutReply, Hang, Refuse
from hadyn.runtime.wire import Verdict
from tests.runtime.given import MAPS, VERSIONS, haproxy, held, runtime_of, steps


def answering(reply: bytes) -> Runtime:
    """Return a Runtime that hears the same whatever it says."""
    return Runtime(lambda _: reply, capabilities=Capabilities((2, 8)), map_folder=MAPS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_hundred_backends_are_read_on_two_connections(version):
    fake = haproxy(*(f"b{number}" for number in range(100)), version=version)

    observed = runtime_of(fake).observe([f"b{number}" for number in range(100)])

    assert len(observed) == 100
    assert len(fake.lines) == 2


def test_a_backend_that_haproxy_does_not_have_is_missing():
    fake = haproxy("web")

    assert set(runtime_of(fake).observe(["gone", "web"])) == {"web"}


def test_a_backend_without_slots_is_there():
    fake = haproxy("_503", slots=0)
    empty = {"_503": ObservedBackend("_503")}

    assert runtime_of(fake).observe(["_503"]) == empty
    assert runtime_of(fake).observe(None) == empty


def test_all_backends_are_read_as_one_by_one():
    fake = haproxy("web", "api")
    fake.slot("web", "s2").sessions = 7
    fake.slot("api", "s1").admin = 0

    everything = runtime_of(fake).observe(None)

    assert everything == runtime_of(fake).observe(["web", "api"])
    assert everything["web"].slots[1].sessions == 7


def test_backends_are_observed_in_portions_each_once():
    fake = haproxy(*(f"b{number:03}" for number in range(120)), "_503")
    fake.backends["_503"].clear()

    portions = list(runtime_of(fake).observe_in_portions(50))

    assert [len(portion) for portion in portions] == [50, 50, 20]
    assert [name for portion in portions for name in portion] == [f"b{number:03}" for number in range(120)]


def test_who_takes_requests_is_told_for_every_backend_that_is_there():
    fake = haproxy("web", "api")
    runtime_of(fake).send(steps("web", "s2 addr 10.0.0.2:80; s2 weight 3; s2 ready"))

    found = runtime_of(fake).observe_serving(["web", "gone", "api"])

    assert found == {"web": Serving(4, [("s2", "10.0.0.2:80", "3")]), "api": Serving(4, [])}


def test_slots_are_read_without_asking_for_sessions():
    fake = haproxy("web")
    fake.slot("web", "s2").sessions = 7

    observed = runtime_of(fake).observe_slots(["web", "gone"])

    assert [slot.sessions for slot in observed["web"].slots] == [0, 0, 0, 0]
    assert fake.commands == ["show servers state web", "show servers state gone"]


def test_no_backends_are_asked_for_without_a_connection():
    fake = haproxy("web")

    assert runtime_of(fake).observe([]) == {}
    assert fake.lines == []


def test_commands_behind_one_that_fails_are_carried_out():
    fake = haproxy("web")

    outcomes = runtime_of(fake).send(steps("web", "s1 weight 3; s9 weight 3; s2 addr 10.0.0.2:80"))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.DONE, Verdict.FAILED, Verdict.DONE]
    assert outcomes[1].text == "No such server."
    assert held(fake) == ["s2 10.0.0.2:80 maint weight=1"]


def test_commands_are_counted_by_kind_and_verdict():
    fake = haproxy("web")
    counted: list[tuple[str, str, int]] = []
    runtime = Runtime(
        fake.converse,
        capabilities=fake.capabilities,
        map_folder=MAPS,
        observer=lambda *figures: counted.append(figures),
    )

    runtime.send([*steps("web", "s1 weight 3; s2 weight 3; s9 ready"), DeleteMapEntry(MapName.HOSTS, "a.example")])

    assert sorted(counted) == [("map", "failed", 1), ("state", "failed", 1), ("weight", "done", 2)]


def test_map_entries_are_added_changed_and_removed():
    fake = haproxy("web")
    runtime = runtime_of(fake)

    outcomes = runtime.send(
        [
            AddMapEntry(MapName.HOSTS, "a.example", "x"),
            AddMapEntry(MapName.HOSTS, "b.example", "x"),
            SetMapEntry(MapName.HOSTS, "a.example", "y"),
            DeleteMapEntry(MapName.HOSTS, "b.example"),
        ]
    )

    assert {outcome.verdict for outcome in outcomes} == {Verdict.DONE}
    assert runtime.read_map("hosts") == {"a.example": "y"}


def test_a_map_that_haproxy_does_not_have_is_empty():
    assert runtime_of(haproxy("web")).read_map("other") == {}


def test_the_process_behind_the_socket_is_told():
    fake = haproxy("web", version="3.2.26-1")
    fake.pass_time(seconds=61)

    identity = runtime_of(fake).identity()

    assert (identity.pid, identity.version, identity.uptime_seconds) == (fake.pid, (3, 2, 26), 61)


def test_another_program_on_the_socket_is_no_haproxy():
    with pytest.raises(NotHAProxy):
        identify(lambda line: line)


def test_a_socket_that_lets_hadyn_only_look_is_refused_with_the_remedy():
    fake = haproxy("web")
    fake.level = "user"

    with pytest.raises(NotHAProxy, match="level admin"):
        identify(fake.converse)


@pytest.mark.parametrize("received", [b"", b"Name: HAProxy\nVersion: 2.8.25\n"])
def test_a_haproxy_that_dies_while_it_answers_may_be_asked_again(received):
    with pytest.raises(ReplyCutShort):
        identify(lambda _: received)


@pytest.mark.parametrize(("fault", "error"), [(Refuse(), SocketUnreachable), (Hang(), SocketTimeout)])
def test_a_haproxy_that_does_not_answer_is_told_by_the_kind_of_error(fault, error):
    fake = haproxy("web")
    fake.stands = fault

    with pytest.raises(error):
        runtime_of(fake).observe(["web"])


def test_a_reply_cut_short_names_how_many_came():
    fake = haproxy("web")
    fake.faults = [CutReply(1)]

    with pytest.raises(ReplyCutShort, match="gave 1 replies to 2 commands"):
        runtime_of(fake).send(steps("web", "s1 weight 3; s2 weight 3"))
    assert fake.commands == ["set server web/s1 weight 3", "set server web/s2 weight 3"]


def test_a_line_is_not_sent_before_the_one_before_is_answered_whole():
    fake = haproxy("web")
    fake.faults = [CutReply(50)]

    with pytest.raises(ReplyCutShort):
        runtime_of(fake).send(steps("web", "; ".join(["s1 weight 3"] * 150)))
    assert len(fake.lines) == 1


def test_haproxy_runs_the_next_line_while_the_replies_to_one_are_looked_at():
    fake = haproxy("web")
    happened: list[str] = []

    def stream(line: bytes) -> Iterator[bytes]:
        happened.append("said")
        received = fake.converse(line)
        return (happened.append("heard") or piece for piece in [received])

    def judge(kind: str, verdict: str, count: int) -> None:
        happened.append(f"{count} counted")

    runtime = Runtime(fake.converse, capabilities=fake.capabilities, map_folder=MAPS, observer=judge, stream=stream)
    runtime.send_and_observe(steps("web", "; ".join(["s1 weight 3"] * 150)), ["web"] * 250)
    assert happened == ["said", "heard", "said", "heard", "said", "150 counted", "heard", "said", "heard"]


ASKED: list[Callable[[Runtime], object]] = [
    lambda runtime: runtime.observe(["web"]),
    lambda runtime: runtime.observe(None),
    lambda runtime: runtime.observe_serving(["web"]),
    lambda runtime: list(runtime.observe_in_portions()),
    lambda runtime: runtime.read_map("hosts"),
]


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("reply", [b"what?\n\n", b"what?\n\nwhat?\n\n", b"2\n# be_id\n\n\n", b"\x00\xff" * 1000])
def test_an_answer_nobody_understands_is_an_error_that_may_be_tried_again(ask, reply):
    with pytest.raises((ReplyNotUnderstood, ReplyCutShort)):
        ask(answering(reply))


@pytest.mark.parametrize("folder", ["/run/my maps", "/run/a;b", "/run/a\\b", ""])
def test_a_folder_that_the_command_line_cannot_name_is_wrong_usage(folder):
    with pytest.raises(WrongUsage):
        Runtime(lambda line: line, capabilities=Capabilities((2, 8)), map_folder=folder)


def test_a_socket_path_longer_than_the_kernel_takes_is_wrong_usage():
    with pytest.raises(WrongUsage):
        unix_conversation("/run/" + "x" * 103)


def test_a_socket_that_is_not_there_is_unreachable(tmp_path):
    with pytest.raises(SocketUnreachable) as caught:
        unix_conversation(tmp_path / "s")(b"show info\n")
    assert isinstance(caught.value, HadynError)
