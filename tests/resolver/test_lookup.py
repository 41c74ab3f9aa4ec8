"""From a question to usable records: servers, TCP, search domains, CNAMEs, SRV targets, hostile answers."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from dns.rcode import Rcode

from hadyn.model.problems import Reason
from hadyn.model.resolved import ADDRESS_TYPES
from hadyn.resolver.answers import Answer
from hadyn.resolver.asking import Habit
from hadyn.resolver.exchanges import Failure
from hadyn.resolver.resolution import Outcome
from tests.resolver.zones import FIRST, SECOND, Zone, ips, look_up

WEB = ("web.example. 30 IN A 10.1.0.1", "web.example. 30 IN A 10.1.0.2")
SILENCE = Failure(Outcome.TIMEOUT, "got no answer within 2 s")
REFUSED_TCP = Failure(Outcome.REFUSED, "was refused a connection")
CUT = Answer(Rcode.NOERROR, is_truncated=True)
SRV = "_http._tcp.web.example"


def pods(count: int) -> list[str]:
    return [f"{SRV}. 30 IN SRV 0 10 8080 web-{number}.web.example." for number in range(count)]


def hosts(count: int) -> list[str]:
    return [f"web-{number}.web.example. 7 IN A 10.1.0.{number}" for number in range(count)]


def test_an_answer_with_records_is_valid():
    finding = look_up(Zone(*WEB))
    assert (finding.outcome, set(ips(finding)), finding.ttl) == (Outcome.VALID, {"10.1.0.1", "10.1.0.2"}, 30)


def test_a_name_that_does_not_exist_is_not_asked_of_another_server():
    zone = Zone(*WEB)
    finding = look_up(zone, "api.example", servers=[FIRST, SECOND])
    assert (finding.outcome, finding.said, len(zone.asked)) == (Outcome.NX, "does not exist", 1)


def test_a_name_without_records_of_the_type_counts_as_not_there():
    finding = look_up(Zone(*WEB), record_type="AAAA")
    assert (finding.outcome, finding.ttl, finding.said) == (Outcome.NX, 77, "has no records of this type")


@pytest.mark.parametrize(
    "trouble", [SILENCE, REFUSED_TCP, *map(Answer, (Rcode.SERVFAIL, Rcode.REFUSED, Rcode.FORMERR))]
)
def test_after_any_trouble_the_next_server_is_asked(trouble):
    zone = Zone(*WEB)
    zone.special["10.0.0.2"] = trouble
    finding = look_up(zone, servers=[FIRST, SECOND])
    assert (finding.outcome, len(ips(finding))) == (Outcome.VALID, 2)


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (SILENCE, Outcome.TIMEOUT),
        (Answer(Rcode.REFUSED), Outcome.REFUSED),
        (Answer(Rcode.SERVFAIL), Outcome.OTHER),
        (Answer(Rcode.NOERROR, is_lame=True), Outcome.OTHER),
    ],
)
def test_when_no_server_knows_the_outcome_says_why(trouble, outcome):
    zone = Zone()
    zone.special["10.0.0."] = zone.special["udp"] = trouble
    assert look_up(zone, servers=[FIRST, SECOND]).outcome is outcome


def test_what_one_server_said_tells_more_than_the_silence_of_another():
    zone = Zone()
    zone.special |= {"10.0.0.2": Answer(Rcode.SERVFAIL), "10.0.0.3": SILENCE}
    assert look_up(zone, servers=[FIRST, SECOND]).said == "got SERVFAIL"


def test_without_any_server_the_finding_says_so():
    assert look_up(Zone(), servers=[]).said == "cannot be asked: there is no DNS server"


@pytest.mark.parametrize("rcode", [Rcode.FORMERR, Rcode.NOTIMP, Rcode.BADVERS])
def test_a_server_that_does_not_know_edns_is_asked_without_and_remembered(rcode):
    zone, habit = Zone(*WEB), Habit()
    zone.special["udp"] = lambda exchange: Answer(rcode) if exchange.query.has_edns else zone.honest(exchange.query)
    assert look_up(zone, habit=habit).outcome is Outcome.VALID
    assert look_up(zone, habit=habit).queries == 1


def test_a_cut_answer_is_asked_again_over_tcp_at_once_and_next_time_straight_away():
    zone, habit = Zone(*WEB), Habit()
    zone.special["udp"] = CUT
    first, second = look_up(zone, habit=habit), look_up(zone, habit=habit)
    assert (first.outcome, second.outcome) == (Outcome.VALID, Outcome.VALID)
    assert zone.asked == ["udp web.example A 10.0.0.2", "tcp web.example A 10.0.0.2", "tcp web.example A 10.0.0.2"]


def test_a_cut_answer_without_tcp_is_no_empty_answer():
    zone = Zone()
    zone.special |= {"udp": CUT, "tcp": REFUSED_TCP}
    finding = look_up(zone)
    assert (finding.outcome, finding.said) == (Outcome.OTHER, "was cut, and over TCP was refused a connection")


def test_an_answer_that_is_cut_over_tcp_too_leaves_the_question_to_the_next_server():
    zone = Zone()
    zone.special |= {"udp": CUT, "tcp": CUT}
    finding = look_up(zone, servers=[FIRST, SECOND])
    assert (finding.outcome, finding.said) == (Outcome.OTHER, "was cut even over TCP")
    assert [asked.split()[0] for asked in zone.asked] == ["udp", "tcp", "udp", "tcp"]


def test_records_of_a_cut_answer_are_used_where_tcp_fails():
    zone = Zone()
    zone.special |= {"udp": Answer(0, is_truncated=True, addresses=("10.1.0.1",), ttl=5), "tcp": REFUSED_TCP}
    finding = look_up(zone)
    assert (finding.outcome, ips(finding), finding.is_whole) == (Outcome.OTHER, ["10.1.0.1"], False)


def test_over_udp_again_when_tcp_stops_working():
    zone, habit = Zone(*WEB), Habit(is_tcp=True)
    zone.special["tcp"] = REFUSED_TCP
    look_up(zone, habit=habit)
    assert (look_up(zone, habit=habit).outcome, zone.asked[-1][:3]) == (Outcome.VALID, "udp")


NAMES = ("web.shop.example", "web.example", "web")


def test_search_domains_are_tried_until_a_name_exists_which_is_remembered():
    zone, habit = Zone(*WEB), Habit()
    look_up(zone, "web", habit=habit, names=NAMES)
    finding = look_up(zone, "web", habit=habit, names=NAMES)
    assert (finding.outcome, zone.asked[2:]) == (Outcome.VALID, ["udp web.example A 10.0.0.2"])


def test_a_name_that_exists_without_records_ends_the_search():
    zone = Zone("web.shop.example. 30 IN TXT here", *WEB)
    assert look_up(zone, "web", names=NAMES).outcome is Outcome.NX


def test_a_remembered_name_that_is_gone_begins_the_search_anew():
    zone, habit = Zone(*WEB), Habit(candidate="web.shop.example")
    assert (look_up(zone, "web", habit=habit, names=NAMES).outcome, habit.candidate) == (Outcome.VALID, "web.example")


def test_trouble_with_one_name_does_not_lead_to_another():
    zone = Zone(*WEB)
    zone.special["udp web.shop"] = SILENCE
    assert look_up(zone, "web", names=NAMES).outcome is Outcome.TIMEOUT


def test_a_name_that_nobody_answered_for_is_not_remembered():
    habit = Habit()
    zone = Zone(*WEB, "web.shop. 30 IN A 10.1.9.9")
    zone.special["udp web.example"] = SILENCE
    assert look_up(zone, "web", habit=habit, names=["web.example"]).outcome is Outcome.TIMEOUT
    assert ips(look_up(zone, "web", habit=habit, names=["web.shop", "web.example"])) == ["10.1.9.9"]


def test_an_alias_without_records_is_asked_for_itself():
    zone = Zone("web.example. 9 IN CNAME a.other.", "a.other. 30 IN A 10.1.0.1")
    zone.special["udp web.example"] = Answer(0, aliases=("a.other",), leads_on=True, ttl=9)
    finding = look_up(zone)
    assert (ips(finding), zone.asked[-1]) == (["10.1.0.1"], "udp a.other A 10.0.0.2")


def test_an_alias_that_leads_nowhere_says_where_it_leads():
    finding = look_up(Zone("web.example. 9 IN CNAME a.other."))
    assert (finding.outcome, finding.said) == (Outcome.NX, "leads by CNAME to a.other, which does not exist")


def test_aliases_in_circles_and_without_end_are_found():
    circle = Zone()
    circle.special["udp web.example"] = Answer(0, aliases=("a.example",), leads_on=True)
    circle.special["udp a.example"] = Answer(0, aliases=("web.example",), leads_on=True)
    endless = Zone()
    endless.special["udp"] = lambda exchange: Answer(0, aliases=(f"n.{exchange.query.name}",), leads_on=True)
    assert look_up(circle).said == "leads round in circles by CNAME, to 'web.example'"
    assert look_up(endless).said == "leads on by too many CNAMEs"
    assert len(endless.asked) < 10


@pytest.mark.parametrize(("length", "outcome"), [(8, Outcome.VALID), (9, Outcome.OTHER)])
def test_eight_aliases_are_followed_and_no_more(length, outcome):
    names = ["web.example", *(f"n{number}.example" for number in range(length))]
    zone = Zone(f"{names[-1]}. 5 IN A 10.1.0.1")
    for name, following in itertools.pairwise(names):
        zone.special[f"udp {name}"] = Answer(0, aliases=(following,), leads_on=True)
    assert look_up(zone).outcome is outcome


def test_an_alias_that_is_no_name_is_refused():
    zone = Zone()
    zone.special["udp"] = Answer(0, aliases=("a;b.example",), addresses=("10.1.0.1",), ttl=5)
    assert look_up(zone).outcome is Outcome.OTHER


def test_a_name_of_the_cluster_never_leads_out_of_it():
    alias = Zone("web.shop.svc.cluster.local. 9 IN CNAME evil.example.", "evil.example. 30 IN A 10.1.0.1")
    target = Zone(
        "_http._tcp.web.shop.svc.cluster.local. 5 IN SRV 0 1 80 evil.example.", "evil.example. 30 IN A 10.1.0.1"
    )
    by_alias = look_up(alias, "web.shop.svc.cluster.local")
    by_target = look_up(target, "_http._tcp.web.shop.svc.cluster.local", "SRV")
    assert (by_alias.outcome, by_target.outcome) == (Outcome.OTHER, Outcome.OTHER)
    assert "out of the cluster" in by_alias.said
    assert "evil.example is outside of the cluster" in by_target.remarks[0].said


@pytest.mark.parametrize(
    "forbidden",
    ["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "169.254.169.254"],
)
def test_a_forbidden_address_is_dropped_alone_with_its_name(forbidden):
    finding = look_up(Zone(*WEB, f"web.example. 30 IN A {forbidden}"))
    assert (finding.outcome, len(ips(finding)), len(finding.remarks)) == (Outcome.VALID, 2, 1)
    assert forbidden in finding.remarks[0].said


@pytest.mark.parametrize(
    "forbidden", ["::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::127.0.0.1"]
)
def test_a_forbidden_ipv6_address_is_dropped_too(forbidden):
    finding = look_up(
        Zone("web.example. 30 IN AAAA fd00::1", f"web.example. 30 IN AAAA {forbidden}"), record_type="AAAA"
    )
    assert (ips(finding), len(finding.remarks)) == (["fd00::1"], 1)


def test_a_wrapped_ipv4_address_is_that_address():
    assert ips(look_up(Zone("web.example. 30 IN AAAA ::ffff:10.1.0.1"), record_type="AAAA")) == ["10.1.0.1"]


def test_when_only_forbidden_addresses_are_named_the_last_good_answer_counts():
    finding = look_up(Zone("web.example. 30 IN A 127.0.0.1"))
    assert (finding.outcome, finding.said) == (Outcome.OTHER, "has no record that may be used")


def test_addresses_outside_of_the_allowed_networks_are_dropped():
    networks = [ipaddress.ip_network("10.1.0.0/31")]
    assert ips(look_up(Zone(*WEB), networks=networks)) == ["10.1.0.1"]


def test_of_many_refused_records_the_first_few_are_named_and_the_rest_counted():
    zone = Zone(*WEB, *(f"web.example. 30 IN A 127.0.0.{number}" for number in range(1, 30)))
    remarks = look_up(zone).remarks
    assert (len(remarks), "24 further" in remarks[-1].said) == (6, True)


def test_targets_take_their_addresses_from_what_came_along():
    zone = Zone(*pods(3), additional=(*hosts(3), "other.example. 5 IN A 10.9.9.9"))
    finding = look_up(zone, SRV, "SRV")
    assert (sorted(ips(finding)), len(zone.asked)) == (["10.1.0.0", "10.1.0.1", "10.1.0.2"], 1)
    assert {(record.port, record.weight, record.name) for record in finding.records} == {
        (8080, 10, f"web-{number}.web.example") for number in range(3)
    }


def test_targets_without_addresses_are_asked_for_together():
    zone = Zone(*pods(3), *hosts(3))
    finding = look_up(zone, SRV, "SRV")
    assert (len(ips(finding)), finding.ttl, finding.queries) == (3, 7, 1)
    assert sorted(zone.asked[1:]) == [f"udp web-{number}.web.example A 10.0.0.2" for number in range(3)]


def test_a_target_with_ipv6_only_is_found():
    zone = Zone(*pods(1), "web-0.web.example. 7 IN AAAA fd00::1")
    assert ips(look_up(zone, SRV, "SRV")) == ["fd00::1"]


@pytest.mark.parametrize(("family", "used"), [("ipv4", "10.1.0.0"), ("ipv6", "fd00::1"), ("both", "10.1.0.0")])
def test_targets_are_asked_for_the_addresses_that_are_wanted(family, used):
    zone = Zone(*pods(1), *hosts(1), "web-0.web.example. 7 IN AAAA fd00::1")
    assert ips(look_up(zone, SRV, "SRV", address_types=ADDRESS_TYPES[family])) == [used]


@pytest.mark.parametrize(("family", "count"), [("ipv4", 1), ("ipv6", 1), ("both", 2)])
def test_of_addresses_that_came_along_those_that_are_wanted_are_taken(family, count):
    zone = Zone(*pods(1), additional=(*hosts(1), "web-0.web.example. 7 IN AAAA fd00::1"))
    assert len(ips(look_up(zone, SRV, "SRV", address_types=ADDRESS_TYPES[family]))) == count
    assert len(zone.asked) == 1


def test_targets_that_cannot_be_asked_for_now_leave_what_is_known():
    zone = Zone(*pods(2), *hosts(2))
    zone.special["udp web-1.web.example"] = SILENCE
    finding = look_up(zone, SRV, "SRV")
    assert (ips(finding), finding.is_whole) == (["10.1.0.0"], False)


def test_the_same_address_behind_two_targets_is_one_record_later():
    zone = Zone(*pods(2), *(f"web-{number}.web.example. 7 IN A 10.1.0.1" for number in range(2)))
    assert {(record.ip, record.port) for record in look_up(zone, SRV, "SRV").records} == {("10.1.0.1", 8080)}


def test_a_service_that_says_it_is_not_available_is_not_there():
    finding = look_up(Zone(f"{SRV}. 30 IN SRV 0 0 0 ."), SRV, "SRV")
    assert (finding.outcome, finding.said) == (Outcome.NX, "is not available, its SRV record says")


def test_a_service_whose_hosts_have_no_address_is_not_there():
    finding = look_up(
        Zone(*pods(2), "web-0.web.example. 7 IN TXT here", "web-1.web.example. 7 IN TXT here"), SRV, "SRV"
    )
    assert (finding.outcome, finding.said) == (Outcome.NX, "leads to hosts without address")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("0 1 0 web-0.web.example.", "web-0.web.example has port 0"), ("0 1 80 10.0.0.1.", "is an address, not a name")],
)
def test_a_service_record_that_cannot_be_used_is_named(wrong, said):
    finding = look_up(Zone(*pods(1), *hosts(1), f"{SRV}. 30 IN SRV {wrong}"), SRV, "SRV")
    (remark,) = finding.remarks
    assert (ips(finding), remark.reason) == (["10.1.0.0"], Reason.INVALID_VALUE)
    assert said in remark.said


def test_an_answer_of_which_part_cannot_be_read_lets_nobody_go():
    zone = Zone()
    zone.special["udp"] = Answer(0, addresses=("10.1.0.1",), ttl=5, damaged=2)
    finding = look_up(zone)
    assert (finding.outcome, finding.is_whole) == (Outcome.VALID, False)
    assert finding.said == "got an answer with 2 records that cannot be read"
