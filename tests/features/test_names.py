"""Backends filled by names: what DNS says goes to slots, what it does not say changes nothing."""

from __future__ import annotations

import re

import pytest

from hadyn.model.addresses import Address
from hadyn.model.problems import Reason
from hadyn.model.resolved import DnsQuestion, RecordType, Remark, Resolved, ResolvedName, ResolvedRecord
from tests.given import backend, ingress, resource_of

HOST = "api.example"
PATH = {"path": "/", "pathType": "Prefix", "backend": resource_of("api")}
ROUTE = ingress("shop", "api", rules=[{"host": "a.example", "http": {"paths": [PATH]}}])


def api(host=HOST, discovery="dns", **more):
    return backend("shop", "api", discovery=discovery, host=host, port=80, **more)


@pytest.fixture
def dns(house):
    """Let DNS say that a name has these addresses, "draining" behind those it leaves out."""

    def say(*texts, host=HOST):
        records = tuple(ResolvedRecord(text.split()[0], draining="draining" in text) for text in texts)
        name = ResolvedName(DnsQuestion(host, RecordType.A), records)
        house.events.put(Resolved((name,), house.clock.now))
        house.settle()

    return say


@pytest.fixture
def asked(house):
    """What hadyn asked for, and what it asks for no more."""
    asked = []
    house.wheel.want_names = lambda added, dropped: asked.extend(
        [*(f"+{each}" for each in sorted(added)), *(f"-{each}" for each in sorted(dropped))]
    )
    return asked


def test_addresses_get_slots_as_dns_says_them(house, dns):
    house.begin(api(), ROUTE)
    assert house.ready("shop_api") == []
    dns("10.0.0.2", "10.0.0.1")
    assert house.ready("shop_api") == ["10.0.0.1:80", "10.0.0.2:80"]
    assert house.reloads() == {}


def test_the_same_addresses_again_cost_no_command(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.1", "10.0.0.2")
    house.sent()
    dns("10.0.0.2", "10.0.0.1")
    assert house.sent() == []


def test_an_address_that_dns_left_out_drains_and_leaves_later(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.1", "10.0.0.2")
    house.sent()
    dns("10.0.0.1 draining", "10.0.0.2")
    assert house.sent() == ["set server shop_api/s1 state drain"]
    dns("10.0.0.2")
    assert house.sent() == ["set server shop_api/s1 state maint"]
    dns("10.0.0.1", "10.0.0.2")
    assert house.sent() == ["set server shop_api/s1 state ready"]


def test_of_more_addresses_than_slots_those_that_sit_stay_and_an_unused_one_fills_a_gap(house, dns):
    house.begin(api(annotations={"hadyn.io/slots": "2", "hadyn.io/slots-max": "2"}), ROUTE)
    dns("10.0.0.5", "10.0.0.6")
    dns("10.0.0.1", "10.0.0.5", "10.0.0.6", "10.0.0.7")
    assert house.seats("shop_api") == {"s1": "10.0.0.5:80", "s2": "10.0.0.6:80"}
    dns("10.0.0.1", "10.0.0.6", "10.0.0.7")
    assert house.seats("shop_api") == {"s1": "10.0.0.1:80", "s2": "10.0.0.6:80"}
    assert house.reloads() == {}


def test_more_records_than_slots_make_room_by_one_reload_and_move_nobody(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.7", "10.0.0.8", "10.0.0.9")
    seats = house.seats("shop_api")
    dns(*(f"10.0.0.{number}" for number in range(1, 10)))
    assert house.reloads() == {"NO_FREE_SLOT": 1}
    assert house.ready("shop_api") == [f"10.0.0.{number}:80" for number in range(1, 10)]
    assert house.seats("shop_api").items() >= seats.items()


def test_a_new_hadyn_that_dns_has_told_nothing_leaves_everybody_in_place(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.1", "10.0.0.2")
    house.sent()
    house.restart(api(), ROUTE)
    house.compare_everything()
    assert house.sent() == []
    assert house.ready("shop_api") == ["10.0.0.1:80", "10.0.0.2:80"]
    dns("10.0.0.2", "10.0.0.3")
    assert house.ready("shop_api") == ["10.0.0.2:80", "10.0.0.3:80"]


def test_names_are_asked_for_as_long_as_a_route_needs_them(house, asked):
    house.begin(api(), ROUTE)
    assert asked == ["+api.example A", "+api.example AAAA"]
    house.change(deletes=(ROUTE.ref,))
    assert asked[2:] == ["-api.example A", "-api.example AAAA"]


def fill(house, *ips, name="shop_api"):
    """Let HAProxy's own resolver find addresses."""
    for slot, ip in zip(house.fake.backends[name].values(), ips, strict=False):
        slot.resolve(ip)


def test_a_name_left_to_haproxy_stands_on_every_slot_and_can_change_without_a_reload(house):
    house.begin(api(discovery="fqdn", annotations={"hadyn.io/slots": "2"}), ROUTE)
    fill(house, "10.0.0.1")
    assert house.sent() == []
    house.change(api("new.example", discovery="fqdn", annotations={"hadyn.io/slots": "2"}))
    assert house.sent() == ["set server shop_api/s1 fqdn new.example", "set server shop_api/s2 fqdn new.example"]
    assert house.reloads() == {}


def test_slots_that_services_fill_start_with_address_and_port_and_another_service_is_one_reload(house):
    name = "_http._tcp.api.example"
    house.begin(backend("shop", "api", discovery="fqdn", type="SRV", host=name), ROUTE)
    service = ResolvedName(DnsQuestion(f"{name}.", RecordType.SRV), (ResolvedRecord("10.0.0.1", 8443),))
    house.events.put(Resolved((service,), house.clock.now))
    house.settle()
    assert f"server s1 {name}:8443 init-addr 10.0.0.1 weight 1" in house.wheel.reconciler.filing.files.sections.of(
        "shop_api"
    )
    assert (house.sent(), house.reloads()) == ([], {})

    house.change(backend("shop", "api", discovery="fqdn", type="SRV", host="_http._tcp.new.example"))
    house.wait(5)
    assert [text for text in house.sent() if "server" in text] == []
    assert house.reloads() == {"BACKEND_CHANGED": 1}
    assert {slot.service for slot in house.fake.backends["shop_api"].values()} == {"_http._tcp.new.example"}


def test_a_name_that_leads_astray_takes_its_slots_out_of_service(house):
    house.begin(api(discovery="fqdn"), ROUTE)
    fill(house, "10.0.0.1")
    remark = Remark(Reason.FORBIDDEN_ADDRESS, "127.0.0.1 is a loopback address", "Correct it")
    question = DnsQuestion("api.example.", RecordType.A)
    house.events.put(Resolved((ResolvedName(question, (), (remark,)),), house.clock.now))
    house.settle()
    assert house.sent() == [f"set server shop_api/{slot} state maint" for slot in house.fake.backends["shop_api"]]
    assert house.ready("shop_api") == []


def resolver_of(house):
    """The lines of HAProxy's own resolver that say whom it asks; None where there is no such resolver."""
    _, begins, rest = house.folder.main_config.read_text().partition("\nresolvers hadyn\n")
    return (
        re.findall(r"^    (nameserver .*|# no DNS server.*)$", rest.partition("\n\n")[0], re.MULTILINE)
        if begins
        else None
    )


def other_servers(house, *servers):
    """Let /etc/resolv.conf name other DNS servers."""
    house.dns_servers = servers
    house.events.put(Resolved((), house.clock.now, has_other_servers=True))
    house.settle()
    house.wait(1)


def test_haproxy_has_a_resolver_only_while_a_name_is_left_to_it(house):
    house.begin(api(), ROUTE)
    assert resolver_of(house) is None
    house.change(api(discovery="fqdn"))
    house.wait(1)
    assert resolver_of(house) == ["# no DNS server is known: slots keep the addresses they start with"]
    house.change(api())
    house.wait(1)
    assert resolver_of(house) is None


def test_other_dns_servers_are_told_to_a_haproxy_that_asks_them_by_one_reload(house):
    house.dns_servers = (Address("10.0.0.2", 53),)
    house.begin(api(discovery="fqdn"), ROUTE)
    assert (resolver_of(house), house.reloads()) == (["nameserver dns1 10.0.0.2:53"], {})
    other_servers(house, Address("10.0.0.3", 53), Address("fd00::a", 53))
    assert resolver_of(house) == ["nameserver dns1 10.0.0.3:53", "nameserver dns2 [fd00::a]:53"]
    assert house.reloads() == {"GLOBAL_CHANGED": 1}


def test_other_dns_servers_reload_no_haproxy_that_asks_none(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.1")
    other_servers(house, Address("10.0.0.3", 53))
    assert house.reloads() == {}


def test_a_backend_that_changes_sides_is_reloaded_and_told_nothing_before(house, dns):
    house.begin(api(), ROUTE)
    dns("10.0.0.1")
    house.sent()
    house.change(api(discovery="fqdn"))
    house.wait(5)
    assert [text for text in house.sent() if "addr" in text or "fqdn" in text] == []
    assert house.reloads() == {"BACKEND_CHANGED": 1, "GLOBAL_CHANGED": 1}
    assert house.wheel.reloader.past.total == 1
    assert {slot.fqdn for slot in house.fake.backends["shop_api"].values()} == {"api.example"}
    house.change(api())
    house.wait(5)
    dns("10.0.0.1")
    assert house.ready("shop_api") == ["10.0.0.1:80"]
