"""What HAProxy's own resolver does with slots, as docs/haproxy-facts.md has it, shown on every HAProxy at hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dns.rrset
import pytest

from hadyn.model.addresses import Address
from hadyn.planner.observed import ObservedSlot, SlotState
from integration.conftest import Start
from integration.haproxies import DidNotStart, RunningHAProxy
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


ASTRAY = """
resolvers dns
  nameserver test {server}

frontend front
  bind unix@{{folder}}/front.sock
  mode http
  default_backend web

backend web
  mode http
  http-response deny deny_status 502 if {{ bc_dst -m ip 127.0.0.0/8 ::/127 }}
  server s1 web.example:{port} resolvers dns resolve-prefer ipv4 resolve-net 10.99.0.0/16 init-addr none
"""


BOTH_FAMILIES = """
global
  .if version_atleast(3.3)
    dns-accept-family ipv4,ipv6
  .endif
"""


SERVERLESS = """
{resolvers}
backend web
  default-server resolvers dns init-addr none
  server s1 web.example:80 init-addr 10.99.0.9
  server s2 web.example:80
"""


SERVICES = """
resolvers dns
  nameserver test {server}
  timeout resolve 1s
  timeout retry 1s

backend web
  server-template s 1-3 _http._tcp.web.example resolvers dns resolve-prefer ipv4 init-addr none
"""


STARTED = """
resolvers dns
  nameserver test {server}
  timeout resolve 1s
  timeout retry 1s
  hold obsolete 0s
  hold timeout 1s

backend web
  default-server resolvers dns resolve-prefer ipv4 resolve-opts prevent-dup-ip init-addr none
  server s1 _http._tcp.web.example:8443 init-addr 10.99.0.9
  server s2 _http._tcp.web.example
  server s3 _http._tcp.web.example
"""


def of_services(asked: Asked) -> Iterable[bytes]:
    """One service of each of two priorities, with the addresses of their hosts."""
    message = asked.built(
        *(f"SRV {number} 1 80 web-{number}.example." for number in (1, 2)) if asked.type == "SRV" else ()
    )
    for number in (1, 2):
        message.additional.append(dns.rrset.from_text(f"web-{number}.example.", 1, "IN", "A", f"10.99.0.{number}"))
    yield message.to_wire()


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


@pytest.mark.fact("no-nameserver")
def test_a_resolver_may_have_no_server_but_must_be_there(start: Start) -> None:
    haproxy = start(SERVERLESS.format(resolvers="resolvers dns\n  timeout resolve 1s\n"))
    assert seated(haproxy) == ["10.99.0.9"]
    (unfilled,) = [slot for slot in slots(haproxy) if slot.address is None]
    assert unfilled.state is SlotState.MAINT
    with pytest.raises(DidNotStart, match="unable to find required resolvers"):
        start(SERVERLESS.format(resolvers=""))


@pytest.mark.fact("services-by-name")
def test_slots_filled_by_services_take_every_priority_and_no_other_name(start: Start) -> None:
    with ScriptedDns(of_services) as server:
        haproxy = start(SERVICES.format(server=server.address))
        haproxy.wait_until(lambda: seated(haproxy) == ["10.99.0.1", "10.99.0.2"])
        said = haproxy.say("set server web/s1 fqdn _http._tcp.api.example")
    assert "fqdn failed because SRV resolution is configured" in said


@pytest.mark.fact("services-by-name")
def test_a_slot_of_a_service_may_start_with_an_address_and_a_port(start: Start) -> None:
    with ScriptedDns(lambda _: ()) as silent:
        haproxy = start(STARTED.format(server=silent.address))
        sitting = [slot.address for slot in slots(haproxy)]
        assert sitting == [Address("10.99.0.9", 8443), None, None]
        assert {slot.fqdn for slot in slots(haproxy)} == {"_http._tcp.web.example"}
        silent.script = of_services
        haproxy.wait_until(lambda: seated(haproxy) == ["10.99.0.1", "10.99.0.2"])
        assert {slot.address.port for slot in slots(haproxy) if slot.address} == {80}


@pytest.mark.fact("services-by-name")
def test_slots_of_services_are_taken_out_of_service_and_back(start: Start) -> None:
    with ScriptedDns(of_services) as server:
        haproxy = start(STARTED.format(server=server.address))
        haproxy.wait_until(lambda: seated(haproxy) == ["10.99.0.1", "10.99.0.2"])
        haproxy.say(";".join(f"set server web/s{number} state maint" for number in (1, 2, 3)))
        assert seated(haproxy) == []
        haproxy.say(";".join(f"set server web/s{number} state ready" for number in (1, 2, 3)))
        haproxy.wait_until(lambda: seated(haproxy) == ["10.99.0.1", "10.99.0.2"])


@pytest.mark.fact("who-answered")
def test_a_name_may_lead_anywhere_and_the_answer_is_kept_back_but_not_the_request(start: Start) -> None:
    asked: list[bytes] = []
    with ScriptedDns(lambda asked: [asked.answer("A 127.0.0.1")]) as server, listening(asked) as port:
        haproxy = start(ASTRAY.format(server=server.address, port=port))
        haproxy.wait_until(lambda: seated(haproxy) == ["127.0.0.1"])
        assert b"HTTP/1.1 502" in said_over(haproxy.front)
    assert asked[0].startswith(b"GET /secret")


@pytest.mark.root
@pytest.mark.fact("families")
def test_an_address_of_ipv6_fills_a_slot_without_a_route_where_that_is_asked_for(start: Start) -> None:
    def of_six(asked: Asked) -> Iterable[bytes]:
        yield asked.answer(*(["AAAA fd00::1"] if asked.type == "AAAA" else []))

    with ScriptedDns(of_six) as one, ScriptedDns(of_six) as other:
        plain = start(CONFIGURATION.format(server=one.address))
        asking = start(BOTH_FAMILIES + CONFIGURATION.format(server=other.address))
        asking.wait_until(lambda: seated(asking) == ["fd00::1"])
        filled = [] if plain.binary.is_at_least(3, 3) else ["fd00::1"]
        plain.wait_until(lambda: len(one.asked) > 4 and seated(plain) == filled)


@contextmanager
def listening(asked: list[bytes]) -> Iterator[int]:
    """Answer one request on 127.0.0.1, and note it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65535))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def said_over(front: str) -> bytes:
    """Ask over a unix socket; return the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(5.0)
        connection.connect(front)
        connection.sendall(b"GET /secret HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65535), b""))
