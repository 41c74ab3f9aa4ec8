"""Lines of docs/haproxy-facts.md about files, reloads, processes, shown on every HAProxy at hand."""

from __future__ import annotations

import os
import re
import signal
import string
from pathlib import Path

import pytest

from hadyn.model.directives import Directive
from integration.haproxies import RunningHAProxy, checked, free_port
from integration.pods import Client, got

FRONT = "frontend front\n  bind unix@{folder}/front.sock\n  default_backend web\n"
FREE = "backend web\n  server-template s 1-2 127.0.0.1:1 disabled\n"
TEN_THOUSAND_SLOTS = "".join(
    f"backend b{number}\n  server-template s 1-50 127.0.0.1:1 disabled\n" for number in range(200)
)


def slots(running: RunningHAProxy) -> list[str]:
    """Say name, address with port, admin bits and weight of each slot of backend web."""
    _, _, *rows = running.say("show servers state web").strip().split("\n")
    return [
        f"{words[3]} {words[4]}:{words[18]} admin={words[6]} weight={words[7]}"
        for words in (row.split() for row in rows)
    ]


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert kilobytes
    return 1000 * int(kilobytes.group(1))


def has_ended(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.fact("single-quotes")
def test_every_printable_character_is_literal_in_single_quotes(start):
    word = "$PATH ${PATH} " + string.printable.strip()
    line = Directive("http-request", "return", "status", "200", "content-type", "text/plain", "string", word)

    running = start(f"frontend front\n  bind unix@{{folder}}/front.sock\n  {line}\n")

    assert got(running.front) == f"200 {word}"


@pytest.mark.fact("server-plus-template-slots")
def test_servers_beside_templates_keep_their_names_in_the_order_of_the_lines(start):
    running = start(
        "backend web\n  server s1 10.0.0.1:80 weight 3\n  server-template s 2-3 127.0.0.1:1 disabled\n"
        "  server s4 [fd00::4]:80 weight 0\n  server-template s 5-6 127.0.0.1:1 disabled weight 1\n"
    )

    assert slots(running) == [
        "s1 10.0.0.1:80 admin=0 weight=3",
        "s2 127.0.0.1:1 admin=5 weight=1",
        "s3 127.0.0.1:1 admin=5 weight=1",
        "s4 fd00::4:80 admin=0 weight=0",
        "s5 127.0.0.1:1 admin=5 weight=1",
        "s6 127.0.0.1:1 admin=5 weight=1",
    ]


@pytest.mark.fact("directory-of-shards")
def test_a_folder_of_files_is_read_anew_at_each_reload(start):
    files = {"shards/000.cfg": FREE, "shards/.hidden.cfg": "nonsense", "shards/001.cfg.new": "nonsense"}
    running = start("", files=files, arguments=("-f", "{folder}/shards"), is_master=True)
    before = running.say("show backend")

    running.write("shards/000.cfg", FREE.replace("web", "changed"))
    running.write("shards/001.cfg", FREE.replace("web", "added"))
    running.reload()

    assert before == "# name\nweb\n\n"
    assert running.say("show backend") == "# name\nchanged\nadded\n\n"


@pytest.mark.fact("socket-paths-are-short")
def test_a_socket_path_has_at_most_ninety_seven_characters(haproxy, tmp_path):
    def judged(length: int) -> int:
        socket = f"/{'x' * (length - 1)}"
        return checked(
            haproxy, tmp_path, f"global\n  stats socket {socket}\n{FRONT.replace('unix@{folder}', '/')}{FREE}"
        )[0]

    assert (judged(97), judged(98)) == (0, 1)


@pytest.mark.fact("slot-memory")
def test_a_slot_costs_four_to_six_kilobytes_of_each_worker(start):
    empty = resident_bytes(start("").pid())
    full = resident_bytes(start(TEN_THOUSAND_SLOTS).pid())

    assert 3500 < (full - empty) / 10_000 < 6500


@pytest.mark.fact("a-reload-forgets-slot-addresses")
def test_a_reload_forgets_what_was_set_on_slots(start):
    running = start(FREE, is_master=True)
    running.say("set server web/s1 addr 10.0.0.1 port 80;set server web/s1 weight 9;set server web/s1 state ready")
    running.wait_until(lambda: slots(running)[0] == "s1 10.0.0.1:80 admin=4 weight=9")

    running.reload()

    assert slots(running)[0] == "s1 127.0.0.1:1 admin=5 weight=1"


@pytest.mark.fact("state-file-loses-addresses")
def test_a_state_file_brings_back_all_but_the_address(start):
    state = "global\n  server-state-file {folder}/state\ndefaults\n  load-server-state-from-file global\n"
    running = start(state + FREE, files={"state": ""}, is_master=True)
    running.say("set server web/s1 addr 10.0.0.1 port 80;set server web/s1 state ready")
    running.wait_until(lambda: slots(running)[0] == "s1 10.0.0.1:80 admin=4 weight=1")

    running.write("state", running.say("show servers state"))
    running.reload()

    assert slots(running)[0] == "s1 127.0.0.1:80 admin=4 weight=1"


@pytest.mark.fact("reload-answers")
def test_the_master_tells_how_a_reload_went_from_two_seven_on(haproxy, start):
    running = start(FREE, is_master=True)
    good = running.say_to_master("reload")
    running.wait_until(lambda: "# workers" in running.say_to_master("show proc"))
    running.write("haproxy.cfg", "nonsense\n")
    bad = running.say_to_master("reload")

    expected = ("Success=1", "Success=0") if haproxy.is_at_least(2, 7) else ("", "")
    assert (good.partition("\n")[0], bad.partition("\n")[0]) == expected
    assert slots(running)


@pytest.mark.fact("a-reload-is-over-when-the-old-worker-stops")
def test_an_old_worker_that_stops_answers_no_more(start):
    running = start(FRONT + FREE, is_master=True)
    with Client(running.front) as client:
        client.ask()
        client.answer()
        for _ in range(5):
            before = running.pid()
            running.reload()  # returns when the old worker says that it stops
            assert before not in {running.pid() for _ in range(20)}


@pytest.mark.fact("master-refuses-while-reloading")
def test_the_master_refuses_connections_while_it_reloads(start):
    running = start(TEN_THOUSAND_SLOTS, is_master=True)
    running.say_to_master("show proc")
    running.signal(signal.SIGUSR2)

    running.wait_until(lambda: running.say_to_master("show version") == "")
    running.wait_until(lambda: running.say_to_master("show version") != "")


@pytest.mark.fact("master-ends-with-its-worker")
def test_neither_master_nor_worker_outlives_the_other(start):
    running = start(FREE, is_master=True)
    os.kill(running.pid(), signal.SIGKILL)
    assert running.exit_status() == 128 + signal.SIGKILL

    running = start(FREE, is_master=True)
    worker = running.pid()
    running.signal(signal.SIGKILL)
    running.exit_status()
    running.wait_for(lambda: has_ended(worker))


@pytest.mark.fact("check-status-lies")
def test_a_refused_name_is_an_alert_whatever_the_exit_status(haproxy, tmp_path):
    status, said = checked(haproxy, tmp_path, f"{FRONT.replace('unix@{folder}', '/')}{FREE}backend a/b\n")

    assert "[ALERT]" in said
    assert status == (0 if haproxy.is_at_least(3, 4) else 1)


@pytest.mark.fact("ports-are-shared")
def test_two_haproxies_take_the_same_port_without_a_word(start):
    frontend = f"frontend front\n  bind 127.0.0.1:{free_port()}\n"

    first, second = start(frontend), start(frontend)

    assert first.pid() != second.pid()
    assert "ALERT" not in first.output + second.output
