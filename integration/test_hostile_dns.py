"""Every answer that a DNS server should not give, on the wire: the resolver keeps what it knows and goes on."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator

import dns.flags
import pytest
from dns.rcode import Rcode

from hadyn.model.addresses import Address
from hadyn.resolver.network import TCP_SECONDS, UDP_SECONDS
from hadyn.resolver.resolution import Holds
from hadyn.resolver.resolver import Resolver
from hadyn.resolver.resolver_settings import ResolverSettings
from integration.resolving import question, resolving
from integration.scripted_dns import Asked, Script, ScriptedDns

WEB = "web.example"
GOOD = ("A 10.99.0.1", "A 10.99.0.2")
IPS = ["10.99.0.1", "10.99.0.2"]


def honest(asked: Asked) -> Iterable[bytes]:
    return [asked.framed(asked.answer(*GOOD))]


def then(first: Script, rest: Script) -> Script:
    """Answer the first query one way, all others another way."""
    return lambda asked: first(asked) if len(asked.server.asked) == 1 else rest(asked)


def changed(at: int, value: bytes) -> Script:
    """The honest answer, with other bytes at one place."""

    def script(asked: Asked) -> Iterator[bytes]:
        wire = asked.answer("A 10.66.6.6")
        yield wire[:at] + value + wire[at + len(value) :]

    return script


def other_question(asked: Asked) -> Iterator[bytes]:
    yield asked.answer("A 10.66.6.6").replace(b"\3web", b"\3evi")


def other_type(asked: Asked) -> Iterator[bytes]:
    wire = asked.answer("A 10.66.6.6")
    yield wire[:25] + b"\0\x10" + wire[27:]


def two_questions(asked: Asked) -> Iterator[bytes]:
    wire = asked.answer("A 10.66.6.6")
    yield wire[:4] + b"\0\2" + wire[6:12] + wire[12:29] + wire[12:]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(changed(2, b"\x01"), id="a query"),
        pytest.param(lambda asked: [bytes([asked.wire[0] ^ 1]) + asked.answer("A 10.66.6.6")[1:]], id="another id"),
        pytest.param(other_question, id="another name"),
        pytest.param(other_type, id="another type"),
        pytest.param(two_questions, id="two questions"),
        pytest.param(lambda _asked: [b"", b"\0"], id="nearly nothing"),
    ],
)
def test_an_answer_to_something_else_is_counted_and_the_right_one_waited_for(wrong: Script) -> None:
    def both(asked: Asked) -> Iterator[bytes]:
        yield from wrong(asked)
        yield from honest(asked)

    with ScriptedDns(both) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        resolver.until(lambda: resolver.results["foreign"] >= 1)


def test_an_answer_from_elsewhere_never_arrives() -> None:
    def forged(asked: Asked) -> Iterator[bytes]:
        asked.server.send_from_elsewhere(asked.answer("A 10.66.6.6"), asked)
        yield from honest(asked)

    with ScriptedDns(forged) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        resolver.stays(lambda: resolver.ips(WEB) == IPS, 1.5)


def test_queries_come_from_another_port_with_another_id_each_time() -> None:
    with ScriptedDns(honest) as server, resolving(server.address) as resolver:
        resolver.want(*(f"web{number}.example" for number in range(40)))
        resolver.until(lambda: len(server.asked) >= 40)
        assert len({asked.sender[1] for asked in server.asked}) > 30
        assert len({asked.wire[:2] for asked in server.asked}) > 30


def test_a_late_answer_is_not_used_for_the_query_after_it() -> None:
    late: list[Asked] = []

    def script(asked: Asked) -> Iterator[bytes]:
        late.append(asked)
        if asked.wire != late[0].wire:
            asked.server.send_from_elsewhere(late[0].answer("A 10.66.6.6"), late[0])
            yield late[0].answer("A 10.66.6.6")
            yield from honest(asked)

    with ScriptedDns(script) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)


@pytest.mark.parametrize("records", [(), GOOD], ids=["nothing in it", "a few in it"])
def test_a_cut_answer_is_asked_again_over_tcp_in_the_same_lookup(records: tuple[str, ...]) -> None:
    def script(asked: Asked) -> Iterator[bytes]:
        message = asked.built(*(f"A 10.99.0.{number}" for number in range(200)) if asked.is_tcp else records)
        message.flags |= 0 if asked.is_tcp else dns.flags.TC
        yield asked.framed(message.to_wire(max_size=65535))

    with ScriptedDns(script) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: len(resolver.ips(WEB) or ()) == 200)
        assert server.asked_names()[:2] == [f"udp {WEB} A", f"tcp {WEB} A"]


def cut(asked: Asked) -> Iterator[bytes]:
    message = asked.built()
    message.flags |= dns.flags.TC
    yield asked.framed(message.to_wire())


def test_a_cut_answer_with_tcp_refused_keeps_what_is_known_and_says_so() -> None:
    with ScriptedDns(then(honest, cut), has_tcp=False) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: "was cut, and over TCP" in (resolver.report(WEB).said))
        assert resolver.ips(WEB) == IPS


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([b"\xff\xff", b"\0" * 100], id="a length larger than the data"),
        pytest.param([b"\0\x40"], id="a length and nothing"),
        pytest.param([b"\0"], id="half a length"),
        pytest.param([], id="nothing at all"),
    ],
)
def test_an_answer_over_tcp_that_never_ends_is_given_up_in_time(pieces: list[bytes]) -> None:
    def script(asked: Asked) -> Iterable[bytes]:
        return pieces if asked.is_tcp else cut(asked)

    with ScriptedDns(then(honest, script)) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: "no answer within 3 s" in resolver.report(WEB).said)
        assert resolver.ips(WEB) == IPS


def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time() -> None:
    def slow(asked: Asked) -> Iterator[bytes]:
        for byte in asked.framed(asked.answer(*(f"A 10.99.1.{number}" for number in range(100)))):
            time.sleep(0.05)
            yield bytes([byte])

    def script(asked: Asked) -> Iterable[bytes]:
        return slow(asked) if asked.is_tcp else cut(asked)

    with ScriptedDns(then(honest, script)) as server, resolving(server.address) as resolver:
        began = time.monotonic()
        resolver.want(WEB)
        resolver.until(lambda: "no answer within 3 s" in resolver.report(WEB).said)
        assert resolver.ips(WEB) == IPS
        assert time.monotonic() - began < TCP_SECONDS + UDP_SECONDS + 2


def test_the_largest_answer_there_can_be_is_read_up_to_the_limit() -> None:
    def script(asked: Asked) -> Iterable[bytes]:
        if not asked.is_tcp:
            return cut(asked)
        head = asked.wire[:2] + struct.pack("!HHHHH", 0x8180, 1, 4000, 0, 0) + asked.wire[12:29]
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIHI", 1, 1, 5, 4, 0x0A640000 + number) for number in range(4000)
        )
        return [asked.framed(head + records)]

    with ScriptedDns(script) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: len(resolver.ips(WEB) or ()) == 1024)
        told = resolver.told(WEB)
        assert told is not None
        assert any("more than 1,024 records" in remark.said for remark in told.remarks)


def record(name: bytes, rdata: bytes) -> bytes:
    return name + struct.pack("!HHIH", 1, 1, 5, len(rdata)) + rdata


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([record(b"\xc0\x1d", b"\x0a\x63\0\1")], id="a name that points at itself"),
        pytest.param([record(b"\xff\xff", b"\x0a\x63\0\1")], id="a name that points past the end"),
        pytest.param([record(b"\xc0\x0c", b"\x0a\x63\0")], id="an address of three bytes"),
        pytest.param([record(b"\xc0\x0c", b"")], id="an address of no bytes"),
        pytest.param([record(b"\x40" + 64 * b"a" + b"\0", b"\x0a\x63\0\1")], id="a label of 64"),
    ],
)
def test_what_cannot_be_read_changes_nothing(records: list[bytes]) -> None:
    def broken(asked: Asked) -> Iterator[bytes]:
        yield (
            asked.wire[:2]
            + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
            + asked.wire[12:29]
            + b"".join(records)
        )

    with ScriptedDns(then(honest, broken)) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: "cannot be read" in resolver.report(WEB).said)
        assert resolver.ips(WEB) == IPS


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.REFUSED, Rcode.FORMERR, Rcode.NOTIMP])
def test_a_server_that_fails_leaves_the_question_to_the_next(rcode: Rcode) -> None:
    def failing(asked: Asked) -> Iterator[bytes]:
        yield asked.answer(rcode=rcode)

    with ScriptedDns(failing) as bad, ScriptedDns(honest) as good, resolving(bad.address, good.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        assert resolver.report(WEB).outcome == "valid"


def test_a_server_that_does_not_know_edns_is_asked_without() -> None:
    def old(asked: Asked) -> Iterator[bytes]:
        yield asked.answer(*GOOD) if asked.message.edns < 0 else asked.answer(rcode=Rcode.FORMERR)

    with ScriptedDns(old) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)


def test_a_query_that_is_lost_is_sent_again_before_its_time_is_over() -> None:
    with ScriptedDns(then(lambda _asked: [], honest)) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        lost, again = server.asked[:2]
        assert (lost.wire, lost.sender) == (again.wire, again.sender)
        assert resolver.results["timeout"] == 0


def test_a_dead_server_costs_its_timeout_once() -> None:
    with ScriptedDns(lambda _asked: []) as dead, ScriptedDns(honest) as good:
        with resolving(dead.address, good.address) as resolver:
            resolver.want(WEB)
            resolver.until(lambda: resolver.ips(WEB) == IPS)
            resolver.want("api.example")
            resolver.until(lambda: resolver.ips("api.example") == IPS, seconds=UDP_SECONDS)
        assert len({asked.wire for asked in dead.asked}) == 1


def test_two_servers_that_disagree_never_take_turns() -> None:
    def first(asked: Asked) -> Iterable[bytes]:
        return [asked.answer("A 10.99.0.1")] if len(asked.server.asked) <= 4 else []

    def second(asked: Asked) -> Iterable[bytes]:
        return [asked.answer("A 10.99.0.2")]

    holds = Holds(obsolete=2.0)
    with ScriptedDns(first) as one, ScriptedDns(second) as two:
        with resolving(one.address, two.address, holds=holds) as resolver:
            resolver.want(WEB)
            resolver.until(lambda: len(one.asked) == 4)
            assert (resolver.ips(WEB), two.asked) == (["10.99.0.1"], [])
            resolver.until(lambda: resolver.ips(WEB) == ["10.99.0.1", "10.99.0.2"])
            resolver.until(lambda: resolver.ips(WEB) == ["10.99.0.2"])
        assert len({asked.wire for asked in one.asked}) == 5


def test_a_port_where_nobody_listens_is_given_up_at_once() -> None:
    with ScriptedDns(honest) as server, resolving(Address("127.0.0.1", 9), server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS, seconds=UDP_SECONDS)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda _asked: [], id="silence"),
        pytest.param(lambda asked: [asked.answer(rcode=Rcode.SERVFAIL)], id="SERVFAIL"),
        pytest.param(lambda asked: [asked.answer(rcode=Rcode.NXDOMAIN)], id="NXDOMAIN"),
        pytest.param(lambda asked: [asked.answer(*GOOD, ttl=0)], id="a TTL of nothing"),
        pytest.param(cut, id="cut"),
    ],
)
def test_a_name_is_asked_no_more_than_once_a_second_whatever_happens(trouble: Script) -> None:
    with ScriptedDns(trouble) as server, resolving(server.address) as resolver:
        resolver.want(WEB, f"{WEB} AAAA")
        resolver.stays(lambda: True, 4.0)
        # Two types, each at once and then after a second or more.
        assert len(server.asked) <= 2 * (4 + 2)


def test_what_many_lookups_ask_besides_goes_out_once_a_second() -> None:
    def without_glue(asked: Asked) -> Iterator[bytes]:
        yield asked.answer(*GOOD) if asked.type == "A" else asked.answer("SRV 0 1 80 host.example.")

    with ScriptedDns(without_glue) as server, resolving(server.address) as resolver:
        services = [f"_http._tcp.web{number}.example SRV" for number in range(30)]
        resolver.want(*services)
        resolver.until(lambda: all(resolver.ips(service) == IPS for service in services))
        resolver.stays(lambda: resolver.report("looked-at.example").outcome == "valid", 3.0)
        asked = server.asked_names()
        assert asked.count(f"udp {services[0]}") >= 3
        assert asked.count("udp host.example A") <= 3 + 2
        assert asked.count("udp looked-at.example A") <= 3 + 2


def test_addresses_that_must_not_be_used_are_left_out_and_named() -> None:
    def mixed(asked: Asked) -> Iterator[bytes]:
        yield asked.answer(*GOOD, "A 127.0.0.1", "A 169.254.169.254")

    with ScriptedDns(mixed) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        told = resolver.told(WEB)
        assert told is not None
        assert [remark.said for remark in told.remarks] == [
            f"{WEB} A: 127.0.0.1 is a loopback address, so that record is not used",
            f"{WEB} A: 169.254.169.254 is a link-local address, so that record is not used",
        ]


def test_answers_that_only_rotate_deliver_nothing() -> None:
    def rotating(asked: Asked) -> Iterator[bytes]:
        count = len(asked.server.asked)
        yield asked.answer(*(f"A 10.99.0.{(count + number) % 10 + 1}" for number in range(10)))

    with ScriptedDns(rotating) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: len(server.asked) >= 4)
        assert len(resolver.delivered) == 1


def test_a_question_is_asked_in_lower_case_and_its_answer_read_in_any() -> None:
    def shouting(asked: Asked) -> Iterator[bytes]:
        yield asked.answer(*GOOD).replace(b"\3web\7example", b"\3WEB\7eXaMpLe")

    with ScriptedDns(shouting) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)


def test_names_in_trouble_do_not_hold_up_the_others() -> None:
    def selective(asked: Asked) -> Iterable[bytes]:
        return [] if asked.name.startswith("dead") else honest(asked)

    with ScriptedDns(selective) as server, resolving(server.address) as resolver:
        resolver.want(*(f"dead{number}.example" for number in range(500)))
        resolver.until(lambda: len(server.asked) >= 100)
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS, seconds=2 * UDP_SECONDS)
        resolver.until(lambda: server.asked_names().count(f"udp {WEB} A") >= 4, seconds=3 * UDP_SECONDS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_resolver_that_ends_by_a_mistake_of_ours_is_seen_to_be_stale() -> None:
    def mistaken(_result: str) -> None:
        raise AssertionError

    with ScriptedDns(honest) as server:
        resolver = Resolver(ResolverSettings(servers=[server.address]), time.monotonic, mistaken)
        resolver.start(lambda _resolved: None)
        resolver.want([question(WEB)])
        deadline = time.monotonic() + UDP_SECONDS
        while not resolver.staleness_seconds(time.monotonic()):
            assert time.monotonic() < deadline
        resolver.stop()


def test_what_is_dropped_is_asked_no_more() -> None:
    with ScriptedDns(honest) as server, resolving(server.address) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == IPS)
        resolver.resolver.want((), [question(WEB)])
        resolver.until(lambda: resolver.report("other.example").outcome == "valid")
        asked = len(server.asked)
        resolver.stays(lambda: len(server.asked) == asked, 1.5)
