"""Which server is asked first, and what /etc/resolv.conf says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import Address
from hadyn.resolver.resolv_conf import ResolvConf, read_resolv_conf
from hadyn.resolver.servers import ServerOrder

FIRST, SECOND, THIRD = (Address(f"10.0.0.{number}", 53) for number in (1, 2, 3))
WORDS = [
    "nameserver",
    "search",
    "domain",
    "options",
    "ndots:",
    "::1",
    "fe80::1%lo",
    "1.2.3.4",
    "a.example",
    "#",
    ";",
    "\n",
]


def test_the_first_server_is_asked_while_it_answers():
    order = ServerOrder([FIRST, SECOND])
    order.answered(FIRST, 1.0)
    assert [order.order(name, 2.0)[0] for name in ("a", "b", "c")] == [FIRST, FIRST, FIRST]


def test_a_silent_server_costs_its_timeout_once():
    order = ServerOrder([FIRST, SECOND])
    order.was_silent(FIRST, asked_at=0.0, now=2.0)
    assert [order.order("a", now)[0] for now in (2.0, 10.0, 31.0)] == [SECOND, SECOND, SECOND]


def test_one_lookup_tries_a_silent_server_again_after_a_while():
    order = ServerOrder([FIRST, SECOND])
    order.was_silent(FIRST, asked_at=0.0, now=2.0)
    assert [order.order(name, 32.0)[0] for name in ("a", "b")] == [FIRST, SECOND]
    order.answered(FIRST, 32.1)
    assert order.order("b", 33.0)[0] == FIRST


def test_silence_about_one_name_is_not_the_fault_of_a_server_that_answers_others():
    order = ServerOrder([FIRST, SECOND])
    order.answered(FIRST, 1.0)
    order.was_silent(FIRST, asked_at=0.0, now=2.0)
    assert (order.order("a", 3.0)[0], order.silent()) == (FIRST, ())


def test_when_all_are_silent_all_are_asked_in_turn():
    order = ServerOrder([FIRST, SECOND])
    for server in (FIRST, SECOND):
        order.was_silent(server, asked_at=0.0, now=2.0)
    assert order.order("a", 3.0) == (FIRST, SECOND)
    assert order.silent() == (FIRST, SECOND)


def test_rotation_spreads_names_and_keeps_each_at_its_server():
    order = ServerOrder([FIRST, SECOND, THIRD], rotates=True)
    first = [order.order(f"name{number}", 0.0)[0] for number in range(100)]
    assert set(first) == {FIRST, SECOND, THIRD}
    assert first == [order.order(f"name{number}", 9.0)[0] for number in range(100)]


def test_a_resolv_conf_says_servers_domains_and_dots():
    text = """
    # made by kubelet
    nameserver 10.96.0.10   ; the cluster's
    nameserver fd00::a
    search shop.svc.cluster.local svc.cluster.local cluster.local.
    options ndots:5 timeout:1 rotate
    """
    assert read_resolv_conf(text) == ResolvConf(
        (Address("10.96.0.10", 53), Address("fd00::a", 53)),
        ("shop.svc.cluster.local", "svc.cluster.local", "cluster.local"),
        5,
        rotates=True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nameserver",
        "nameserver ns.example",
        "nameserver 1.2.3\nserach x",
        "\0\xff",
        "options ndots:x",
        "nameserver fe80::1%eth0",
    ],
)
def test_what_cannot_be_understood_is_passed_over(text):
    assert read_resolv_conf(text) == ResolvConf()


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=9), max_size=30).map(" ".join) | st.text())
def test_no_text_does_more_than_be_passed_over(text):
    read = read_resolv_conf(text)
    assert all(str(server).endswith(":53") for server in read.servers)
    assert read.candidates("web.shop")


def test_of_several_search_lines_the_last_counts_and_wrong_domains_do_not():
    assert read_resolv_conf("search a.example\nsearch b.example c;d b..x\ndomain c.example").search == ("c.example",)


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("web", ["web.a", "web.b", "web"]),
        ("web.shop", ["web.shop.a", "web.shop.b", "web.shop"]),
        ("web.shop.svc", ["web.shop.svc", "web.shop.svc.a", "web.shop.svc.b"]),
        ("web.", ["web"]),
    ],
)
def test_the_number_of_dots_decides_what_is_asked_first(name, candidates):
    assert ResolvConf(search=("a", "b"), ndots=2).candidates(name) == candidates


def test_a_domain_that_makes_a_name_too_long_is_not_tried():
    name = ".".join(["a" * 60] * 4)
    assert ResolvConf(search=("long.example.org",), ndots=9).candidates(name) == [name]
