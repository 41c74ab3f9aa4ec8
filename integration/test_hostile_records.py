"""Records that a DNS server should not send, each on the wire under a name of its own: none harms the others."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import dns.flags
import dns.rrset
import pytest
from dns.message import Message
from dns.rcode import Rcode

from integration.resolving import Resolving, resolving
from integration.scripted_dns import Asked, ScriptedDns

GOOD = "A 10.99.0.1"
FLOOR, CEILING = 1.0, 60.0
KINDS = {"A": 1, "AAAA": 28, "SRV": 33}


class Case(NamedTuple):
    """What a server answers to a name, and what becomes of it.

    ``sent`` are records as "A 10.99.0.1" ("other A 10.99.0.1" belongs to other.example), or rdata as bytes;
    ``ips`` are used, ``said`` is part of what is reported of the name, "" where there is nothing to report.
    """

    sent: tuple[str | bytes, ...]
    ips: tuple[str, ...] = ("10.99.0.1",)
    said: str = ""
    type: str = "A"
    ttl: int = 5
    pause: float | None = None


CASES: Mapping[str, Case] = {
    # 122, 123: bytes that are no record
    "three-bytes": Case((b"\x0a\x63\0\1", b"\x0a\x63\0"), said="1 records that cannot be read"),
    "no-bytes": Case((b"\x0a\x63\0\1", b""), said="1 records that cannot be read"),
    "fifteen-bytes": Case((bytes(15),), ips=(), said="cannot be read", type="AAAA"),
    # 126: times to live
    "ttl-none": Case((GOOD,), ttl=0, pause=FLOOR),
    "ttl-largest": Case((GOOD,), ttl=0x7FFFFFFF, pause=CEILING),
    "ttl-signed": Case((b"\x0a\x63\0\1",), ttl=0x80000000, pause=FLOOR),
    "ttl-all-bits": Case((b"\x0a\x63\0\1",), ttl=0xFFFFFFFF, pause=FLOOR),
    # 128: an answer to the question that is none
    "txt-alone": Case(("TXT here",), ips=(), said="has no records of this type"),
    "nothing": Case((), ips=(), said="has no records of this type"),
    "alias-alone": Case(("CNAME nowhere.example.",), ips=(), said="leads by CNAME to nowhere.example"),
    # 129: aliases
    "alias-to-itself": Case(("CNAME alias-to-itself.example.",), ips=(), said="they go round in circles"),
    "alias-without-end": Case(("CNAME more.alias-without-end.example.",), ips=(), said="too many CNAMEs"),
    "alias-elsewhere": Case(("CNAME good.elsewhere.",)),
    # 130 to 133: where no slot may lead
    "unspecified": Case((GOOD, "A 0.0.0.0"), said="0.0.0.0 is the unspecified address"),
    "broadcast": Case((GOOD, "A 255.255.255.255"), said="255.255.255.255 is the broadcast address"),
    "multicast": Case((GOOD, "A 224.0.0.1"), said="224.0.0.1 is a multicast address"),
    "loopback": Case((GOOD, "A 127.0.0.1"), said="127.0.0.1 is a loopback address"),
    "metadata": Case((GOOD, "A 169.254.169.254"), said="169.254.169.254 is a link-local address"),
    "loopback-six": Case(("AAAA fd00::1", "AAAA ::1"), ("fd00::1",), "::1 is a loopback address", "AAAA"),
    "link-local-six": Case(("AAAA fd00::1", "AAAA fe80::1"), ("fd00::1",), "fe80::1 is a link-local address", "AAAA"),
    "wrapped": Case(("AAAA fd00::1", "AAAA ::ffff:127.0.0.1"), ("fd00::1",), "is a loopback address", "AAAA"),
    "translated": Case(("AAAA fd00::1", "AAAA 64:ff9b::a9fe:a9fe"), ("fd00::1",), "is a link-local address", "AAAA"),
    "two-of-three": Case((GOOD, "A 10.99.0.2", "A 127.0.0.1"), ("10.99.0.1", "10.99.0.2"), "127.0.0.1 is a loopback"),
    # 134 to 136: services
    "not-available": Case(("SRV 0 0 0 .",), (), "is not available, its SRV record says", "SRV"),
    "no-port": Case(("SRV 0 1 80 good.example.", "SRV 0 1 0 good.example."), said="has port 0", type="SRV"),
    "literal": Case(
        ("SRV 0 1 80 good.example.", "SRV 0 1 80 10.99.0.9."), said="is an address, not a name", type="SRV"
    ),
    "worse-priority": Case(("SRV 1 1 80 good.example.", "SRV 2 1 80 second.example."), type="SRV"),
    "heaviest": Case(("SRV 1 65535 80 good.example.",), type="SRV"),
    "weightless": Case(("SRV 1 0 80 good.example.", "SRV 1 0 81 good.example."), ("10.99.0.1",) * 2, type="SRV"),
    "without-glue": Case(("SRV 0 1 80 good.example.",), type="SRV"),
    "foreign-glue": Case(("SRV 0 1 80 good.example.", "other A 10.66.6.6"), type="SRV"),
    "twice": Case(("SRV 0 1 80 good.example.", "SRV 0 9 80 again.example."), type="SRV"),
    # another class, other names, the same twice
    "another-name": Case((GOOD, "other A 10.66.6.6")),
    "doubled": Case((b"\x0a\x63\0\1", b"\x0a\x63\0\1")),
}
ADDRESSES = {"good": GOOD, "again": GOOD, "second": "A 10.99.0.2"}


def answers(asked: Asked) -> Iterator[bytes]:
    label = asked.name.split(".")[0]
    case = CASES.get(asked.name.removesuffix(".example"))
    if case is not None and asked.type == case.type:
        raw = [each for each in case.sent if isinstance(each, bytes)]
        yield asked.framed(bare(asked, raw, case.ttl) if raw else told(asked, case.sent, case.ttl))
    elif asked.name.endswith("more.alias-without-end.example"):
        yield asked.framed(asked.answer(f"CNAME x.{asked.name}."))
    elif asked.type == "A" and label in ADDRESSES:
        yield asked.framed(asked.answer(ADDRESSES[label]))
    else:
        yield asked.framed(asked.answer(rcode=Rcode.NXDOMAIN))


def told(asked: Asked, sent: Iterable[str | bytes], ttl: int) -> bytes:
    texts = [each for each in sent if isinstance(each, str)]
    message: Message = asked.built(*(each for each in texts if not each.startswith("other ")), ttl=ttl)
    for each in texts:
        if each.startswith("other "):
            _, kind, rdata = each.split(" ")
            section = message.additional if asked.type == "SRV" else message.answer
            section.append(dns.rrset.from_text("other.example.", ttl, "IN", kind, rdata))
    return message.to_wire(max_size=65535)


def bare(asked: Asked, rdata: list[bytes], ttl: int) -> bytes:
    """An answer of records that nobody has checked."""
    end = 12 + len(asked.name) + 2 + 4
    records = (b"\xc0\x0c" + struct.pack("!HHIH", KINDS[asked.type], 1, ttl, len(each)) + each for each in rdata)
    return asked.wire[:2] + struct.pack("!HHHHH", 0x8180, 1, len(rdata), 0, 0) + asked.wire[12:end] + b"".join(records)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Resolving]:
    """A resolver that wants all names, and has heard of each."""
    names = [f"{label}.example {case.type}" for label, case in CASES.items()]
    with ScriptedDns(answers) as server, resolving(server.address) as resolver:
        resolver.want(*names)
        resolver.until(lambda: all(resolver.told(name) is not None for name in names))
        yield resolver


@pytest.mark.parametrize("label", CASES)
def test_of_a_hostile_answer_what_is_good_is_used_and_what_is_not_is_named(hostile: Resolving, label: str) -> None:
    case = CASES[label]
    name = f"{label}.example {case.type}"
    told, report = hostile.told(name), hostile.report(name)
    assert told is not None
    assert tuple(record.ip for record in told.records or ()) == case.ips
    everything = " ".join([report.said, *report.remarks])
    assert case.said in everything
    assert bool(everything) == bool(case.said)


@pytest.mark.parametrize("label", [label for label, case in CASES.items() if case.pause])
def test_a_time_to_live_counts_between_floor_and_ceiling(hostile: Resolving, label: str) -> None:
    pause = CASES[label].pause
    assert pause is not None
    # Asked again a little earlier than that, and some of it is over.
    assert 0.9 * pause - 5 < hostile.report(f"{label}.example").asked_in <= pause


def test_a_server_without_edns_is_asked_without_it_and_a_lame_one_not_again() -> None:
    def badly(asked: Asked) -> Iterator[bytes]:
        message = asked.built(rcode=Rcode.BADVERS) if asked.name.startswith("edns") else referral(asked)
        yield asked.answer(GOOD) if asked.message.edns < 0 else message.to_wire()

    def well(asked: Asked) -> Iterator[bytes]:
        yield asked.answer("A 10.99.0.2")

    with ScriptedDns(badly) as bad, ScriptedDns(well) as good, resolving(bad.address, good.address) as resolver:
        resolver.want("edns.example", "lame.example")
        resolver.until(lambda: resolver.ips("edns.example") == ["10.99.0.1"])
        resolver.until(lambda: resolver.ips("lame.example") == ["10.99.0.2"])


def referral(asked: Asked) -> Message:
    """An answer of a server that knows whom to ask, but does not."""
    message = asked.built()
    message.flags &= ~(dns.flags.RA | dns.flags.AA)
    message.authority.append(dns.rrset.from_text("example.", 5, "IN", "NS", "ns.example."))
    return message
