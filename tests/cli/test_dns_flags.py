"""The flags that begin with --dns: what they take, what they refuse."""

from __future__ import annotations

import click
import pytest

from hadyn.cli.dns_flags import DnsServer, Hold, NetworkRange
from tests.cli.invoking import invoke


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("10.96.0.10", "10.96.0.10:53"),
        ("127.0.0.1:8600", "127.0.0.1:8600"),
        ("fd00::a", "[fd00::a]:53"),
        ("[fd00::a]", "[fd00::a]:53"),
        ("[fd00::a]:8600", "[fd00::a]:8600"),
    ],
)
def test_a_server_is_an_address_with_or_without_port(said, meant):
    assert DnsServer().convert(said, None, None) == meant


@pytest.mark.parametrize(
    "said", ["", "dns.example", "10.0.0", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:dns", "[::1]:"]
)
def test_what_is_no_server_is_wrong_usage(said):
    with pytest.raises(click.BadParameter, match=r"is not the address of a DNS server|has no port"):
        DnsServer().convert(said, None, None)


@pytest.mark.parametrize("said", ["fe80::1%eth0", "[fe80::1%eth0]:53"])
def test_a_server_of_one_link_is_wrong_usage(said):
    with pytest.raises(click.BadParameter, match="of one link alone"):
        DnsServer().convert(said, None, None)


@pytest.mark.parametrize(
    "flags",
    [("--dns-min-ttl", "90s"), ("--dns-hold", "valid=500ms"), ("--dns-hold", "valid=5s", "--dns-min-ttl", "6s")],
)
@pytest.mark.parametrize("words", [("resolve", "web.example"), ("run", "--manifests", ".")])
def test_a_floor_above_the_ceiling_is_wrong_usage(folder, words, flags):
    ended = invoke(*words, "--state-dir", folder.path, *flags)
    assert ended.exit_code == 2
    assert "--dns-min-ttl" in ended.stderr
    assert "longer than answers are held at most" in ended.stderr


@pytest.mark.parametrize("said", ["10.0.0.0/8", "fd00::/8", "10.0.0.1/32"])
def test_a_network_is_taken_as_it_is_said(said):
    assert NetworkRange().convert(said, None, None) == said


@pytest.mark.parametrize("said", ["", "10.0.0.1/8", "10.0.0.0/33", "pods"])
def test_what_is_no_network_is_wrong_usage(said):
    with pytest.raises(click.BadParameter, match="is not a network such as"):
        NetworkRange().convert(said, None, None)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("nx=30s", ("nx", 30.0)), ("timeout=forever", ("timeout", None)), ("obsolete=1m", ("obsolete", 60.0))],
)
def test_a_hold_time_is_a_name_and_a_time(said, meant):
    assert Hold().convert(said, None, None) == meant


@pytest.mark.parametrize("said", ["", "nx", "nx=", "nx=soon", "never=3s", "valid=forever", "obsolete=forever"])
def test_what_is_no_hold_time_is_wrong_usage(said):
    with pytest.raises(click.BadParameter):
        Hold().convert(said, None, None)
