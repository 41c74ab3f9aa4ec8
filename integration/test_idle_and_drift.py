"""An idle hadyn does nothing; what somebody else changes in HAProxy is set right, and said."""

from __future__ import annotations

import re
import time

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.running import Ground

IDLE_SECONDS = 3.0


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 3, path="/")


def connections(ground: Ground) -> int:
    """How many connections HAProxy has taken so far, this one included."""
    found = re.search(r"^CumConns: (\d+)$", ground.say("show info"), re.MULTILINE)
    assert found
    return int(found[1])


def files(ground: Ground) -> dict[str, tuple[int, int]]:
    """Every file in the state folder, with its inode and the time of its last change."""
    found = (path for path in ground.folder.path.rglob("*") if path.is_file() and path != ground.folder.log)
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


TICK_SECONDS = 0.01
"""The kernel counts the time on processors in steps of this size."""


def test_an_idle_hadyn_asks_nothing_writes_nothing_and_sleeps(ground: Ground, web: Deployment) -> None:
    hadyn = ground.run()
    web.retire(web.names[:1])
    ground.until(web.serves)
    time.sleep(1.2)
    written, taken, on_processor = files(ground), connections(ground), hadyn.cpu_seconds()

    time.sleep(IDLE_SECONDS)

    assert connections(ground) == taken + 1
    assert hadyn.cpu_seconds() - on_processor <= 0.005 * IDLE_SECONDS + TICK_SECONDS
    assert files(ground) == written


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        ("set server shop_web_80/s1 state maint", "slot s1 set"),
        ("set server shop_web_80/s2 state drain", "slot s2 set"),
        ("set server shop_web_80/s3 weight 0", "weight of slot s3 changed"),
        ("set server shop_web_80/s4 state ready", "slot s4 in maint"),
        ("del map {maps}/prefix.map shop.example/", "1 map entry set"),
        ("clear map {maps}/hosts.map", "1 map entry set"),
        ("set map {maps}/prefix.map shop.example/ _503", "1 map entry set"),
        ("add map {maps}/exact.map other.example/x shop_web_80", "1 map entry set"),
    ],
)
def test_what_somebody_else_changes_is_set_right_and_said(
    ground: Ground, web: Deployment, tampering: str, said: str
) -> None:
    ground.run("--drift-interval", "300ms")
    seats = ground.ready(web.backend)

    assert ground.say(tampering.replace("{maps}", str(ground.folder.maps))).strip() == ""

    ground.until(lambda: "HAProxy was changed by somebody else and set right:" in ground.log)
    assert said in ground.log
    ground.until(lambda: ground.ready(web.backend) == seats)
    assert {ground.get()[1] for _ in range(12)} == set(web.names)
    assert ground.metric("hadyn_drift_repaired_total") >= 1
    assert ground.reloads() == {}


def test_a_slot_sent_to_a_stranger_is_taken_back(ground: Ground, pods: Pods, web: Deployment) -> None:
    stranger = pods.start("stranger", "127.80.0.1")
    ground.run("--drift-interval", "300ms")

    ground.say(f"set server {web.backend}/s1 addr {stranger.address.ip} port {stranger.address.port}")
    ground.until(lambda: "set right" in ground.log)
    ground.until(web.serves)

    answered = stranger.answered
    assert {ground.get()[1] for _ in range(12)} == set(web.names)
    assert stranger.answered == answered


def test_what_is_right_is_left_alone_by_the_sweep(ground: Ground, web: Deployment) -> None:
    ground.run("--drift-interval", "200ms")
    sent = ground.metric("hadyn_commands_total")
    written = files(ground)
    time.sleep(1.5)
    assert ground.metric("hadyn_commands_total") == sent
    assert files(ground) == written
    assert "set right" not in ground.log


def test_a_server_that_is_not_hadyns_is_left_alone_and_reported(ground: Ground, pods: Pods, web: Deployment) -> None:
    stranger = pods.start("stranger", "127.80.0.2")
    ground.run("--drift-interval", "300ms")
    address = f"{stranger.address.ip}:{stranger.address.port}"
    assert "New server registered" in ground.say(f"add server {web.backend}/mine {address} weight 1")
    ground.say(f"enable server {web.backend}/mine")

    ground.until(lambda: ground.status()["haproxy"]["strangers"] == [f"server {web.backend}/mine"])
    web.start(1)
    ground.until(lambda: web.serves([*web.addresses, address]))

    ground.until(lambda: "stranger" in {ground.get()[1] for _ in range(12)})
    assert ground.log.count("what is not hadyn's and is left alone: server shop_web_80/mine") == 1

    ground.say(f"set server {web.backend}/mine state maint")
    assert "Server deleted" in ground.say(f"del server {web.backend}/mine")
    ground.until(lambda: ground.status()["haproxy"]["strangers"] == [])
    assert ground.reloads() == {}
