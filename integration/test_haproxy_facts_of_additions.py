"""Lines of docs/haproxy-facts.md about slots and backends that come and go by command, shown on every HAProxy at hand."""

from __future__ import annotations

import time

import pytest

from hadyn.planner.dynamic import DYNAMIC_ALGORITHMS, SLOT_KEYWORDS
from integration.haproxies import RunningHAProxy
from integration.pods import Client, Pod, got
from tests.pairs import pair

FRONT = (
    "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[path,map({folder}/a.map)]\n"
    "  default_backend last\nbackend last\n"
)
MAPS = {"a.map": "/api api\n/web web\n"}
NAMED_DEFAULTS = "defaults named\n  mode http\n  timeout connect 2s\n  timeout client 9s\n  timeout server 9s\n"
_TLS = "ssl verify none"
ARGUMENTS = {
    "alpn": "alpn h2",
    "ca-file": "ssl verify required ca-file {folder}/pods.ca",
    "check": "check inter 2s",
    "check-sni": f"{_TLS} check check-sni pods.example",
    "ciphers": f"{_TLS} ciphers ECDHE-RSA-AES128-GCM-SHA256",
    "ciphersuites": f"{_TLS} ciphersuites TLS_AES_128_GCM_SHA256",
    "crt": f"{_TLS} crt {{folder}}/hadyn.pem",
    "fall": "fall 3",
    "inter": "inter 2s",
    "maxconn": "maxconn 5",
    "maxqueue": "maxqueue 5",
    "minconn": "minconn 2 maxconn 5",
    "on-marked-down": "on-marked-down shutdown-sessions",
    "pool-max-conn": "pool-max-conn 3",
    "pool-purge-delay": "pool-purge-delay 2s",
    "port": "check port 8081",
    "proto": "proto h2",
    "rise": "rise 2",
    "slowstart": "slowstart 2s",
    "sni": f"{_TLS} sni req.hdr(host)",
    "verify": _TLS,
    "verifyhost": "ssl verify required ca-file {folder}/pods.ca verifyhost pods.example",
    "ssl": _TLS,
    "ssl-max-ver": f"{_TLS} ssl-max-ver TLSv1.3",
    "ssl-min-ver": f"{_TLS} ssl-min-ver TLSv1.2",
    "ws": "ws h1",
}


def slots(running: RunningHAProxy, backend: str) -> list[str]:
    rows = running.say(f"show servers state {backend}").strip().split("\n")[2:]
    return [f"{row.split()[3]} admin={row.split()[6]} weight={row.split()[7]}" for row in rows]


def names(running: RunningHAProxy) -> list[str]:
    return running.say("show backend").split()[2:]


@pytest.mark.fact("added-slots")
def test_a_slot_that_is_added_is_in_maint_and_inherits_nothing(start):
    running = start(
        "backend web\n  default-server weight 5\n  server-template s 1-2 127.0.0.1:1 disabled\n"
        "backend hashed\n  balance source\n  server-template s 1-2 127.0.0.1:1 disabled\n"
    )

    said = running.say("add server web/s3 10.0.0.3:80;add server web/s4 [fd00::4]:80 weight 7")
    refused = running.say("add server hashed/s3 10.0.0.3:80")

    assert said == "New server registered.\n\nNew server registered.\n\n"
    assert slots(running, "web")[1:] == ["s2 admin=5 weight=5", "s3 admin=1 weight=1", "s4 admin=1 weight=7"]
    assert "dynamic" in refused
    assert len(slots(running, "hashed")) == 2


@pytest.mark.parametrize("algorithm", sorted(DYNAMIC_ALGORITHMS))
def test_slots_that_are_added_get_requests_from_three_on(haproxy, start, algorithm):
    running = start(
        f"{FRONT}backend web\n  balance {algorithm}\n  server-template s 1-1 127.0.0.1:1 disabled\n", files=MAPS
    )
    with Pod("pod") as pod:
        for number in range(2, 12):
            running.say(f"add server web/s{number} {pod.ip}:{pod.port}")
            running.say(f"set server web/s{number} state ready")
        answers = {got(running.front, "/web") for _ in range(150)}
    _, *rows = running.say("show stat web 4 -1").strip().split("\n")
    used = sum(row.split(",")[7] != "0" for row in rows)

    assert answers == {"200 pod"}
    assert used == (1 if algorithm == "first" else 10) or (algorithm == "random" and not haproxy.is_at_least(3, 0))


def test_words_that_are_said_of_added_slots_are_taken(start):
    shown = pair("hadyn.example")
    running = start(
        "backend web\n  server-template s 1-1 127.0.0.1:1 disabled\n"
        # HAProxy adds no slot that names a file which it did not read when it began.
        "backend reads\n  server s 127.0.0.1:1 ssl verify required ca-file {folder}/pods.ca crt {folder}/hadyn.pem disabled\n",
        files={"pods.ca": shown.certificate, "hadyn.pem": shown.pem},
    )
    words = {keyword: ARGUMENTS.get(keyword, keyword).format(folder=running.folder) for keyword in SLOT_KEYWORDS}

    replies = {
        keyword: running.say(f"add server web/{keyword} 10.0.0.1:80 weight 1 {words[keyword]}").strip()
        for keyword in sorted(SLOT_KEYWORDS)
    }

    assert {reply.splitlines()[-1] for reply in replies.values()} == {"New server registered."}


@pytest.mark.fact("added-backends")
def test_a_backend_comes_by_command_from_three_four_on(haproxy, start):
    running = start(NAMED_DEFAULTS + FRONT, files=MAPS)

    with Pod("pod") as pod:
        added = running.say("add backend api from named")
        running.say(
            f"add server api/s1 {pod.ip}:{pod.port};add server api/s2 127.0.0.1:1;set server api/s1 state ready"
        )
        unpublished = got(running.front, "/api").partition(" ")[0]
        published = running.say("publish backend api;publish backend api")
        answer = got(running.front, "/api").partition("\n")[0]

    can = haproxy.is_at_least(3, 4)
    assert added.startswith("New backend registered." if can else "Unknown command")
    assert unpublished == "503"
    assert published.count("Backend published.") == (2 if can else 0)
    assert answer == "200 pod" if can else answer.startswith("503")
    assert [row.partition(" ")[0] for row in slots(running, "api")] == ["s2", "s1"] or not can


@pytest.mark.fact("removed-backends")
def test_a_backend_goes_by_command_once_it_is_empty_from_three_four_on(haproxy, start):
    running = start(f"{FRONT}backend web\n  server-template s 1-2 127.0.0.1:1 disabled\n", files=MAPS)

    with Pod("pod") as pod, Client(running.front) as client:
        running.say(f"set server web/s1 addr {pod.ip} port {pod.port}")
        time.sleep(0.02)
        running.say("set server web/s1 state ready")
        pod.hold()
        client.ask("/web")
        running.wait_until(lambda: pod.requests == 1)
        ready = running.say("del server web/s1")
        busy = running.say("set server web/s1 state maint;del server web/s1")
        pod.release()
        answer = client.answer()
    is_free = haproxy.is_at_least(3, 0)
    running.wait_until(lambda: "Server deleted." in running.say("del server web/s1") or not is_free)
    gone = running.say(
        "del server web/s2;unpublish backend web;del backend web;unpublish backend last;del backend last"
    )

    assert ready.startswith("Only servers in maintenance mode can be deleted.")
    assert "Server still has connections attached to it" in busy
    assert answer == "200 pod"
    can = haproxy.is_at_least(3, 4)
    assert ("Backend deleted." in gone) == can
    assert names(running) == (["last"] if can else ["last", "web"])
