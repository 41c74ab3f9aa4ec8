"""Bytes from a DNS server: what is read, what is dropped, what is no answer at all."""

from __future__ import annotations

import itertools
import struct
from contextlib import nullcontext, suppress

import dns.flags
import dns.message
import pytest
from dns.rcode import Rcode
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import canonical_ip
from hadyn.model.resolved import RecordType
from hadyn.resolver.answers import MalformedAnswer, ServiceRecord, read_answer
from hadyn.resolver.queries import Query
from tests.resolver.zones import SOA, query, response

WEB = ("web.example. 30 IN A 10.1.0.1", "web.example. 20 IN A 10.1.0.2")


def raw(asked: Query, *records: bytes, answers: int | None = None, flags: int = 0x8180) -> bytes:
    """An answer byte by byte: header, question, records."""
    count = len(records) if answers is None else answers
    return struct.pack("!HHHHHH", asked.id, flags, 1, count, 0, 0) + asked.question + b"".join(records)


def record(rdata: bytes, *, kind: int = 1, ttl: int = 30, of_class: int = 1, name: bytes = b"\xc0\x0c") -> bytes:
    return name + struct.pack("!HHIH", kind, of_class, ttl, len(rdata)) + rdata


@pytest.mark.parametrize("record_type", list(RecordType))
@pytest.mark.parametrize("has_edns", [True, False])
def test_a_query_is_what_dnspython_would_have_asked(record_type, has_edns):
    asked = Query("_http._tcp.web.example", record_type, 4711, has_edns)
    wanted = dns.message.make_query(
        asked.name, record_type, use_edns=0 if has_edns else False, payload=1232, id=asked.id
    )
    assert asked.wire == wanted.to_wire()


def test_addresses_come_in_canonical_spelling_with_the_least_ttl():
    answer = read_answer(response(query(), *WEB).to_wire(), query())
    assert (set(answer.addresses), answer.ttl) == ({"10.1.0.1", "10.1.0.2"}, 20)


def test_both_ways_of_reading_addresses_agree():
    asked = query(record_type="AAAA")
    packed = [bytes.fromhex("fd00" + 27 * "0" + "1"), bytes.fromhex(20 * "0" + "ffff0a000001")]
    compressed = raw(asked, *(record(each, kind=28) for each in packed))
    uncompressed = raw(asked, *(record(each, kind=28, name=b"\3web\7example\0") for each in packed))
    for wire in (compressed, uncompressed):
        answer = read_answer(wire, asked)
        assert [canonical_ip(ip, loopback_allowed=False) for ip in answer.addresses] == ["fd00::1", "10.0.0.1"]


def test_services_come_with_their_targets_in_lower_case_and_the_addresses_sent_along():
    asked = query("_http._tcp.web.example", "SRV")
    built = response(
        asked,
        "_http._tcp.web.example. 30 IN SRV 10 33 8080 Web-0.Example.",
        additional=("web-0.example. 30 IN A 10.1.0.1", "other.example. 30 IN A 10.9.9.9"),
    )
    answer = read_answer(built.to_wire(), asked)
    assert answer.services == (ServiceRecord(10, 33, 8080, "web-0.example"),)
    assert ("web-0.example", "10.1.0.1") in answer.glue


GOOD = response(query(), *WEB).to_wire()


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(GOOD[:2] + b"\x01" + GOOD[3:], id="query"),
        pytest.param(b"\0\x08" + GOOD[2:], id="other id"),
        pytest.param(GOOD.replace(b"\3web", b"\3api"), id="other name"),
        pytest.param(GOOD.replace(b"\7example\0\0\1", b"\7example\0\0\x10"), id="other type"),
        pytest.param(GOOD[:4] + b"\0\2" + GOOD[6:12] + query().question + GOOD[12:], id="two questions"),
        pytest.param(GOOD[:2] + b"\xa9" + GOOD[3:], id="notify"),
        pytest.param(GOOD[:11], id="shorter than a header"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_no_answer_to_the_query_is_not_read(wire):
    assert read_answer(wire, query()) is None


def test_an_answer_in_other_case_is_an_answer():
    wire = response(query(), *WEB).to_wire().replace(b"\3web", b"\3wEb")
    assert len(read_answer(wire, query()).addresses) == 2


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"\xc0\x1d", id="pointer to itself"),
        pytest.param(b"\xff\xff", id="pointer past the end"),
        pytest.param(b"\xc0\x2f", id="forward pointer"),
        pytest.param(b"\x40" + 64 * b"a" + b"\0", id="label of 64"),
        pytest.param(5 * (b"\x3f" + 63 * b"a") + b"\0", id="name of 321"),
    ],
)
def test_an_answer_with_impossible_names_cannot_be_read(name):
    with pytest.raises(MalformedAnswer):
        read_answer(raw(query(), record(b"\x0a\1\0\1", name=name)), query())


@pytest.mark.parametrize("rdata", [b"\x0a\1\0", b"", b"\x0a\1\0\1\1"])
def test_a_record_of_the_wrong_length_is_left_out_alone(rdata):
    answer = read_answer(raw(query(), record(b"\x0a\1\0\1"), record(rdata)), query())
    assert (answer.addresses, answer.damaged) == (("10.1.0.1",), 1)


def test_an_address_of_fifteen_bytes_leaves_nothing_to_read():
    with pytest.raises(MalformedAnswer):
        read_answer(raw(query(record_type="AAAA"), record(bytes(15), kind=28)), query(record_type="AAAA"))


def test_fewer_records_than_announced_is_not_a_whole_answer():
    answer = read_answer(raw(query(), record(b"\x0a\1\0\1"), answers=2), query())
    assert (answer.addresses, answer.damaged) == (("10.1.0.1",), 1)


@pytest.mark.parametrize(("ttl", "read"), [(0, 0), (0x7FFFFFFF, 0x7FFFFFFF), (0x80000000, 0), (0xFFFFFFFF, 0)])
@pytest.mark.parametrize("more", [(), (b"\0\0\x10\0\1\0\0\0\0\0\1\0",)])
def test_a_ttl_with_the_sign_bit_counts_as_none(ttl, read, more):
    assert read_answer(raw(query(), record(b"\x0a\1\0\1", ttl=ttl), *more), query()).ttl == read


def test_records_of_another_class_are_not_taken():
    answer = read_answer(raw(query(), record(b"\x0a\1\0\1", of_class=3), record(b"\x0a\1\0\2")), query())
    assert answer.addresses == ("10.1.0.2",)


@pytest.mark.parametrize("name", [b"\xc0\x0c", b"\3web\7example\0"])
def test_of_thousands_of_records_the_first_thousand_is_read(name):
    records = [record(struct.pack("!I", 0x0A010000 + number), name=name) for number in range(1, 2001)]
    answer = read_answer(raw(query(), *records), query())
    assert (len(answer.addresses), answer.left_out) == (1024, 976)


@pytest.mark.parametrize("other", [SOA, "web.example. 5 IN TXT hello"])
def test_an_answer_of_other_records_only_has_none(other):
    answer = read_answer(response(query(), other).to_wire(), query())
    assert (answer.addresses, answer.rcode) == ((), Rcode.NOERROR)


def test_a_negative_answer_has_the_ttl_of_its_zone():
    answer = read_answer(response(query(), rcode=Rcode.NXDOMAIN, authority=(SOA,)).to_wire(), query())
    assert (answer.rcode, answer.ttl) == (Rcode.NXDOMAIN, 77)


def test_aliases_are_followed_as_far_as_the_answer_goes():
    aliases = ("web.example. 9 IN CNAME a.example.", "a.example. 30 IN CNAME b.example.")
    whole = read_answer(response(query(), *aliases, "b.example. 30 IN A 10.1.0.1").to_wire(), query())
    half = read_answer(response(query(), *aliases).to_wire(), query())
    assert (whole.addresses, whole.aliases, whole.ttl) == (("10.1.0.1",), ("a.example", "b.example"), 9)
    assert (half.addresses, half.leads_on) == ((), True)


@pytest.mark.parametrize(("length", "is_read"), [(8, True), (9, False)])
def test_eight_aliases_of_one_answer_are_followed_and_no_more(length, is_read):
    names = ["web", *(f"n{number}" for number in range(length))]
    chain = [f"{name}.example. 9 IN CNAME {following}.example." for name, following in itertools.pairwise(names)]
    wire = response(query(), *chain, f"{names[-1]}.example. 9 IN A 10.1.0.1").to_wire()
    with nullcontext() if is_read else pytest.raises(MalformedAnswer):
        assert read_answer(wire, query()).addresses == ("10.1.0.1",)


def test_aliases_in_circles_or_without_end_cannot_be_followed():
    circle = ("web.example. 9 IN CNAME a.example.", "a.example. 30 IN CNAME web.example.")
    chain = [f"{'web' if n == 0 else f'n{n}'}.example. 9 IN CNAME n{n + 1}.example." for n in range(20)]
    for records in (circle, ("web.example. 9 IN CNAME web.example.",), chain):
        with pytest.raises(MalformedAnswer, match="circles"):
            read_answer(response(query(), *records).to_wire(), query())


def test_addresses_of_names_nobody_asked_for_are_not_taken():
    answer = read_answer(response(query(), "api.example. 30 IN A 10.6.6.6").to_wire(), query())
    assert answer.addresses == ()


def test_a_referral_is_told_from_an_empty_answer():
    referral = response(query(), authority=("example. 30 IN NS ns.example.",))
    referral.flags &= ~dns.flags.RA
    assert read_answer(referral.to_wire(), query()).is_lame
    assert not read_answer(response(query(), authority=(SOA,)).to_wire(), query()).is_lame


def test_a_server_that_could_not_read_the_query_need_not_repeat_it():
    wire = struct.pack("!HHHHHH", 7, 0x8181, 0, 0, 0, 0)
    assert read_answer(wire, query()).rcode == Rcode.FORMERR


@given(st.binary(max_size=200), st.sampled_from(["A", "AAAA", "SRV"]))
def test_no_bytes_do_more_than_be_refused(noise, record_type):
    asked = query(record_type=record_type)
    for wire in (noise, asked.id.to_bytes(2) + b"\x81\x80" + noise, raw(asked, noise, answers=3)):
        with suppress(MalformedAnswer):
            read_answer(wire, asked)
