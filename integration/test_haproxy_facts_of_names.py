"""What HAProxy's own resolver does with slots, as docs/haproxy-facts.md has it, shown on every HAProxy at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from hadyn.planner.observed import ObservedSlot, SlotState
from integration.conftest import Start
from integration.haproxies import RunningHAProxy
from integration.scripted_dns import Asked, ScriptedDns

RECORDS = {"web.example": ["10.99.0.1", "10.99.0.2"], "api.example": ["10.99.1.1"]}
CONFIGURATION = """
resolvers dns
  nameserver test {server}
  timeout resolve 1s
  timeout retry 1s
  hold obsolete 0s

backend web
  default-server resolvers dns resolve-prefer ipv4 resolve-opts prevent-dup-ip init-addr none
  server-template s 1-3 web.example:80 weight 1

backend plain
  server-template s 1-1 127.0.0.1:1 disabled
"""


@pytest.fixture
def web(start: Start) -> Iterator[RunningHAProxy]:
    def answers(asked: Asked) -> Iterable[bytes]:
        yield asked.answer(*(f"A {ip}" for ip in RECORDS.get(asked.name, ())) if asked.type == "A" else ())

    with ScriptedDns(answers) as server:
        yield start(CONFIGURATION.format(server=server.address))


def slots(haproxy: RunningHAProxy) -> list[ObservedSlot]:
    return list(haproxy.runtime().observe(["web"])["web"].slots)


def seated(haproxy: RunningHAProxy) -> list[str]:
    return sorted(slot.address.ip for slot in slots(haproxy) if slot.address and slot.state is SlotState.READY)


@pytest.mark.fact("slots-by-name")
def test_a_slot_with_resolvers_is_haproxys_to_fill(web: RunningHAProxy) -> None:
    web.wait_until(lambda: seated(web) == ["10.99.0.1", "10.99.0.2"])
    (unfilled,) = [slot for slot in slots(web) if slot.address is None]
    assert unfilled.state is SlotState.MAINT
    assert "only supported through configuration file" in web.say(
        f"set server web/{unfilled.name} addr 10.0.0.1 port 80"
    )

    filled = next(slot for slot in slots(web) if slot.address is not None)
    web.say(f"set server web/{filled.name} state maint")
    web.wait_until(lambda: len(seated(web)) == 1)
    assert next(slot for slot in slots(web) if slot.name == filled.name).address == filled.address
    web.say(f"set server web/{filled.name} state ready")
    web.wait_until(lambda: len(seated(web)) == 2)

    said = web.say(";".join(f"set server web/s{number} fqdn api.example" for number in (1, 2, 3)))
    assert said.count("changed its FQDN from web.example to api.example") == 3
    assert seated(web), "what sat there stays until the new name is resolved"
    web.wait_until(lambda: seated(web) == ["10.99.1.1"])
    assert "no resolution is configured" in web.say("set server plain/s1 fqdn api.example")
