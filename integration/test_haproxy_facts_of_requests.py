"""Lines of docs/haproxy-facts.md about requests, shown on every HAProxy at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.haproxies import RunningHAProxy
from integration.pods import Client, Pod, got

FRONT = "frontend front\n  bind unix@{folder}/front.sock\n  default_backend web\n"
SLOTS = "backend web\n  server s1 127.0.0.1:1\n  server-template s 2-3 127.0.0.1:1 disabled\n"
FREE = "backend web\n  server-template s 1-3 127.0.0.1:1 disabled\n"


@pytest.fixture
def pod() -> Iterator[Pod]:
    with Pod("pod-a") as running:
        yield running


@pytest.fixture
def other_pod() -> Iterator[Pod]:
    with Pod("pod-b") as running:
        yield running


def seat(running: RunningHAProxy, slot: str, pod: Pod, backend: str = "web") -> None:
    """Let a pod have a slot, in two phases."""
    running.say(f"set server {backend}/{slot} state maint")
    running.say(f"set server {backend}/{slot} addr {pod.ip} port {pod.port}")
    running.wait_until(lambda: f"{slot} {pod.ip}:{pod.port}" in addresses(running, backend))
    running.say(f"set server {backend}/{slot} state ready")


def addresses(running: RunningHAProxy, backend: str) -> list[str]:
    observed = running.runtime().observe([backend])[backend]
    return [f"{slot.name} {slot.address}" for slot in observed.slots]


def figures(running: RunningHAProxy, backend: str, slot: str) -> tuple[str, str]:
    """Return a slot's scur (of show stat) beside its used_cur (of show servers conn)."""
    header, *rows = running.say(f"show stat {backend} 4 -1").strip().split("\n")
    scur = next(row.split(",")[header.split(",").index("scur")] for row in rows if row.split(",")[1] == slot)
    names, *lines = running.say(f"show servers conn {backend}").strip().split("\n")
    used = next(
        line.split()[names.split().index("used_cur") - 1] for line in lines if line.startswith(f"{backend}/{slot} ")
    )
    return scur, used


@pytest.mark.fact("scur-counts-sessions")
def test_scur_counts_sessions_that_used_cur_does_not(start, pod):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[path,field(2,/)]\n"
        "backend shared\n  server-template s 1-1 127.0.0.1:1 disabled\n"
        "backend private\n  http-reuse never\n  server-template s 1-1 127.0.0.1:1 disabled\n"
        "listen tunnels\n  mode tcp\n  bind unix@{folder}/tcp.sock\n  server-template s 1-1 127.0.0.1:1 disabled\n"
    )
    for backend in ("shared", "private", "tunnels"):
        seat(running, "s1", pod, backend)
    pod.hold()

    with (
        Client(running.front) as shared,
        Client(running.front) as private,
        Client(str(running.folder / "tcp.sock")) as tunnel,
    ):
        for client, path in ((shared, "/shared/"), (private, "/private/"), (tunnel, "/")):
            client.ask(path)
        running.wait_until(lambda: pod.requests == 3)
        seen = [figures(running, backend, "s1") for backend in ("shared", "private", "tunnels")]

    assert seen == [("1", "1"), ("1", "0"), ("1", "0")]


@pytest.mark.parametrize("change", ["state drain", "state maint", "weight 0"])
@pytest.mark.fact("requests-under-way-finish")
def test_a_request_under_way_finishes_while_others_go_elsewhere(start, pod, other_pod, change):
    running = start(FRONT + FREE)
    seat(running, "s1", pod)
    pod.hold()
    with Client(running.front) as client:
        client.ask()
        running.wait_until(lambda: pod.requests == 1)

        seat(running, "s2", other_pod)
        running.say(f"set server web/s1 {change}")
        running.say("set server web/s1 addr 127.0.0.1 port 9")
        others = {got(running.front) for _ in range(6)}
        pod.release()

        assert client.answer() == "200 pod-a"
    assert others == {"200 pod-b"}


@pytest.mark.fact("maint-on-the-last-slot")
def test_requests_get_a_503_at_once_when_no_slot_is_ready(start, pod):
    running = start(FRONT + FREE)
    seat(running, "s1", pod)
    before = got(running.front)

    running.say("set server web/s1 state maint")

    assert (before, got(running.front)[:3]) == ("200 pod-a", "503")


@pytest.mark.fact("weight-0-on-a-config-line")
def test_a_slot_that_starts_with_weight_zero_serves_once_it_gets_a_weight(start, pod, other_pod):
    running = start(
        f"{FRONT}backend web\n  server s1 {pod.ip}:{pod.port} weight 0\n  server s2 {other_pod.ip}:{other_pod.port}\n"
    )
    before = {got(running.front) for _ in range(6)}

    running.say("set server web/s1 weight 1")
    after = {got(running.front) for _ in range(6)}

    assert before == {"200 pod-b"}
    assert after == {"200 pod-a", "200 pod-b"}


@pytest.mark.fact("templates-start-up")
def test_a_template_without_the_word_disabled_gets_requests(start):
    running = start(FRONT + FREE.replace(" disabled", ""))

    running.say("set server web/s2 state maint;set server web/s3 state maint")

    assert " s1 127.0.0.1 2 0 " in running.say("show servers state web")


@pytest.mark.fact("map-beg-is-longest-match")
def test_the_longest_prefix_in_a_map_wins_whatever_its_place(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n"
        "  http-request return status 200 content-type text/plain lf-string %[path,map_beg({folder}/a.map,none)]\n",
        files={"a.map": "/ root\n/shop/ shop\n/shop/cart/ cart\n"},
    )
    running.say("add map {folder}/a.map /shop/cart/old/ old;add map {folder}/a.map /s s")

    answers = {path: got(running.front, path) for path in ("/shop/cart/old/x", "/shop/cart/", "/shop/x", "/sh", "/x")}

    assert answers == {
        "/shop/cart/old/x": "200 old",
        "/shop/cart/": "200 cart",
        "/shop/x": "200 shop",
        "/sh": "200 s",
        "/x": "200 root",
    }


@pytest.mark.fact("maps-route")
def test_a_map_entry_sends_requests_to_a_backend_without_a_reload(start, pod, other_pod):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[req.hdr(host),map_str({folder}/a.map)]\n"
        f"backend one\n  server s1 {pod.ip}:{pod.port}\nbackend two\n  server s1 {other_pod.ip}:{other_pod.port}\n",
        files={"a.map": ""},
    )
    seen = [got(running.front)[:3]]
    for command in ("add map {folder}/a.map a.example one", "set map {folder}/a.map a.example two"):
        running.say(command)
        seen.append(got(running.front))
    running.say("set map {folder}/a.map a.example missing")
    seen.append(got(running.front)[:3])

    assert seen == ["503", "200 pod-a", "200 pod-b", "503"]


@pytest.mark.fact("backends-have-no-client-timeouts")
def test_a_client_is_waited_for_as_long_as_the_frontend_says(start, pod):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n  timeout http-keep-alive 300ms\n  timeout http-request 300ms\n"
        "  default_backend web\n"
        f"backend web\n  timeout http-keep-alive 1h\n  timeout http-request 1h\n  server s1 {pod.ip}:{pod.port}\n"
    )
    with Client(running.front) as idle, Client(running.front) as slow:
        for client in (idle, slow):
            client.ask()
            assert client.answer() == "200 pod-a"
        slow.begin()

        assert slow.answer().startswith("408 ")
        with pytest.raises(ConnectionResetError):
            idle.answer()


@pytest.mark.fact("expressions")
def test_expressions_are_tried_in_order_and_give_their_groups_to_the_value(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n"
        "  http-request return status 200 content-type text/plain lf-string %[path,map_regm({folder}/a.map,none)]\n",
        files={"a.map": "^=0|^/shop/([0-9]+)/([^|]*)$ =/\\2/\\1\n^=1|^/shop/ shop\n"},
    )
    asked = ("/shop/12/ab", "/shop/x", "/new/x")
    before = [got(running.front, path) for path in asked]
    running.say(r"add map {folder}/a.map ^=2|^/([a-z]+)/ =\\1;add map {folder}/a.map ^=3|^/new/ late")
    added = [got(running.front, path) for path in asked]
    running.say(r"set map {folder}/a.map ^=2|^/([a-z]+)/ \\1=\\1")
    refusal = running.say("add map {folder}/a.map ^(((bad x")

    assert before == ["200 =/ab/12", "200 shop", "200 none"]
    assert added == ["200 =/ab/12", "200 shop", "200 =new"]
    assert got(running.front, "/new/x") == "200 new=new"
    assert "is invalid" in refusal


@pytest.mark.fact("map-files")
def test_a_map_file_has_comments_only_at_the_start_of_a_line(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n  use_backend %[path,map({folder}/a.map)]\n",
        files={"a.map": "# comment\n\n  /a   b c  \n/#x y#z\n\"q\" 'r'\n/alone\n"},
    )

    entries = [line.split(" ", 1)[1] for line in running.say("show map {folder}/a.map").strip().split("\n")]

    assert [entry.rstrip() for entry in entries] == ["/a b c", "/#x y#z", "\"q\" 'r'", "/alone"]


@pytest.mark.fact("paths-are-not-normalised")
def test_a_path_is_looked_up_as_the_client_sent_it(start):
    running = start(
        "frontend front\n  bind unix@{folder}/front.sock\n"
        "  http-request return status 200 content-type text/plain lf-string %[path,map_beg({folder}/a.map,none)]\n",
        files={"a.map": "/shop/ shop\n"},
    )

    answers = [got(running.front, path) for path in ("/shop/../admin", "//shop/", "/%73hop/", "/SHOP/")]

    assert answers == ["200 shop", "200 none", "200 none", "200 none"]
