"""Who may come, as entries of a map: the longest beginning of an address decides as the networks do."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from hadyn.model.networks import ALLOWED, DENIED, access_list, canonical
from hadyn.model.options.sources import networks
from tests import given
from tests.model.looks import complaints, inventory

WEB = given.service("shop", "web")
ALLOW = "hadyn.io/allow-source-range"
DENY = "hadyn.io/deny-source-range"


def decided(allowed, denied, address):
    """What the longest entry says that begins an address, as HAProxy's map_beg finds it."""
    entries = access_list("a.example/shop/web", allowed, denied).entries
    digits = ipaddress.ip_address(address).packed.hex().upper()
    key = f"a.example/shop/web|{len(digits)}:{digits}"
    return entries[max((entry for entry in entries if key.startswith(entry)), key=len)]


networks_of_ipv4 = st.builds(
    lambda address, length: str(ipaddress.ip_network((address, length), strict=False)),
    st.integers(0x0A000000, 0x0A00FFFF),
    st.integers(12, 32),
)
some_networks = st.one_of(st.none(), st.lists(networks_of_ipv4, max_size=6).map(tuple))


@hypothesis_given(some_networks, some_networks, st.integers(0x0A000000, 0x0A01FFFF).map(ipaddress.ip_address))
def test_an_address_is_let_in_exactly_where_it_is_allowed_and_not_denied(allowed, denied, address):
    is_allowed = allowed is None or any(address in ipaddress.ip_network(each) for each in allowed)
    is_denied = any(address in ipaddress.ip_network(each) for each in denied or ())
    assert decided(allowed, denied, str(address)) == (ALLOWED if is_allowed and not is_denied else DENIED)


@pytest.mark.parametrize("address", ["::1", "2001:db8::1", "32.1.13.184"])
def test_no_family_is_taken_for_the_other(address):
    same_digits = ("32.1.0.0/16",) if ":" in address else ("2001::/16",)
    assert decided(same_digits, None, address) == DENIED


def test_a_length_that_is_no_multiple_of_four_is_up_to_eight_entries():
    assert len(access_list("x", ("10.0.0.0/9",), None).entries) == 1 + 8
    assert len(access_list("x", ("10.0.0.0/24", "10.0.1.1/32"), None).entries) == 1 + 2


def test_networks_are_read_with_host_bits_and_each_once():
    assert networks("10.1.2.3/8, 10.0.0.0/8\n fd00::1/64,192.0.2.1") == ("10.0.0.0/8", "192.0.2.1/32", "fd00::/64")
    assert canonical(["::ffff:10.0.0.1"]) == ("::ffff:a00:1/128",)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        ",",
        "all",
        "10.0.0.0/33",
        "10.0.0.1/",
        "::/129",
        "10.0.0.1 -f /etc/passwd",
        "0.0.0.0/0,!10.0.0.0/8",
        "10.0.0.0/8,,10.1.0.0/16x",
        "\uff11\uff10.0.0.1",
        "010.0.0.1",
        "fe80::1%eth0",
        "10.0.0.0/255.0.0.0",
        "10.0.0.1\r",
        "x" * 262_144,
    ],
)
@pytest.mark.parametrize("annotation", [ALLOW, DENY])
def test_a_list_that_cannot_be_read_lets_nobody_in_and_says_so(value, annotation):
    shown = inventory(WEB, given.ingress("shop", "web", annotations={annotation: value}))
    (route,) = shown.routes("a.example")
    assert ALLOWED not in {*route.access.entries.values()} - {route.access.entries["a.example/shop/web|"]}
    assert decided_by(route.access, "10.0.0.1") == decided_by(route.access, "::1") == DENIED
    assert complaints(shown)[0].endswith("is wanted; until then all get a 403")


def decided_by(access, address):
    digits = ipaddress.ip_address(address).packed.hex().upper()
    key = f"a.example/shop/web|{len(digits)}:{digits}"
    return access.entries[max((entry for entry in access.entries if key.startswith(entry)), key=len)]
