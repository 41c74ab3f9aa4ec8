"""Lines of docs/haproxy-facts.md about checks, shown on every HAProxy at hand."""

from __future__ import annotations

import socketserver
import threading

import pytest

from integration.haproxies import RunningHAProxy, free_port
from integration.odd_pods import OddPod

SILENT = """
backend pods
  timeout connect 600ms
  option httpchk GET /silent
  timeout check 100ms
  default-server check inter 3s fall 1
  server s1 {address}
"""
CHECKED = """
backend pods
  balance roundrobin
  option httpchk GET /well
  default-server check inter 400ms fall 2 rise 2
  server s1 {address}
"""
ASKED = """
backend pods
  default-server agent-check agent-port {port} agent-inter 100ms agent-send 'who is "well"?; $HOME '\\n
  server s1 127.0.0.1:1
"""
CONFIGURED, ENABLED = 2, 4
"""Bits of srv_check_state."""


def stat(running: RunningHAProxy, slot: str) -> dict[str, str]:
    titles, *rows = running.say("show stat pods 4 -1").lstrip("# ").strip().split("\n")
    found = (dict(zip(titles.split(","), row.split(","), strict=True)) for row in rows)
    return next(row for row in found if row["svname"] == slot)


def check_state(running: RunningHAProxy, slot: str, column: str = "srv_check_state") -> int:
    _, header, *rows = running.say("show servers state pods").strip().split("\n")
    names = header.removeprefix("# ").split(" ")
    found = (dict(zip(names, row.split(" "), strict=True)) for row in rows)
    return next(int(row[column]) for row in found if row["srv_name"] == slot) & (CONFIGURED | ENABLED)


@pytest.mark.fact("check-timeouts")
def test_a_check_ends_after_its_timeout_or_that_of_connections(start, haproxy):
    with OddPod("silent") as pod:
        pod.dead.add("/silent")
        running = start(SILENT.format(address=pod.address))
        running.wait_until(lambda: stat(running, "s1")["check_status"] == "L7TOUT")
        waited = int(stat(running, "s1")["check_duration"])

    assert 90 <= waited < (1500 if haproxy.branch in ("2.6", "3.0") else 500)


@pytest.mark.fact("checks-of-added-slots")
def test_an_added_slot_whose_checks_were_enabled_before_it_is_ready_is_as_those_of_the_files(start):
    with OddPod("well") as pod, OddPod("ill") as ill:
        ill.ailing.add("/well")
        running = start(CHECKED.format(address=pod.address))
        for slot, address in (("s2", pod.address), ("s3", ill.address), ("s4", pod.address)):
            running.say(f"add server pods/{slot} {address} weight 1 check inter 400ms fall 2 rise 2")
        added = check_state(running, "s2")
        for slot in ("s2", "s3"):
            running.say(f"enable health pods/{slot}")
        enabled = check_state(running, "s2")
        running.say("set server pods/s2 state ready; set server pods/s3 state ready; set server pods/s4 state ready")
        begun = stat(running, "s2")["status"]
        running.wait_until(lambda: stat(running, "s3")["status"] == "DOWN")
        running.wait_until(lambda: stat(running, "s2")["check_status"] == "L7OK")

        assert (added, enabled) == (CONFIGURED, CONFIGURED | ENABLED)
        assert begun.startswith("UP")
        assert stat(running, "s2")["status"] == "UP"
        assert stat(running, "s4")["status"] == "no check"


@pytest.mark.fact("agents-of-added-slots")
def test_an_added_slot_is_up_while_its_agent_is_not_heard_from_version_three_point_four_on(start, haproxy):
    words = f"agent-check agent-port {free_port()} agent-inter 100ms"
    running = start(f"backend pods\n  balance roundrobin\n  server s1 127.0.0.1:1 {words}\n")
    running.say(f"add server pods/s2 127.0.0.1:2 weight 1 {words}")
    added = check_state(running, "s2", "srv_agent_state")
    running.say("enable agent pods/s2; set server pods/s2 state ready")
    running.wait_until(lambda: stat(running, "s2")["agent_status"] == "L4CON")
    begun = stat(running, "s2")["status"]
    running.say("set server pods/s2 state maint; set server pods/s2 state ready")

    assert (added, check_state(running, "s2", "srv_agent_state")) == (CONFIGURED, CONFIGURED | ENABLED)
    is_up = haproxy.branch == "3.4"
    assert ["DOWN" in status for status in (begun, stat(running, "s2")["status"])] == [not is_up] * 2
    assert "DOWN" not in stat(running, "s1")["status"]


@pytest.mark.fact("line-ends-in-words")
def test_a_line_end_behind_quotes_is_part_of_the_word(start):
    heard: list[bytes] = []
    has_heard = threading.Event()

    class Agent(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            heard.append(self.rfile.readline())
            has_heard.set()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Agent) as agent:
        threading.Thread(target=agent.serve_forever, args=(0.01,), daemon=True).start()
        start(ASKED.format(port=agent.server_address[1]))
        assert has_heard.wait(10)
        agent.shutdown()

    assert heard[0] == b'who is "well"?; $HOME \n'
