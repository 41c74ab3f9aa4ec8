"""Each line of docs/haproxy-facts.md that is about the runtime socket, shown on every HAProxy at hand.

A test with the mark ``fact("anchor")`` proves the section of that name; any module of
this folder may hold some, and each section has at least one.
"""

from __future__ import annotations

import ast
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from hadyn.errors import SocketTimeout
from hadyn.runtime.connection import unix_conversation
from integration.conftest import Start
from integration.haproxies import HAProxyBinary, RunningHAProxy

ROOT = Path(__file__).parent.parent
ONE_SLOT = "backend web\n  server-template s 1-2 127.0.0.1:1 disabled\n"
MAPPED = "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[path,map({folder}/a.map)]\n"
ROUNDS = 50


def stated_facts() -> list[str]:
    return re.findall(r"^## ([a-z0-9-]+)$", (ROOT / "docs" / "haproxy-facts.md").read_text(), re.MULTILINE)


def proven_facts() -> list[str]:
    return [
        mark.args[0].value
        for module in sorted((ROOT / "integration").glob("test_*.py"))
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fact"
    ]


def cited_facts() -> set[str]:
    texts = [
        path.read_text()
        for folder, pattern in (("hadyn", "*.py"), ("docs", "*.md"), ("integration", "*.py"), ("tests", "*.py"))
        for path in (ROOT / folder).rglob(pattern)
    ]
    return {anchor for text in texts for anchor in re.findall(r"haproxy-facts\.md#([a-z0-9-]+)", text)}


def test_each_fact_about_haproxy_is_stated_once_and_proven():
    assert sorted(set(proven_facts())) == sorted(stated_facts())


def test_each_fact_that_is_cited_is_stated():
    assert cited_facts() <= set(stated_facts())


@pytest.fixture
def web(start: Start) -> RunningHAProxy:
    return start(ONE_SLOT)


def column(running: RunningHAProxy, name: str, backend: str = "web") -> list[str]:
    """Return one column of ``show servers state``, a value for each slot."""
    _, header, *rows = running.say(f"show servers state {backend}").strip().split("\n")
    return [row.split()[header.split().index(name) - 1] for row in rows]


@pytest.mark.fact("ports-wrap")
def test_a_port_out_of_range_is_taken_for_another(web):
    said = web.say("set server web/s1 addr 10.0.0.1 port 70000")
    web.wait_until(lambda: column(web, "srv_port")[0] == "4464")

    assert "port changed from '1' to '4464'" in said


@pytest.mark.fact("severity-does-not-judge")
def test_success_and_failure_have_the_same_severity(web):
    good = web.say("set severity-output number;set server web/s1 addr 10.0.0.1 port 80")
    bad = web.say("set severity-output number;set server web/s1 addr nowhere port 80")

    assert good.strip().startswith("[4]: IP changed from")
    assert bad.strip().startswith("[4]: Invalid addr 'nowhere'")


@pytest.mark.fact("replies-end-with-an-empty-line")
def test_a_reply_ends_with_an_empty_line_but_for_some_of_old_versions(web, haproxy):
    good = web.say("show cli level;set server web/s1 weight 3;show cli level")
    bad = web.say("set server web/s1 weight x")

    assert good == "admin\n\n\nadmin\n\n"
    assert bad.count("\n") == (2 if haproxy.is_at_least(2, 8) else 1)


@pytest.mark.fact("only-first-line-runs")
def test_only_the_first_line_of_a_connection_runs_from_three_on(web, haproxy):
    web.say("set server web/s1 weight 11", "set server web/s2 weight 12")

    assert column(web, "srv_uweight") == ["11", "1" if haproxy.is_at_least(3, 0) else "12"]


@pytest.mark.fact("a-cut-line-runs-in-part")
def test_a_line_without_its_end_runs_up_to_its_last_semicolon_in_old_versions(web, haproxy):
    web.cut_request(b"set server web/s1 weight 11;set server web/s2 weight 12", 40)

    assert column(web, "srv_uweight") == ["1" if haproxy.is_at_least(3, 1) else "11", "1"]


@pytest.mark.fact("ten-connections")
def test_an_eleventh_connection_is_taken_but_not_answered(web):
    with ExitStack() as taken:
        for _ in range(10):
            taken.enter_context(web.kept_connection())
        with pytest.raises(SocketTimeout):
            unix_conversation(web.runtime_socket, timeout_seconds=0.1)(b"show cli level\n")

    assert web.say("show cli level") == "admin\n\n"


@pytest.mark.fact("addr-is-asynchronous")
def test_a_second_address_behind_the_first_is_lost_from_two_nine_on(web, haproxy):
    web.say("set server web/s1 addr 10.0.0.1 port 80")
    web.wait_until(lambda: column(web, "srv_addr")[0] == "10.0.0.1")

    said = web.say("set server web/s1 addr 10.0.0.2 port 80;set server web/s1 addr 10.0.0.1 port 80")
    last = "10.0.0.2" if haproxy.is_at_least(2, 9) else "10.0.0.1"
    web.wait_until(lambda: column(web, "srv_addr")[0] == last)

    assert said.strip().endswith("nothing changed") == haproxy.is_at_least(2, 9)


@pytest.mark.fact("addr-is-there-for-the-next-command")
def test_an_address_is_there_for_the_next_command_until_two_eight_and_never_refused(web, haproxy):
    for number in range(1, ROUNDS):
        address = ("10.0.0.{0}", "fd00::{0}")[number % 2].format(number)
        said = web.say(
            f"set server web/s1 addr {address} port 80;set server web/s1 state ready;show servers state web;"
            "set server web/s1 state maint"
        )
        assert said.startswith("IP changed from")
        assert f" s1 {address} " in said or haproxy.is_at_least(2, 9)
        web.wait_until(lambda: column(web, "srv_addr")[0] == address)  # noqa: B023 - asked at once


@pytest.mark.fact("wait-is-a-barrier")
def test_an_address_shows_behind_a_wait_in_the_same_line(web, haproxy):
    barrier = "wait 1ms;" if haproxy.is_at_least(3, 0) else ""
    for number in range(1, ROUNDS):
        said = web.say(f"set server web/s1 addr 10.0.0.{number} port 80;{barrier}show servers state web")
        assert f" s1 10.0.0.{number} " in said

    assert web.say("wait 1ms").startswith("Done." if haproxy.is_at_least(3, 0) else "Unknown command")


@pytest.mark.fact("admin-bits")
def test_the_word_disabled_stays_in_the_admin_bits_for_ever(web):
    seen = column(web, "srv_admin_state")[:1]
    for state in ("ready", "drain", "maint", "ready"):
        web.say(f"set server web/s1 state {state}")
        seen += column(web, "srv_admin_state")[:1]

    assert seen == ["5", "4", "12", "5", "4"]


@pytest.mark.fact("age-of-a-state")
def test_the_age_of_a_slot_starts_anew_with_maint(web):
    web.say("set server web/s1 state ready")
    web.wait_until(lambda: column(web, "srv_time_since_last_change")[0] != "0")

    web.say("set server web/s1 state maint")

    assert column(web, "srv_time_since_last_change")[0] == "0"


@pytest.mark.fact("unset-address-stays")
def test_a_slot_without_an_address_never_gets_one(start):
    running = start("backend web\n  server-template s 1-2 slot.invalid:1 init-addr none disabled\n")

    said = running.say("set server web/s1 addr 10.0.0.1 port 80")

    assert "only supported through configuration file" in said
    assert column(running, "srv_addr")[0] == "-"


@pytest.mark.fact("placeholder-is-an-ip")
def test_a_slot_with_a_placeholder_gets_addresses_of_both_families(web):
    web.say("set server web/s1 addr fd00::1 port 80")
    web.wait_until(lambda: column(web, "srv_addr")[0] == "fd00::1")
    web.say("set server web/s1 addr 10.0.0.1 port 80")
    web.wait_until(lambda: column(web, "srv_addr")[0] == "10.0.0.1")


@pytest.mark.fact("static-algorithms-refuse-weights")
def test_a_static_algorithm_takes_no_weight_but_its_own(start):
    running = start("backend web\n  balance source\n  server-template s 1-2 127.0.0.1:1 weight 2 disabled\n")

    replies = [running.say(f"set server web/s1 weight {weight}").strip() for weight in (2, 0, 3)]

    assert replies[:2] == ["", ""]
    assert replies[2].startswith("Backend is using a static LB algorithm and only accepts weights")


@pytest.mark.fact("maps-need-no-level")
def test_a_socket_to_look_at_may_change_maps_before_three_four(haproxy, start):
    running = start(MAPPED, files={"a.map": "/a web\n"}, level="user")

    said = running.say("del map {folder}/a.map /a;set server web/s1 weight 3")

    assert said.split("\n\n") == (
        ["Permission denied", "Permission denied", ""] if haproxy.is_at_least(3, 4) else ["\nPermission denied", ""]
    )


@pytest.mark.fact("duplicate-map-keys")
def test_a_key_may_stand_in_a_map_twice_and_be_removed_once(haproxy, start):
    running = start(MAPPED, files={"a.map": ""})

    said = running.say("add map {folder}/a.map /a x;add map {folder}/a.map /a y;del map {folder}/a.map /a")

    assert said == "\n\n\n"
    assert running.say("show map {folder}/a.map").count("/a y") == (1 if haproxy.is_at_least(3, 4) else 0)


@pytest.mark.fact("a-kept-connection-stays-with-the-old-worker")
def test_a_connection_kept_over_a_reload_talks_to_the_old_worker(start):
    running = start(ONE_SLOT, is_master=True)
    before = running.pid()
    with running.kept_connection() as connection:
        running.reload()
        connection.sendall(b"show info\n")
        said = connection.recv(65536).decode()

    assert f"Pid: {before}\n" in said
    assert running.pid() != before


@pytest.mark.fact("one-socket-a-folder")
def test_the_master_keeps_its_socket_open_behind_an_answer(start):
    running = start(ONE_SLOT, is_master=True)

    with pytest.raises(SocketTimeout):
        unix_conversation(running.master_socket, timeout_seconds=0.2)(b"show version\n")
    assert unix_conversation(running.runtime_socket, timeout_seconds=2)(b"show version\n")


def test_no_binary_is_older_than_hadyn_supports(haproxy: HAProxyBinary):
    assert haproxy.capabilities.is_supported
