"""A reload for a backend names what changed, as its user set it."""

from __future__ import annotations

import pytest

from hadyn.render.changed_settings import changed_settings

HEAD = "backend shop_web_80 from hadyn\n    # shop/web:80\n"
SEATS = "    server s1 10.0.0.1:80 weight 1\n"


def section(*lines: str, seats: str = SEATS) -> str:
    return HEAD + "".join(f"    {line}\n" for line in lines) + seats


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ([], ["balance leastconn"], "hadyn.io/load-balance"),
        (["balance leastconn"], ["balance source"], "hadyn.io/load-balance"),
        (["timeout server 1s", "balance leastconn"], ["balance leastconn"], "hadyn.io/timeout-server"),
        ([], ["timeout queue 1s", "default-server maxconn 5"], "hadyn.io/maxconn-server, hadyn.io/timeout-queue"),
        (["http-request deny if a"], ["http-request deny if b"], "http-request deny"),
        (["acl a path /"], [], "acl"),
        (["acl a path /", "acl b path /x"], ["acl b path /x", "acl a path /"], "order of lines"),
        ([], [f"word{number}" for number in range(7)], "word0, word1, word2, word3, word4 and 2 more"),
        (["balance source"], ["balance source"], ""),
    ],
)
def test_what_differs_is_named_by_its_annotation_where_one_alone_writes_it(before, after, named):
    assert changed_settings(section(*before), section(*after)) == named


def test_who_sits_where_is_no_setting():
    assert (
        changed_settings(section(), section(seats="    server-template s 1-10 127.0.0.1:1 disabled weight 1\n")) == ""
    )


@pytest.mark.parametrize(("before", "after"), [("", section("balance source")), (section("balance source"), "")])
def test_a_backend_that_comes_or_goes_has_nothing_to_compare(before, after):
    assert changed_settings(before, after) == ""
