"""The line of docs/haproxy-facts.md about requests that ask for a canary, shown on every HAProxy at hand."""

from __future__ import annotations

import pytest

from integration.pods import got

ANSWER = "  http-request return status 200 content-type text/plain lf-string"
FOUND = r"""regsub('"^([^\n]*)\n[^\x01]*\n\1: ([^\r\n]*)\r[^\x01]*$"','"=\2"')"""


@pytest.mark.fact("asked-canaries")
def test_a_text_that_begins_with_the_name_of_a_header_finds_its_value(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n"
        "  http-request set-header X-One first\n  http-request add-header x-ONE second\n"
        "  http-request set-var(txn.head) req.hdrs\n"
        f'  http-request set-var(txn.said) path,field(2,/),concat("\\n\\n",txn.head),{FOUND}\n'
        f"{ANSWER} %[var(txn.said),word(1,:)]\n"
    )
    assert got(running.front, "/x-one") == "200 =second"
    assert got(running.front, "/host") == "200 =a.example"
    assert got(running.front, "/x-two").startswith("200 x-two")


@pytest.mark.fact("asked-canaries")
def test_servers_are_counted_where_they_could_answer(start):
    running = start(
        f"frontend front\n  bind unix@{{folder}}/front.sock\n{ANSWER} ok-%[path,field(2,/),nbsrv]\n"
        "backend two\n  server s1 127.0.0.1:1\n  server s2 127.0.0.1:1\n  server s3 127.0.0.1:1 disabled\n"
        "backend none\n  server s1 127.0.0.1:1 weight 0\n  server s2 127.0.0.1:1 disabled\n"
    )
    assert got(running.front, "/two") == "200 ok-2"
    assert got(running.front, "/none") == "200 ok-0"
    assert got(running.front, "/absent") == "200 ok-"
