"""Backends filled from DNS, under load: whatever the servers do, no request fails and no seat moves without need."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from hadyn.demo.pods import Pods
from integration.loads import unfailing_load
from integration.named_pods import BACKEND, NamedGround, NamedPods, backend, dns_flags, ingress, ip, side_by_side
from integration.running import WAIT_SECONDS, Ground
from integration.scripted_dns import Asked, ScriptedDns

pytestmark = pytest.mark.root

ROUNDED_SECONDS = 0.2


RATE = 100.0
"""Requests a second with each HAProxy."""


def commands(ground: Ground) -> float:
    return ground.metric("hadyn_commands_total")


def queries(ground: Ground) -> float:
    return ground.metric("hadyn_dns_queries_total")


def stale_seconds(ground: Ground) -> float:
    """For how long the name has had no answer, as `hadyn status` and `hadyn resolve` agree to say."""

    def of_the_source() -> float:
        return next(float(each["stale_seconds"]) for each in ground.status()["sources"] if each["name"] == "dns")

    before = of_the_source()
    stale = max(float(each["stale_seconds"]) for each in ground.ask("/api/resolve", name="web.example."))
    assert before - ROUNDED_SECONDS <= stale <= of_the_source() + ROUNDED_SECONDS
    return stale


def is_asked_again(ground: Ground, times: int = 3) -> None:
    """Wait until DNS was asked some times more."""
    before = queries(ground)
    ground.until(lambda: queries(ground) >= before + times)


@side_by_side
def test_answers_that_only_rotate_cost_no_command(ground: NamedGround, pods: Pods) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(5))
    ground.run(*dns_flags(ground.knot.address))
    ground.until(web.serves)
    sent, seats = commands(ground), ground.ready(BACKEND)

    with unfailing_load(ground, rate=RATE) as requests:
        is_asked_again(ground, 6)
        assert requests.wait_for([f"web-{number}" for number in range(5)], WAIT_SECONDS)

    assert commands(ground) == sent
    assert ground.ready(BACKEND) == seats


@side_by_side
def test_pods_that_roll_over_while_the_name_is_gone_for_a_while_fail_no_request(
    ground: NamedGround, pods: Pods
) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(5))
    ground.run(*dns_flags(ground.knot.address, "--dns-hold", "obsolete=5s"))
    ground.until(web.serves)
    worker = ground.worker()
    leaving: list[int] = []

    def staying() -> list[int]:
        return [number for number in web.numbers if number not in leaving]

    with unfailing_load(ground, rate=RATE) as requests:
        for number in range(5):
            web.launch(number + 10)
            web.tell(staying())
            assert requests.wait_for([f"web-{number + 10}"], WAIT_SECONDS)
            leaving.append(number)
            web.tell(staying())
            if number == 2:
                ground.knot.publish()
                seats = {f"{ip(each)}:{web.port}" for each in staying()}
                ground.stays(lambda seats=seats: set(ground.ready(BACKEND).values()) >= seats, 8)
                web.tell(staying())
        # A pod may end once no new requests go there: HAProxy loses one that meets it on a connection kept to the pod.
        ground.until(lambda: web.serves(f"{ip(each)}:{web.port}" for each in staying()))
        web.stop(*leaving)

    assert ground.worker() == worker
    assert ground.status()["reloads"]["total"] == 0
    ground.until(web.serves)


@side_by_side
def test_three_hundred_addresses_come_over_tcp(ground: NamedGround, pods: Pods) -> None:
    everywhere = ground.named(pods, slots="320")
    pods.start("any", "0.0.0.0", everywhere.port)
    everywhere.tell(range(300))
    ground.run(*dns_flags(ground.knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 300)
    sent = commands(ground)

    with unfailing_load(ground, rate=RATE):
        is_asked_again(ground)
        assert commands(ground) == sent
        everywhere.tell(range(10, 310))
        ground.until(lambda: f"{ip(309)}:{everywhere.port}" in ground.ready(BACKEND).values())

    assert ground.status()["reloads"]["total"] == 0


@side_by_side
def test_a_name_that_is_gone_and_then_empty_for_eight_seconds_changes_nothing(ground: NamedGround, pods: Pods) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(3))
    ground.run(*dns_flags(ground.knot.address))
    ground.until(web.serves)
    sent = commands(ground)

    with unfailing_load(ground, rate=RATE):
        ground.knot.publish()
        ground.stays(web.serves, 5)
        ground.knot.publish("web TXT here")
        ground.stays(web.serves, 3)
        assert any("NotResolved" in problem for problem in ground.problems())
        web.tell()
        ground.until(lambda: not ground.problems())

    assert commands(ground) == sent


@side_by_side
def test_a_name_that_stays_away_is_let_go_step_by_step_after_its_hold_time(ground: NamedGround, pods: Pods) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(4))
    ground.run(*dns_flags(ground.knot.address, "--dns-hold", "nx=2s"))
    ground.until(web.serves)

    sizes = {4}
    ground.knot.publish()
    ground.until(lambda: sizes.add(len(ground.ready(BACKEND))) or 0 in sizes)

    assert sizes == {4, 3, 2, 1, 0}
    web.tell()
    ground.until(web.serves)


@pytest.mark.parametrize("trouble", ["stop", "fail", "refuse"])
@side_by_side
def test_a_server_that_is_dead_or_fails_changes_nothing(ground: NamedGround, pods: Pods, trouble: str) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(3))
    ground.run(*dns_flags(ground.knot.address))
    ground.until(web.serves)
    sent = commands(ground)

    with unfailing_load(ground, rate=RATE):
        getattr(ground.knot, trouble)()
        ground.until(lambda: ground.metric('hadyn_source_stale_seconds{source="dns"}') > 2)
        assert stale_seconds(ground) > 2
        asked = queries(ground)
        ground.stays(web.serves, 6)
        assert queries(ground) - asked <= 2 * 2 * 6
        ground.knot.recover()
        web.start(7)
        ground.until(web.serves)

    assert commands(ground) - sent <= 3
    ground.until(lambda: ground.metric('hadyn_source_stale_seconds{source="dns"}') == 0)
    assert stale_seconds(ground) == 0


@side_by_side
def test_a_hadyn_that_is_new_while_dns_is_dead_leaves_everybody_in_place(ground: NamedGround, pods: Pods) -> None:
    web = ground.named(pods, slots="10")
    web.start(*range(3))
    first = ground.run(*dns_flags(ground.knot.address))
    ground.until(web.serves)

    with unfailing_load(ground, rate=RATE):
        ground.knot.stop()
        first.kill()
        ground.run(*dns_flags(ground.knot.address))
        ground.stays(web.serves, 4)
        ground.knot.start()
        web.start(8)
        ground.until(web.serves)
    ground.is_left_behind = False


@side_by_side
def test_of_more_records_than_slots_those_that_sit_stay_and_an_unused_one_fills_a_gap(
    ground: NamedGround, pods: Pods
) -> None:
    everywhere = ground.named(pods, slots="10", slots_max="10")
    pods.start("any", "0.0.0.0", everywhere.port)
    everywhere.tell(range(200))
    ground.run(*dns_flags(ground.knot.address, "--dns-hold", "obsolete=2s"))
    ground.until(lambda: len(set(ground.ready(BACKEND).values())) == 10)
    seats = ground.ready(BACKEND)
    assert ground.problems() == ["backend shop/web: TooMany"]

    with unfailing_load(ground, rate=RATE):
        is_asked_again(ground)
        assert ground.ready(BACKEND) == seats
        slot, address = next(iter(seats.items()))
        gone = next(number for number in range(200) if address.startswith(f"{ip(number)}:"))
        everywhere.tell(number for number in range(200) if number != gone)
        ground.until(lambda: len(set(ground.ready(BACKEND).values()) - {address}) == 10)

    others = {name: seat for name, seat in seats.items() if name != slot}
    assert ground.ready(BACKEND).items() >= others.items()
    assert ground.ready(BACKEND)[slot] not in seats.values()


@side_by_side
def test_a_server_that_names_three_of_ten_at_random_fills_ten_slots_and_moves_nobody(
    ground: NamedGround, pods: Pods
) -> None:
    chance = random.Random("three of ten")

    def some(asked: Asked) -> Iterable[bytes]:
        shown = chance.sample(range(10), 3)
        yield asked.answer(*(f"A {ip(number)}" for number in shown) if asked.type == "A" else ())

    everywhere = NamedPods(ground, pods, lambda _records: None)
    everywhere.publish(slots="20")
    pods.start("any", "0.0.0.0", everywhere.port)
    with ScriptedDns(some) as server:
        ground.run(*dns_flags(server.address))
        with unfailing_load(ground, rate=RATE):
            ground.until(lambda: len(ground.ready(BACKEND)) == 10, seconds=60)
            seats, sent = ground.ready(BACKEND), commands(ground)
            is_asked_again(ground, 8)
            assert (ground.ready(BACKEND), commands(ground)) == (seats, sent)


@side_by_side
def test_ports_weights_and_hosts_come_with_services(ground: NamedGround, pods: Pods) -> None:
    first, second = (pods.start(f"web-{number}", ip(number), 0) for number in (1, 2))
    ground.knot.publish(
        f"_http._tcp.web SRV 1 10 {first.address.port} web-1",
        f"_http._tcp.web SRV 1 30 {second.address.port} web-2",
        f"_http._tcp.web SRV 2 10 {first.address.port} web-2",
        f"web-1 A {ip(1)}",
        f"web-2 A {ip(2)}",
    )
    ground.write("web.yaml", backend("_http._tcp.web.example.", 0, record_type="SRV"), ingress())
    ground.run(*dns_flags(ground.knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 2)

    seated = {
        entry["endpoint"]: (entry["address"], entry["weight"])
        for entry in ground.slots(BACKEND)["entries"]
        if entry["state"] == "ready"
    }
    assert seated == {
        "web-1.example": (str(first.address), 1),
        "web-2.example": (str(second.address), 3),
    }


@side_by_side
def test_pods_of_a_statefulset_come_back_to_the_slots_they_had(ground: NamedGround, pods: Pods) -> None:
    port = ground.another_port()
    numbers = {ordinal: ordinal for ordinal in range(5)}
    running = {ordinal: pods.start(f"web-{ordinal}", ip(ordinal), port) for ordinal in numbers}

    def publish(*absent: int) -> None:
        present = [ordinal for ordinal in numbers if ordinal not in absent]
        services = [f"_http._tcp.web SRV 0 10 {port} web-{ordinal}.web" for ordinal in present]
        ground.knot.publish(*services, *(f"web-{ordinal}.web A {ip(numbers[ordinal])}" for ordinal in present))

    publish()
    web = backend("_http._tcp.web.example.", port, record_type="SRV", slot_names="true", slots="8")
    ground.write("web.yaml", web, ingress())
    ground.run(*dns_flags(ground.knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 5)
    homes = {f"s{ordinal + 1}": f"web-{ordinal}.web.example" for ordinal in numbers}

    def seated() -> dict[str, str]:
        entries = ground.slots(BACKEND)["entries"]
        return {entry["slot"]: entry["endpoint"] for entry in entries if entry["state"] == "ready"}

    assert seated() == homes
    with unfailing_load(ground, rate=RATE):
        for ordinal in (4, 2, 0):
            publish(ordinal)
            leaver = running.pop(ordinal)
            ground.until(lambda leaver=leaver: str(leaver.address) not in ground.ready(BACKEND).values())
            leaver.stop()
            if ordinal == 2:
                ground.knot.publish()
                ground.stays(lambda: len(ground.ready(BACKEND)) >= 4, 3)
            numbers[ordinal] = ordinal + 20
            running[ordinal] = pods.start(f"web-{ordinal}", ip(ordinal + 20), port)
            publish()
            wanted = f"{ip(ordinal + 20)}:{port}"
            ground.until(lambda wanted=wanted: wanted in ground.ready(BACKEND).values())

    ground.until(lambda: seated() == homes)
    assert ground.status()["reloads"]["total"] == 0
