"""Names at the border: exactly what may be asked of a DNS server passes."""

from __future__ import annotations

import pytest

from hadyn.model.dns_names import checked_dns_name

LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("web.shop.svc.cluster.local", "web.shop.svc.cluster.local"),
        ("API.Service.Consul.", "api.service.consul."),
        ("_http._tcp.web.shop.svc.cluster.local", "_http._tcp.web.shop.svc.cluster.local"),
        ("localhost", "localhost"),
        (LONGEST, LONGEST),
        (LONGEST + ".", LONGEST + "."),
    ],
)
def test_a_name_that_servers_know_comes_back_in_lower_case(spelled, name):
    assert checked_dns_name(spelled) == name


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (LONGEST + "d", "longer than a DNS name can be"),
        ("a" * 64 + ".example", "more than 63 characters"),
        ("web shop", "not a DNS name"),
        ("web;shop", "not a DNS name"),
        ("web\nshop", "not a DNS name"),
        ("web\0", "not a DNS name"),
        ("web..shop", "not a DNS name"),
        (".", "not a DNS name"),
        ("", "not a DNS name"),
        ("-web.example", "not a DNS name"),
        ("w\u00eab.example", "letters beyond ASCII are spelled xn--"),
        ("10.0.0.1", "an address, not a name"),
        (7, "not a DNS name"),
        (None, "not a DNS name"),
    ],
)
def test_anything_else_is_refused_with_the_reason(value, reason):
    with pytest.raises(ValueError, match=reason):
        checked_dns_name(value)
