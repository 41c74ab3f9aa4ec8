"""Commands become lines, bytes become replies, replies become verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.planner.commands import (
    AddBackend,
    AddMapEntry,
    AddSlot,
    DeleteBackend,
    DeleteMapEntry,
    DeleteSlot,
    PublishBackend,
    SetAddress,
    SetFqdn,
    SetMapEntry,
    SetState,
    SetWeight,
    UnpublishBackend,
)
from hadyn.planner.observed import SlotState
from hadyn.runtime import wire
from hadyn.runtime.wire import ReplyCountMismatch, Verdict, judged, split_replies

ADDRESS = SetAddress("shop_web_80", "s1", Address("10.0.0.7", 8080))
STATE = SetState("shop_web_80", "s1", SlotState.READY)
WEIGHT = SetWeight("shop_web_80", "s1", 3)
ADDED = AddSlot("web", "s3", Address("10.0.0.7", 8080), 3)
ENTRY = SetMapEntry(MapName.PREFIX, "a.example/foo/", "shop_web_80")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (ADDRESS, "set server shop_web_80/s1 addr 10.0.0.7 port 8080"),
        (SetAddress("b", "s2", Address("fd00::1", 1)), "set server b/s2 addr fd00::1 port 1"),
        (STATE, "set server shop_web_80/s1 state ready"),
        (SetState("b", "s2", SlotState.DRAIN), "set server b/s2 state drain"),
        (WEIGHT, "set server shop_web_80/s1 weight 3"),
        (SetFqdn("web", "s1", "_a.b-c.example"), "set server web/s1 fqdn _a.b-c.example"),
        (AddMapEntry(MapName.HOSTS, "a.example", "x"), "add map /run/maps/hosts.map a.example x"),
        (ENTRY, "set map /run/maps/prefix.map a.example/foo/ shop_web_80"),
        (ADDED, "add server web/s3 10.0.0.7:8080 weight 3"),
        (
            AddSlot("web", "s4", Address("fd00::1", 1), 1, ("maxconn", "5")),
            "add server web/s4 [fd00::1]:1 weight 1 maxconn 5",
        ),
        (DeleteSlot("web", "s3"), "del server web/s3"),
        (AddBackend("web"), "add backend web from hadyn"),
        (PublishBackend("web"), "publish backend web"),
        (UnpublishBackend("web"), "unpublish backend web"),
        (DeleteBackend("web"), "del backend web"),
        (DeleteMapEntry(MapName.EXACT, "a.example/é"), "del map /run/maps/exact.map a.example/é"),
    ],
)
def test_each_command_is_spelled_as_haproxy_reads_it(command, text):
    assert wire.spelled(command, "/run/maps") == text
    assert list(wire.lines([text])) == [(f"{text}\n".encode(), 1)]


@pytest.mark.parametrize("value", ["a b", "a;b", "a\nb", "a\\b", "a\tb", "a\x00", "a\x7f", "a<<", "", "\udc80"])
def test_a_value_that_would_be_a_second_command_never_leaves(value):
    commands = [
        AddMapEntry(MapName.EXACT, value, "x"),
        SetMapEntry(MapName.EXACT, "x", value),
        DeleteMapEntry(MapName.EXACT, value),
        SetState(value, "s1", SlotState.READY),
        SetWeight("web", value, 1),
        AddSlot("web", value, Address("10.0.0.7", 80)),
        DeleteSlot(value, "s1"),
        AddBackend(value),
        PublishBackend(value),
        DeleteBackend(value),
    ]
    for command in commands:
        with pytest.raises(AssertionError):
            list(wire.lines([wire.spelled(command, "/maps")]))


@given(st.text(), st.text())
def test_no_text_makes_a_line_of_more_commands_than_were_meant(key, value):
    try:
        ((line, count),) = wire.lines([wire.spelled(AddMapEntry(MapName.EXACT, key, value), "/maps")])
    except AssertionError:
        return
    assert count == 1
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b";" not in line
    assert len(line.split(b" ")) == 5


def test_a_line_holds_at_most_a_hundred_commands():
    texts = [wire.spelled(SetWeight("b", f"s{number}", 1), "") for number in range(250)]

    counts = [count for _, count in wire.lines(texts)]

    assert counts == [100, 100, 50]


@given(st.lists(st.integers(1, 7900), max_size=30))
def test_a_line_holds_at_most_eight_thousand_bytes(lengths):
    texts = [f"del map /m {'k' * length}" for length in lengths]

    lines = list(wire.lines(texts))

    assert all(len(line) <= wire.MAX_LINE_BYTES for line, _ in lines)
    assert ";".join(line.decode().rstrip("\n") for line, _ in lines) == ";".join(texts)
    assert [line.count(b";") + 1 for line, _ in lines] == [count for _, count in lines]


def test_a_command_longer_than_a_line_is_our_own_mistake():
    with pytest.raises(AssertionError):
        list(wire.lines([f"del map /m {'k' * 8000}"]))


@pytest.mark.parametrize(
    ("received", "replies"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"\n\n\n", ["", "", ""]),
        (b"IP changed\n\n", ["IP changed"]),
        (b"\nIP changed\n\n\n", ["", "IP changed", ""]),
        (b"1\n# names\nrow\n\n\n", ["1\n# names\nrow", ""]),
        (b"0x1 a.example/\xff x\n\n", ["0x1 a.example/\udcff x"]),
    ],
)
def test_replies_are_cut_at_their_empty_lines(received, replies):
    assert split_replies(received, len(replies)) == replies


@pytest.mark.parametrize(
    ("received", "count"),
    [
        (b"", 1),
        (b"\n", 2),
        (b"\n\n", 1),
        (b"No such server.\n", 1),  # the empty line is missing
        (b"No such server.\n\n\n", 3),  # 2.6 left one out: the second reply ate the third's
        (b"\nhalf of a rep", 2),
        (b"\nwhole\n\nand half", 2),
    ],
)
def test_another_number_of_replies_than_commands_is_refused(received, count):
    with pytest.raises(ReplyCountMismatch):
        split_replies(received, count)


@given(st.binary(), st.integers(0, 5))
def test_any_bytes_give_replies_or_the_one_documented_error(received, count):
    try:
        replies = split_replies(received, count)
    except ReplyCountMismatch:
        return
    assert len(replies) == count


@given(st.lists(st.sampled_from(["", "said", "two\nlines", "\u00e9"]), max_size=6))
def test_replies_of_all_kinds_are_cut_where_they_were_joined(said):
    received = "".join(f"{reply}\n\n" if reply else "\n" for reply in said).encode()
    assert split_replies(received, len(said)) == said


BY = " by 'stats socket command'"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (ADDRESS, f"IP changed from '127.0.0.1' to '10.0.0.7', port changed from '1' to '8080'{BY}"),
        (ADDRESS, f"IP changed from '10.0.0.6' to '10.0.0.7', no need to change the port{BY}"),
        (ADDRESS, f"no need to change the addr, port changed from '1' to '8080'{BY}"),
        (ADDRESS, f"no need to change the addr, no need to change the port{BY}"),
        (ADDRESS, f"IP changed from '::1' to '10.0.0.7'{BY}"),
        (ADDRESS, f"port changed from '1' to '8080'{BY}"),
        (ADDRESS, "nothing changed"),
        (STATE, ""),
        (WEIGHT, ""),
        (ENTRY, ""),
        (ADDED, "New server registered."),
        (DeleteSlot("web", "s3"), "Server deleted."),
        (AddBackend("web"), "New backend registered."),
        (PublishBackend("web"), "Backend published."),
        (UnpublishBackend("web"), "Backend unpublished."),
        (DeleteBackend("web"), "Server web/s3 is UP/READY (leaving forced maintenance).\nBackend deleted."),
    ],
)
def test_known_texts_say_that_a_command_is_done(command, reply):
    assert judged(command, reply).verdict is Verdict.DONE


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (ADDRESS, f"no need to change the addr, problem converting port 'abc' to an int{BY}"),
        (ADDRESS, f"IP changed from '1.1.1.1' to '2.2.2.2', can't change <port> to port map because it is{BY}"),
        (ADDRESS, f"Update for the current server address family is only supported through configuration file.{BY}"),
        (ADDRESS, "Invalid addr 'x'"),
        (ADDRESS, "No such server."),
        (STATE, "No such backend."),
        (STATE, "Require 'backend/server'."),
        (STATE, "Permission denied"),
        (STATE, "[3]: Permission denied"),
        (STATE, "Unknown command: 'set', but maybe one of the following ones is a better match:\n  help"),
        (STATE, "'set server <srv> state' expects 'ready', 'drain' and 'maint'."),
        (WEIGHT, "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."),
        (WEIGHT, "Absolute weight can only be between 0 and 256 inclusive."),
        (ENTRY, "entry not found."),
        (ENTRY, "Key not found."),
        (ENTRY, "Unknown map identifier. Please use #<id> or <file>."),
        (ADDED, "Already exists a server with the same name in backend."),
        (ADDED, "Backend must use a dynamic load balancing to support dynamic servers."),
        (DeleteSlot("web", "s3"), "Server still has connections attached to it, cannot remove it."),
        (AddBackend("web"), "Error during backend creation : name is already used by other proxy 'backend web'."),
        (DeleteBackend("web"), "Only a backend without server can be deleted."),
    ],
)
def test_known_texts_say_that_a_command_failed(command, reply):
    assert judged(command, reply).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (ADDRESS, ""),
        (ADDRESS, "IP changed"),
        (ADDRESS, f"IP changed from '1.1.1.1' to '10.0.0.7', something else{BY}"),
        (ADDRESS, f"IP changed from '1.1.1.1' to '10.0.0.7'{BY}\nand a second line"),
        (STATE, f"IP changed from '127.0.0.1' to '10.0.0.7'{BY}"),
        (WEIGHT, "1 (initial 1)"),
        (ENTRY, "> "),
    ],
)
def test_a_text_nobody_knows_counts_as_failure(command, reply):
    assert judged(command, reply).verdict is Verdict.UNKNOWN


def test_an_outcome_is_shown_without_letting_haproxy_steer_the_terminal():
    assert str(judged(WEIGHT, "No such\x1b[2J server.")) == (
        "set server shop_web_80/s1 weight 3: unknown 'No such\\x1b[2J server.'"
    )
