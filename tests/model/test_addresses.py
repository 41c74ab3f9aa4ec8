"""Addresses that may stand in a slot: canonical, and never a forbidden one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.addresses import Address, ForbiddenAddress, canonical_ip, checked_port

SPECIAL_STARTS = st.sampled_from(["0", "10", "127", "169.254", "22", "223", "224", "239", "240", "25", "255"])


def judged_by_ipaddress(text: str) -> str:
    """The address as Python spells it, "" where a slot must not have it."""
    ip = ipaddress.ip_address(text)
    is_forbidden = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
    return "" if is_forbidden or text == "255.255.255.255" else str(ip)


def judged(text: str) -> str:
    try:
        return canonical_ip(text, loopback_allowed=False)
    except ForbiddenAddress:
        return ""


@for_all(st.ip_addresses(v=4) | st.ip_addresses(v=6, network="fd00::/8"))
def test_any_address_is_judged_as_the_library_judges_it(ip):
    assert judged(str(ip)) == judged_by_ipaddress(str(ip))


@for_all(SPECIAL_STARTS, st.lists(st.integers(0, 255), min_size=3, max_size=3))
def test_addresses_near_the_special_ones_are_judged_as_the_library_judges_them(start, rest):
    text = ".".join([*start.split("."), *map(str, rest)][:4])
    assert judged(text) == judged_by_ipaddress(text)


@for_all(st.from_regex(r"[0-9.]{7,15}", fullmatch=True))
def test_text_that_is_no_address_for_the_library_is_none_for_us(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            canonical_ip(text, loopback_allowed=True)


@pytest.mark.parametrize(
    "value", ["10.0.0.1\n", "10.0.0.01", " 10.0.0.1", "10.0.0.1.", "10.0.0.256", b"10.0.0.1", 1, None]
)
def test_a_value_that_only_resembles_an_address_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        canonical_ip(value, loopback_allowed=True)


CARRIERS = {
    "NAT64": lambda ip: ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(ip)),
    "6to4": lambda ip: ipaddress.IPv6Address((0x2002 << 112) | (int(ip) << 80) | 1),
    "Teredo": lambda ip: ipaddress.IPv6Address((0x20010000 << 96) | (0x0A010001 << 64) | (int(ip) ^ 0xFFFFFFFF)),
    "IPv4-compatible": lambda ip: ipaddress.IPv6Address(int(ip)),
}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("ip", ["127.0.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255"])
def test_an_ipv6_address_that_carries_a_forbidden_ipv4_one_is_forbidden(carrier, ip):
    assert judged(str(CARRIERS[carrier](ipaddress.IPv4Address(ip)))) == ""


@pytest.mark.parametrize("carrier", CARRIERS)
def test_an_ipv6_address_that_carries_an_ordinary_ipv4_one_is_itself(carrier):
    ip = CARRIERS[carrier](ipaddress.IPv4Address("198.51.100.7"))
    assert judged(str(ip)) == str(ip)


@pytest.mark.parametrize("value", [True, 0, -1, 65536, 80.0, "80", None])
def test_a_value_that_only_resembles_a_port_is_refused(value):
    with pytest.raises(ValueError, match="not a port"):
        checked_port(value)


def test_addresses_are_spelled_as_haproxy_reads_them():
    assert str(Address("10.0.0.7", 8080)) == "10.0.0.7:8080"
    assert str(Address("fd00::1", 8080)) == "[fd00::1]:8080"
